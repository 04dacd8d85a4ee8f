package pysmurf.controller.fleet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import pysmurf.controller.fleet.Directory.Kind;
import pysmurf.controller.fleet.Member.Phase;
import pysmurf.controller.fleet.Member.Result;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.OperationFailure;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.Stage;

/**
 * Decides whose turn it is, and what became of each member: of what was heard and of what time it is. Every command has an id that its
 * member knows it by, so to send one again asks what came of it and starts nothing twice. Used by one thread at a time.
 */
final class Turns {

    /** A command that is not answered goes out again, and is lost after so many times. */
    static final long ANSWER_MS = 3_000;

    static final int MAX_SENT = 3;
    /** After that a member is given up, and its commands have expired. */
    static final long GIVE_UP_MS = MAX_SENT * ANSWER_MS;
    /** The clocks of two hosts differ by 2 s at most, and an answer takes its time. */
    static final long LATE_MS = 3_000;
    /** How long it is tried to send a command, while there is no connection. */
    static final long MAX_UNSENT_MS = 60_000;

    private static final long SEND_AGAIN_MS = 1_000;
    /** A member is tried again when it is free or back, or after this time. */
    static final long RETRY_MS = 30_000;
    /** How long one that goes offline while it runs may take to come back, with its script adopted. */
    static final long RETURN_MS = 60_000;
    /** How long an abort may take: a crate is made safe after it. */
    static final long END_MS = 300_000;
    /** After a hint that a session may be over: what it tells itself comes first. */
    private static final long HINT_MS = 1_000;

    private static final long MIN_BETWEEN_HINTS_MS = 15_000;
    /** A member that tells nothing for so long is asked. */
    static final long SILENCE_MS = 120_000;
    /** One that does not answer is asked again, and is gone after {@link #MAX_SENT} times. */
    static final long ASK_AGAIN_MS = 10_000;

    private static final String ABORT = "abort";
    /** No controller has it. */
    private static final int NO_SESSION = Integer.MAX_VALUE;

    private static final String NOT_WAITED_FOR = "its end was not waited for";
    /** Ends the detail of a stage whose member waits to be tried again. */
    static final String TRIED_AGAIN = "; is tried again";
    /** In the numbers of such a stage: what the last attempt came to. */
    static final String LAST = "last";

    private static final int MAX_DETAIL = 200;

    /** What a controller says of each session; the reason is before it. */
    private static final List<String> SAID_ALWAYS =
            List.of("Status is now", "Script has finished", "The script left", "Sent SIG");

    private static final String UNKNOWN_SESSION = "unknown_session";
    /** These say nothing of a session that is known. */
    private static final List<String> PASSING = List.of("stopping", "unavailable", "expired", UNKNOWN_SESSION);

    private final FleetParams params;
    private final String prefix;
    private final List<Member> members;
    private final Function<String, Optional<JsonNode>> statuses;
    private final Sessions sessions;
    private final LiveSession session;
    private final long start;
    private Long lastStart;
    private Long lastEnd;
    private boolean stopped;
    private boolean givenUp;
    private boolean forced;

    /**
     * @param prefix   what the id of each command begins with
     * @param members  in the order of their ranks
     * @param statuses what each controller last said of itself
     * @param session  has a stage for each member
     */
    Turns(
            FleetParams params,
            String prefix,
            List<Member> members,
            Function<String, Optional<JsonNode>> statuses,
            Sessions sessions,
            LiveSession session,
            long now) {
        this.params = params;
        this.prefix = prefix;
        this.members = members;
        this.statuses = statuses;
        this.sessions = sessions;
        this.session = session;
        start = now;
    }

