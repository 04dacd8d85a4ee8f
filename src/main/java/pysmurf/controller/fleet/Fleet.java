package pysmurf.controller.fleet;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.fleet.Member.Phase;
import pysmurf.controller.fleet.Member.Result;
import pysmurf.controller.pipeline.Summary;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.OperationFailure;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.Stage;

/** The operation {@code fleet}: one operation on many controllers, each of them a stage of the session. */
public final class Fleet {

    /** The name of the operation, which is none for its members. */
    public static final String NAME = "fleet";

    private static final Logger LOG = LoggerFactory.getLogger(Fleet.class);

    /** In the session's data: by this, after a crash, each member knows the command again. */
    private static final String UUID_KEY = Summary.FLEET;

    private static final long MAX_WAIT_MS = 10_000;
    private static final long LOOK_EVERY_MS = 50;

    private final String ownId;
    private final Directory directory;
    private final Sessions sessions;
    private final Supplier<Map<String, List<String>>> groups;

    /**
     * @param ownId  of the controller that this is an operation of
     * @param groups names for several controllers, as they are now
     */
    public Fleet(String ownId, Directory directory, Sessions sessions, Supplier<Map<String, List<String>>> groups) {
        this.ownId = ownId;
        this.directory = directory;
        this.sessions = sessions;
        this.groups = groups;
    }

    /**
     * Works out who the members are; or, after a crash, how far they were.
     *
     * @throws OperationFailure if there are none, or the parameters do not fit them
     */
    public FleetRun begin(@ExchangeProperty("session") LiveSession session) throws InterruptedException {
        FleetParams params = new FleetParams(session.params());
        long now = FleetRun.now();
        List<Member> members;
        boolean resumed = session.now().data().has(UUID_KEY);
        if (resumed) {
            members = session.now().stages().stream()
                    .map(stage -> resumed(session, stage, params, now))
                    .toList();
        } else {
            Set<String> ids = members(params);
            check(params, ids);
            checkThatNoneEnds(session, params, ids);
            members = ids.stream().map(id -> new Member(id, params.of(id))).toList();
            sessions.mergeData(
                    session, Json.object().put(UUID_KEY, UUID.randomUUID().toString()));
            // is written at once, and the data with it
            sessions.planStages(session, List.copyOf(ids), id -> false);
        }
        String prefix = "fleet-" + session.now().data().path(UUID_KEY).asText() + "-";
        Turns turns = new Turns(params, prefix, members, directory::status, sessions, session, now);
        if (resumed) {
            turns.resume(now);
        }
        Set<String> ids = new LinkedHashSet<>();
        members.forEach(member -> ids.add(member.id));
        FleetRun run = new FleetRun(turns, ids, directory::isComplete, session::isForced);
        Directory.Ear ear = run::heard;
        directory.add(ear);
        session.ended().thenRun(() -> directory.remove(ear));
        if (session.now().abort() != null) {
            // it was being aborted when the controller died
            run.giveUp(null);
        }
        return run;
    }

    private Set<String> members(FleetParams params) throws InterruptedException {
        for (long start = FleetRun.now(); !directory.isComplete(); Thread.sleep(LOOK_EVERY_MS)) {
            if (FleetRun.now() - start > MAX_WAIT_MS) {
                throw failure("No controller is heard at the MQTT broker; see health");
            }
        }
        JsonNode json = params.json();
        Members names = new Members(directory.known(), groups.get());
        names.ambiguous().ifPresent(name -> {
            throw failure("config/fleet.yaml: " + name + " is a controller, and cannot be a group");
        });
        Set<String> named = names.of(json.path("members"));
        Set<String> ids = named;
        if (json.path("failed_of").isNumber()) {
            Collection<String> failed = failedOf(json.path("failed_of").intValue());
            ids = new LinkedHashSet<>(failed);
            // those that are gone from the broker by now are still to be done
            if (!json.path("members").equals(Json.tree("*"))) {
                ids.retainAll(named);
            }
            if (failed.isEmpty()) {
                return Set.of();
            }
        }
        ids.removeAll(names.of(json.path("exclude")));
        if (ids.isEmpty()) {
            throw failure("There is no such member; at the broker are " + String.join(", ", directory.known()));
        }
        return ids;
    }