    /** Goes on after a crash, from what the members' stages say. */
    void resume(long now) {
        for (int n = 0; n < members.size(); n++) {
            Member member = members.get(n);
            Stage stage = session.now().stages().get(n);
            if (member.is(Phase.WAITING) && member.last != null) {
                member.due = statuses.apply(member.id)
                                .filter(status -> isReady(member, status))
                                .isPresent()
                        ? now
                        : now + RETRY_MS;
            }
            if (member.works() || member.session != null) {
                // when the last attempt began is not known
                long started = member.attempts > 1 && !member.is(Phase.ENDED) ? now : past(stage.startTime(), now);
                lastStart = lastStart == null ? started : Math.max(lastStart, started);
            }
            if (member.is(Phase.ENDED) && member.session != null) {
                long ended = past(stage.endTime(), now);
                lastEnd = lastEnd == null ? ended : Math.max(lastEnd, ended);
            }
        }
        judge(now);
    }

    private long past(BigDecimal time, long now) {
        return now - sessions.now(session).subtract(time).movePointRight(3).longValue();
    }

    /** Whether there is a member that has not ended. */
    boolean isOpen() {
        return members.stream().anyMatch(member -> !member.is(Phase.ENDED));
    }

    /** No member is started any more, and what was started is ended. */
    void giveUp(long now) {
        stop(now);
        givenUp = true;
        for (Member member : members) {
            if (member.is(Phase.RUNNING) && member.ending == null) {
                end(member, Result.ABORTED, now);
            } else if (member.is(Phase.ASKED)) {
                // an answer may be on its way
                member.answerBy = now + SEND_AGAIN_MS;
            }
        }
    }

    /** What is aborted is to end at once. */
    private void force(long now) {
        forced = true;
        members.stream()
                .filter(member -> member.is(Phase.RUNNING) && member.ending != null)
                .forEach(member -> end(member, member.ending, now));
    }

    /** Nobody waits any longer for those that have not ended. */
    void leave(long now) {
        members.stream()
                .filter(member -> !member.is(Phase.ENDED))
                .forEach(member -> ended(member, Result.ABORTED, NOT_WAITED_FOR, now));
    }

    /**
     * @param complete whether all controllers have been heard that there are, so that one that was not is offline
     * @return         the next command to publish; null if there is none now
     */
    FleetCommand next(boolean complete, long now) {
        if (givenUp && !forced && session.isForced()) {
            force(now);
        }
        // an answer that comes earlier is not heard
        boolean hears = complete || now - start > MAX_UNSENT_MS;
        for (Member member : members) {
            FleetCommand command =
                    switch (member.phase) {
                        case RUNNING -> running(member, hears, now);
                        case ASKED -> hears ? asked(member, now) : null;
                        case WAITING, ENDED -> null;
                    };
            if (command != null) {
                return command;
            }
        }
        return hears ? started(now) : null;
    }

    private FleetCommand running(Member member, boolean hears, long now) {
        if (member.ending == null && now - member.acceptedAt >= params.timeoutMillis()) {
            end(member, Result.TIMED_OUT, now);
        }
        noteWhetherGone(member, isOnline(member), now);
        boolean silent = member.asks >= MAX_SENT && now - member.silentSince >= RETURN_MS;
        if (silent || member.goneSince != null && now - member.goneSince >= RETURN_MS) {
            String how = member.goneSince == null ? "does not answer any more" : "went offline";
            again(member, Result.OFFLINE, how + " during its session " + member.session, now);
            return null;
        }
        if (member.ending != null) {
            if (now >= member.endBy) {
                ended(
                        member,
                        member.ending,
                        forced
                                ? NOT_WAITED_FOR
                                : "its session " + member.session + " goes on: it has not ended "
                                        + Duration.ofMillis(END_MS).toSeconds() + " s after the abort",
                        now);
                return null;
            }
            if (!member.endingTaken && now >= member.sendEndingAt) {
                member.sendEndingAt = now + ANSWER_MS;
                ObjectNode abort = Json.object().put("session_id", member.session);
                return command(member, ABORT, forced ? abort.put("force", true) : abort, ending());
            }
        }
        if (hears && member.goneSince == null && now >= member.askAgainAt) {
            member.silentSince = member.asks == 0 ? now : member.silentSince;
            member.asks++;
            member.askAgainAt = now + ASK_AGAIN_MS;
            member.lastAsked = now;
            return command(member, GIVE_UP_MS);
        }
        return null;
    }

    private String ending() {
        return forced ? "-force" : "-abort";
    }

    private FleetCommand asked(Member member, long now) {
        if (now < member.answerBy) {
            return null;
        }
        if (givenUp) {
            return sought(member, now);
        }
        boolean unsent = member.sent == 0 && now - member.askedAt < MAX_UNSENT_MS;
        // to ask again is to start it, where the first command was lost
        if (member.refusal == null && (unsent || member.sent > 0 && member.sent < MAX_SENT)) {
            long lifetime = GIVE_UP_MS - member.sent * ANSWER_MS;
            member.sent++;
            member.answerBy = now + ANSWER_MS;
            member.expires = Math.max(member.expires, now + lifetime);
            return command(member, lifetime);
        }
        if (isExpired(member, now)) {
            unanswered(member, now);
        }
        return null;
    }

    /** From then on no command that it was sent starts anything. */
    private static boolean isExpired(Member member, long now) {
        return now >= member.expires + LATE_MS;
    }

    /**
     * Looks for the session of one that must not be started any more: an abort with the id of its command aborts nothing, and is told
     * which session that command opened.
     */
    private FleetCommand sought(Member member, long now) {
        boolean expired = isExpired(member, now);
        if (expired && (member.sought || !isOnline(member))) {
            unanswered(member, now);
            return null;
        }
        member.sought = expired;
        member.answerBy = now + ANSWER_MS;
        return command(member, ABORT, Json.object().put("session_id", NO_SESSION), "");
    }

    private void unanswered(Member member, long now) {
        if (member.refusal != null) {
            refused(member, now);
        } else if (member.sent == 0) {
            again(member, Result.OFFLINE, "the broker cannot be reached", now);
        } else {
            again(member, Result.OFFLINE, member.why == null ? "does not answer" : member.why, now);
        }
    }

    private void refused(Member member, long now) {
        if (member.refusal.equals("busy")) {
            again(member, Result.REFUSED, member.why, now);
        } else {
            ended(member, Result.REFUSED, member.why, now);
        }
    }

    private FleetCommand started(long now) {
        for (Member member : members) {
            if (!mayStart(now)) {
                return null;
            }
            if (member.is(Phase.WAITING) && now >= member.due) {
                member.attempts++;
                if (isOnline(member)) {
                    lastStart = now;
                    member.phase = Phase.ASKED;
                    member.askedAt = now;
                    member.sent = 1;
                    member.answerBy = now + ANSWER_MS;
                    member.expires = now + GIVE_UP_MS;
                    member.answers = 0;
                    member.refusal = null;
                    member.why = null;
                    show(member, null);
                    return command(member, GIVE_UP_MS);
                }
                member.skipped = params.skipsOffline() && member.attempts > params.retries();
                again(member, Result.OFFLINE, "offline", now);
            }
        }
        return null;
    }

    private boolean mayStart(long now) {
        return !stopped
                && members.stream().filter(Member::works).count() < params.concurrency()
                && (lastStart == null || now - lastStart >= params.staggerMillis())
                && (lastEnd == null || now - lastEnd >= params.settleMillis());
    }

    private boolean isOnline(Member member) {
        return statuses.apply(member.id)
                .map(status -> status.path("online").asBoolean())
                .orElse(false);
    }

    /** @param lifetime milliseconds after which it starts nothing any more */
    private FleetCommand command(Member member, long lifetime) {
        ObjectNode content = member.params.deepCopy();
        content.put("expires_at", Json.seconds(Instant.now().plusMillis(lifetime)));
        return command(member, params.operation(), content, "");
    }

    private FleetCommand command(Member member, String operation, ObjectNode content, String suffix) {
        content.put("command_id", prefix + member.id + suffix);
        return new FleetCommand(member.id, operation, Json.text(content));
    }