    private List<String> failedOf(int id) {
        LiveSession earlier = sessions.find(id)
                .filter(session -> session.opName().equals(NAME) && session.isDone())
                .orElseThrow(() -> failure("failed_of: session " + id + " is no fleet session that is done"));
        List<String> succeeded = new ArrayList<>();
        earlier.now().data().at("/fleet/succeeded").forEach(member -> succeeded.add(member.asText()));
        return earlier.now().stages().stream()
                .map(Stage::name)
                .filter(name -> !succeeded.contains(name))
                .toList();
    }

    private static void check(FleetParams params, Set<String> ids) {
        if (params.operation().equals(NAME)) {
            throw failure("op: a fleet commands no fleets");
        }
        params.json().path("member_params").fieldNames().forEachRemaining(id -> {
            if (!ids.contains(id)) {
                throw failure("member_params: " + id + " is no member; there are " + String.join(", ", ids));
            }
        });
        if (params.needed(ids.size()) > ids.size()) {
            throw failure("at_least: there are only " + ids.size() + " members");
        }
    }

    /** An abort waits for the end of what it aborts, and this would wait for the abort's. */
    private void checkThatNoneEnds(LiveSession session, FleetParams params, Set<String> ids) {
        if (ids.contains(ownId)
                && params.operation().equals("abort")
                && params.of(ownId).path("session_id").asInt(-1) == session.id()) {
            throw failure("op: a fleet does not abort itself");
        }
    }

    private static OperationFailure failure(String why) {
        return new OperationFailure(Outcome.FAILED, why);
    }

    /** As a stage says that it was when the controller died. */
    Member resumed(LiveSession session, Stage stage, FleetParams params, long now) {
        Member member = new Member(stage.name(), params.of(stage.name()));
        JsonNode numbers = stage.numbers();
        member.attempts = numbers.path("attempts").asInt();
        member.session = numbers.path("session_id").isNumber()
                ? Integer.valueOf(numbers.path("session_id").intValue())
                : null;
        Optional<Result> listed = List.of(Result.values()).stream()
                .filter(result -> contains(session.now().data().path("fleet").path(result.word()), stage.name()))
                .findFirst();
        if (listed.isPresent()) {
            member.phase = Phase.ENDED;
            member.result = listed.get();
            member.skipped = stage.status() == Stage.State.SKIPPED;
        } else if (numbers.has(Turns.LAST)) {
            member.last = Result.of(numbers.path(Turns.LAST).asText());
            member.why = stage.detail().replace(Turns.TRIED_AGAIN, "");
        } else if (member.session != null) {
            member.phase = Phase.RUNNING;
            BigDecimal ran = sessions.now(session).subtract(stage.startTime());
            member.acceptedAt = now - TimeUnit.SECONDS.toMillis(ran.longValue());
            member.askAgainAt = now;
        } else if (stage.status() == Stage.State.RUNNING) {
            // it may have been started, or not
            member.phase = Phase.ASKED;
            member.sent = 1;
            member.askedAt = now;
            member.answerBy = now;
            member.sent = 1;
            member.expires = now + Turns.GIVE_UP_MS;
        }
        return member;
    }

    private static boolean contains(JsonNode list, String text) {
        for (JsonNode element : list) {
            if (element.asText().equals(text)) {
                return true;
            }
        }
        return false;
    }

    /** Waits until there is something to send, or all members have ended: then it is null. */
    public FleetCommand next(@ExchangeProperty(NAME) FleetRun run) throws InterruptedException {
        return run.next();
    }

    /** The command that was next has not reached the broker. */
    public void notSent(@ExchangeProperty(NAME) FleetRun run) {
        run.notSent();
    }

    /** Nobody is started any more, and what was started is aborted. */
    public void giveUp(
            @ExchangeProperty("session") LiveSession session,
            @ExchangeProperty(NAME) FleetRun run,
            @ExchangeProperty(Exchange.EXCEPTION_CAUGHT) Throwable fault) {
        boolean asked = session.now().abort() != null;
        if (!asked) {
            LOG.error("Session {} gives up its fleet", session.id(), fault);
        }
        run.giveUp(asked ? null : fault);
    }

    /** @throws OperationFailure unless all have succeeded */
    public void conclude(@ExchangeProperty(NAME) FleetRun run) {
        run.conclude();
    }
}