    /** The last command could not be sent. */
    void notSent(FleetCommand command, long now) {
        members.stream().filter(member -> member.id.equals(command.member())).forEach(member -> {
            if (member.is(Phase.ASKED)) {
                member.sent -= givenUp || member.sent == 0 ? 0 : 1;
                member.answerBy = now + SEND_AGAIN_MS;
            } else if (member.is(Phase.RUNNING)) {
                // it is not its fault
                member.asks = 0;
                member.askAgainAt = Math.min(member.askAgainAt, now + SEND_AGAIN_MS);
                member.sendEndingAt = now + SEND_AGAIN_MS;
            }
        });
    }

    /** Whether it matters here. May be asked on any thread. */
    boolean isOfFleet(Kind kind, JsonNode payload) {
        return kind == Kind.STATUS
                || payload.path("command_id").asText().startsWith(prefix)
                // one that joins another's answers with that one's session
                || params.operation().equals(ABORT);
    }

    void heard(String controller, Kind kind, JsonNode payload, long now) {
        members.stream().filter(member -> member.id.equals(controller)).forEach(member -> {
            switch (kind) {
                case STATUS -> statusHeard(member, payload, now);
                case SESSION -> {
                    boolean own = payload.path("command_id").asText().equals(prefix + member.id)
                            || member.session != null
                                    && payload.path("session_id").asInt(-1) == member.session;
                    if (own) {
                        attach(member, payload, now);
                    }
                }
                case REPLY -> {
                    String id = payload.path("command_id").asText();
                    if (id.equals(prefix + member.id)) {
                        answered(member, payload, now);
                    } else if (id.equals(prefix + member.id + ending())) {
                        endingAnswered(member, payload, now);
                    }
                }
            }
        });
    }

    private void statusHeard(Member member, JsonNode status, long now) {
        boolean online = status.path("online").asBoolean();
        if (member.is(Phase.WAITING) && member.last != null && isReady(member, status)) {
            member.due = Math.min(member.due, now);
        }
        if (!member.is(Phase.RUNNING)) {
            return;
        }
        if (noteWhetherGone(member, online, now)) {
            return;
        }
        if (status.path("session_id").asInt(-1) == member.session) {
            // an old status, which the broker tells again, is no answer
            member.askAgainAt = member.asks == 0 ? now + SILENCE_MS : member.askAgainAt;
        } else {
            // its end may have been missed, or it takes no lock
            long hint = Math.max(now + HINT_MS, member.lastAsked + MIN_BETWEEN_HINTS_MS);
            member.askAgainAt = Math.min(member.askAgainAt, hint);
        }
    }

    /** Whether one that waits to be tried again can be. */
    private static boolean isReady(Member member, JsonNode status) {
        return status.path("online").asBoolean()
                && (member.last == Result.OFFLINE || !status.path("busy").asBoolean());
    }

    /** @return whether it is gone, or was until now */
    private static boolean noteWhetherGone(Member member, boolean online, long now) {
        if (!online) {
            member.goneSince = member.goneSince == null ? Long.valueOf(now) : member.goneSince;
            return true;
        }
        boolean back = member.goneSince != null;
        if (back) {
            member.goneSince = null;
            member.endingTaken = false;
            member.asks = 0;
            member.askAgainAt = now;
        }
        return back;
    }

    private void answered(Member member, JsonNode reply, long now) {
        String reason = reply.path("reason").asText("");
        // another command has the id if this one was to look for its session
        boolean known = reply.path("accepted").asBoolean()
                || List.of("duplicate", "conflict").contains(reason);
        String said = reason + ": " + reply.path("detail").asText();
        if (known && reply.path("session").isObject()) {
            attach(member, reply.path("session"), now);
        } else if (member.is(Phase.ASKED)) {
            refused(member, reason, said, now);
        } else if (member.is(Phase.RUNNING) && PASSING.contains(reason)) {
            member.asks = 0;
            member.askAgainAt = now + SILENCE_MS;
        } else if (member.is(Phase.RUNNING)) {
            ended(member, Result.FAILED, "it does not know its session " + member.session + " any more; " + said, now);
        }
    }

    private void refused(Member member, String reason, String said, long now) {
        if (givenUp && reason.equals(UNKNOWN_SESSION)) {
            if (isExpired(member, now)) {
                boolean refused = member.refusal != null;
                String why = refused ? member.why : "was not started";
                ended(member, refused ? Result.REFUSED : Result.NOT_RUN, why, now);
            }
            return;
        }
        member.why = said;
        if (!reason.equals("expired")) {
            member.refusal = reason;
            member.answers++;
            // another may still be on its way
            if (member.answers >= member.sent) {
                refused(member, now);
            }
        }
    }

    private void endingAnswered(Member member, JsonNode reply, long now) {
        String reason = reply.path("reason").asText("");
        member.asks = 0;
        if (reply.path("accepted").asBoolean() || reason.equals("duplicate")) {
            member.endingTaken = true;
            member.endBy = forced ? Math.min(member.endBy, now + ANSWER_MS) : member.endBy;
        } else if (reason.equals("nothing_to_abort")) {
            // it is over, and told so while nobody heard it
            member.askAgainAt = Math.min(member.askAgainAt, now + HINT_MS);
            member.endingTaken = true;
        }
    }

    /** A member tells of the session that its command has opened, now or before. */
    private void attach(Member member, JsonNode told, long now) {
        boolean late = member.is(Phase.ENDED) && member.session == null;
        if (member.is(Phase.ENDED) && !late) {
            return;
        }
        int id = told.path("session_id").asInt();
        member.goneSince = null;
        member.asks = 0;
        member.askAgainAt = now + SILENCE_MS;
        if (!member.is(Phase.RUNNING) || member.session == null || member.session != id) {
            member.acceptedAt = member.session == null ? now : member.acceptedAt;
            member.session = id;
            member.phase = Phase.RUNNING;
            member.result = null;
            member.skipped = false;
            if (late) {
                keepLists();
            }
            show(member, null);
            if (givenUp && member.ending == null) {
                end(member, Result.ABORTED, now);
            }
        }
        if (told.path("status").asText().equals("done")) {
            ended(member, result(member, told.path("outcome").asText()), why(told), tookSeconds(told), now);
        }
    }

    private static Result result(Member member, String outcome) {
        return switch (outcome) {
            case "succeeded" -> Result.SUCCEEDED;
            case "partial" -> Result.PARTIAL;
            case "aborted" -> member.ending == null ? Result.ABORTED : member.ending;
            case "timed_out" -> Result.TIMED_OUT;
            default -> Result.FAILED;
        };
    }

    /** Null for a session that has succeeded. */
    private static String why(JsonNode told) {
        if (told.path("outcome").asText().equals("succeeded")) {
            return null;
        }
        for (String status : List.of("failed", "warned")) {
            for (JsonNode stage : told.path("stages")) {
                if (stage.path("status").asText().equals(status)
                        && stage.path("detail").isTextual()) {
                    return stage.path("name").asText() + ": "
                            + stage.path("detail").asText();
                }
            }
        }
        String last = null;
        String lastOfItsOwn = null;
        for (JsonNode message : told.path("messages")) {
            String text = message.path(1).asText();
            last = text.startsWith("Status is now") ? last : text;
            lastOfItsOwn = SAID_ALWAYS.stream().anyMatch(text::startsWith) ? lastOfItsOwn : text;
        }
        return lastOfItsOwn == null ? last : lastOfItsOwn;
    }

    private static Double tookSeconds(JsonNode told) {
        return told.path("end_time").asDouble() - told.path("start_time").asDouble();
    }

    /** From now on the session of a member is aborted, until that is done. */
    private void end(Member member, Result as, long now) {
        member.ending = as;
        member.endingTaken = false;
        member.sendEndingAt = now;
        member.endBy = now + (forced ? GIVE_UP_MS : END_MS);
        member.askAgainAt = Math.min(member.askAgainAt, now + ASK_AGAIN_MS);
        show(member, as == Result.TIMED_OUT ? "took too long; is aborted" : "is aborted");
    }

    /** Has a member try again later, if it may; else it has ended. */
    private void again(Member member, Result as, String why, long now) {
        member.last = as;
        member.why = why;
        if (member.attempts > params.retries() || stopped || member.ending != null) {
            ended(member, as, why, now);
            return;
        }
        member.phase = Phase.WAITING;
        member.goneSince = null;
        member.due = now + RETRY_MS;
        show(member, why + TRIED_AGAIN);
    }

    private void ended(Member member, Result as, String why, long now) {
        ended(member, as, why, null, now);
    }

    private void ended(Member member, Result as, String why, Double tookSeconds, long now) {
        member.phase = Phase.ENDED;
        member.result = as;
        lastEnd = member.session == null ? lastEnd : Long.valueOf(now);
        // before the stage, which is written at once, and this with it
        keepLists();
        if (as != Result.NOT_RUN || member.attempts > 0) {
            show(member, member.skipped ? Stage.State.SKIPPED : as.stage(), tookSeconds, why);
        }
        judge(now);
    }

    private void show(Member member, String why) {
        show(member, Stage.State.RUNNING, null, why);
    }

    /** How a member stands goes into its stage, and with it into the database. */
    private void show(Member member, Stage.State state, Double tookSeconds, String why) {
        ObjectNode numbers = Json.object()
                .put("session_id", member.session)
                .put("took_s", tookSeconds == null ? null : Double.valueOf(Math.round(tookSeconds * 1000) / 1000.0))
                .put("attempts", member.attempts);
        if (member.is(Phase.WAITING)) {
            numbers.put(LAST, member.last.word());
        }
        String detail = why == null || why.length() <= MAX_DETAIL ? why : why.substring(0, MAX_DETAIL) + "…";
        BigDecimal time = sessions.now(session);
        sessions.update(
                session,
                now -> now.withStage(
                        member.id,
                        stage -> new Stage(
                                member.id,
                                state,
                                stage.startTime() == null ? time : stage.startTime(),
                                state == Stage.State.RUNNING ? null : time,
                                numbers,
                                detail)));
    }

    private void keepLists() {
        sessions.mergeData(session, Json.object().set("fleet", lists()));
    }

    private ObjectNode lists() {
        Map<Result, List<String>> lists = new EnumMap<>(Result.class);
        for (Result result : Result.values()) {
            lists.put(
                    result,
                    members.stream()
                            .filter(member -> member.result == result)
                            .map(member -> member.id)
                            .toList());
        }
        return Json.tree(lists);
    }

    /** Once too few can succeed, no more are started. */
    private void judge(long now) {
        if (stopped || !params.stopsOnFailure() || canSucceed() >= params.needed(counted())) {
            return;
        }
        if (params.abortsOnFailure()) {
            giveUp(now);
        } else {
            stop(now);
        }
    }

    private int counted() {
        return (int) members.stream().filter(member -> !member.skipped).count();
    }

    private long canSucceed() {
        return members.stream()
                .filter(member -> !member.is(Phase.ENDED) || member.result == Result.SUCCEEDED)
                .count();
    }

    private void stop(long now) {
        stopped = true;
        for (Member member : members) {
            if (member.is(Phase.WAITING)) {
                ended(member, member.last == null ? Result.NOT_RUN : member.last, member.why, now);
            }
        }
    }

    /** @throws OperationFailure unless all have succeeded that count */
    void conclude() {
        List<Member> failed = members.stream()
                .filter(member -> !member.skipped && member.result != Result.SUCCEEDED)
                .toList();
        int all = counted();
        if (failed.isEmpty() && (all > 0 || members.isEmpty())) {
            return;
        }
        List<String> words = new ArrayList<>();
        for (Result result : Result.values()) {
            String ids = failed.stream()
                    .filter(member -> member.result == result)
                    .map(member -> member.id)
                    .collect(Collectors.joining(", "));
            if (!ids.isEmpty()) {
                words.add(result.word().replace('_', ' ') + ": " + ids);
            }
        }
        throw new OperationFailure(
                failed.size() == all ? Outcome.FAILED : Outcome.PARTIAL,
                all == 0
                        ? "No member is online"
                        : all - failed.size() + " of " + all + " succeeded; " + String.join("; ", words));
    }
}
