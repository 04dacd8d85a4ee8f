package pysmurf.controller.fleet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import pysmurf.controller.access.Requester;
import pysmurf.controller.fleet.Directory.Kind;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.MemorySessionStore;
import pysmurf.controller.session.OperationFailure;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.Sessions;

/** Whose turn it is. The test is the clock, the broker and all members. */
class TurnsTest {

    private final Sessions sessions = new Sessions(
            new MemorySessionStore(), event -> {}, Clock.systemUTC(), 1024 * 1024, new SimpleMeterRegistry());
    private final LiveSession session = sessions.open(
                    new Session.Draft("fleet", Json.object(), null, Requester.of("http", "me"), false))
            .session();
    private final Map<String, JsonNode> statuses = new TreeMap<>();
    private long now = Long.MAX_VALUE / 2;
    private Turns turns;

    private static JsonNode json(String text) {
        try {
            return Json.read(text.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    private FleetParams given;

    private void fleet(String params, String... members) {
        ObjectNode all = (ObjectNode) json("{'op': 'run', 'params': {'script': 'a.py'}, 'at_least': 'all',"
                + " 'on_failure': 'continue', 'offline': 'fail', 'member_params': {}}");
        all.setAll((ObjectNode) json("{" + params + "}"));
        given = new FleetParams(all);
        Stream.of(members).forEach(this::online);
        sessions.planStages(session, List.of(members), member -> false);
        turns(Stream.of(members).map(id -> new Member(id, given.of(id))).toList());
    }

    /** Its controller has died, and is back after a while. */
    private void resumedAfter(long millis) {
        now += millis;
        Fleet fleet = new Fleet("own", null, sessions, Map::of);
        turns(session.now().stages().stream()
                .map(stage -> fleet.resumed(session, stage, given, now))
                .toList());
        turns.resume(now);
    }

    private void turns(List<Member> members) {
        turns = new Turns(
                given, "fleet-u-", members, id -> Optional.ofNullable(statuses.get(id)), sessions, session, now);
    }

    private void online(String member) {
        status(member, "{'online': true, 'busy': false, 'session_id': null}");
    }

    private void offline(String member) {
        status(member, "{'online': false, 'busy': false, 'session_id': null}");
    }

    private void status(String member, String status) {
        statuses.put(member, json(status));
        if (turns != null) {
            turns.heard(member, Kind.STATUS, json(status), now);
        }
    }

    /** What is to be published now, as "member operation". */
    private List<String> sent() {
        List<String> sent = new ArrayList<>();
        for (FleetCommand command = turns.next(true, now); command != null; command = turns.next(true, now)) {
            sent.add(command.member() + " " + command.operation());
        }
        return sent;
    }

    private void after(long millis) {
        now += millis;
    }

    private void reply(String member, String suffix, String rest) {
        turns.heard(member, Kind.REPLY, json("{'command_id': 'fleet-u-" + member + suffix + "', " + rest + "}"), now);
    }

    private void accepts(String member) {
        reply(member, "", "'accepted': true, 'reason': null, 'session': {'session_id': 7, 'status': 'running'}");
    }

    private void refuses(String member, String reason) {
        reply(member, "", "'accepted': false, 'reason': '" + reason + "', 'detail': 'why', 'session': null");
    }

    private void ends(String member, String outcome) {
        turns.heard(
                member,
                Kind.SESSION,
                json("{'session_id': 7, 'command_id': 'fleet-u-" + member + "', 'status': 'done', 'outcome': '"
                        + outcome
                        + "', 'start_time': 10.0, 'end_time': 12.5,"
                        + " 'messages': [[1, 'it broke'], [2, 'Status is now \\\"done\\\".']]}"),
                now);
    }

    private String list(String name) {
        return session.now().data().path("fleet").path(name).toString().replaceAll("[\\[\\]\"]", "");
    }

    private String stage(String member) {
        return session.now().stages().stream()
                .filter(stage -> stage.name().equals(member))
                .map(stage -> stage.status().word() + " " + stage.numbers() + " " + stage.detail())
                .findFirst()
                .orElseThrow();
    }

    private OperationFailure failure() {
        return catchThrowableOfType(OperationFailure.class, turns::conclude);
    }

    @Test
    void commandsAllInTheirOrderAndSucceedsWhenAllHave() {
        fleet("'member_params': {'b': {'script': 'b.py'}}", "b", "a");
        FleetCommand first = turns.next(true, now);
        assertThat(first.topic()).isEqualTo("pysmurf/b/command/run");
        assertThat(json(first.json()).path("command_id").asText()).isEqualTo("fleet-u-b");
        assertThat(json(first.json()).path("script").asText()).isEqualTo("b.py");
        assertThat(sent()).containsExactly("a run");
        assertThat(sent()).isEmpty();

        accepts("a");
        accepts("b");
        ends("a", "succeeded");
        assertThat(turns.isOpen()).isTrue();
        ends("b", "succeeded");

        assertThat(turns.isOpen()).isFalse();
        assertThat(stage("a")).isEqualTo("succeeded {\"session_id\":7,\"took_s\":2.5,\"attempts\":1} null");
        turns.conclude();
    }

    @Test
    void aCommandWithoutAnAnswerGoesOutAgainAndIsLostThen() {
        fleet("", "a", "b");
        assertThat(sent()).containsExactly("a run", "b run");
        accepts("b");
        ends("b", "succeeded");
        for (int again = 1; again < Turns.MAX_SENT; again++) {
            after(Turns.ANSWER_MS);
            assertThat(sent()).containsExactly("a run");
        }
        after(Turns.ANSWER_MS);
        assertThat(sent()).isEmpty();
        // a member whose clock is late may start it still
        after(Turns.LATE_MS - 1);
        assertThat(sent()).isEmpty();
        assertThat(turns.isOpen()).isTrue();
        after(1);
        assertThat(sent()).isEmpty();
        assertThat(list("offline")).isEqualTo("a");
        assertThat(failure().outcome()).isEqualTo(Outcome.PARTIAL);
        assertThat(failure()).hasMessage("1 of 2 succeeded; offline: a");
    }

    /** The answer was lost, and the session is over by now. */
    @Test
    void aRepeatedCommandAttachesToTheSessionThatTheFirstOneOpened() {
        fleet("", "a");
        sent();
        after(Turns.ANSWER_MS);
        sent();
        reply(
                "a",
                "",
                "'accepted': false, 'reason': 'duplicate', 'session': {'session_id': 7, 'status': 'done',"
                        + " 'outcome': 'partial', 'start_time': 1, 'end_time': 2}");
        assertThat(list("partial")).isEqualTo("a");
        assertThat(failure().outcome()).isEqualTo(Outcome.FAILED);
    }

    @Test
    void oneThatAnswersLateIsNotLost() {
        fleet("", "a", "b");
        sent();
        accepts("b");
        after(Turns.ANSWER_MS * (Turns.MAX_SENT + 1));
        while (list("offline").isEmpty()) {
            sent();
            after(Turns.ANSWER_MS);
        }
        assertThat(list("offline")).isEqualTo("a");
        accepts("a");
        ends("a", "succeeded");
        assertThat(list("offline")).isEmpty();
        assertThat(list("succeeded")).isEqualTo("a");
    }

    @Test
    void aCommandThatDoesNotReachTheBrokerIsTriedForAWhile() {
        fleet("", "a");
        FleetCommand command = turns.next(true, now);
        turns.notSent(command, now);
        assertThat(sent()).isEmpty();
        after(1000);
        assertThat(sent()).containsExactly("a run");
        turns.notSent(command, now);
        after(Turns.MAX_UNSENT_MS);
        assertThat(sent()).isEmpty();
        assertThat(stage("a")).contains("the broker cannot be reached");
    }

    @Test
    void keepsToConcurrencyStaggerAndSettle() {
        fleet("'concurrency': 2, 'stagger': 5, 'settle': 20", "a", "b", "c");
        assertThat(sent()).containsExactly("a run");
        accepts("a");
        after(4999);
        assertThat(sent()).isEmpty();
        after(1);
        assertThat(sent()).containsExactly("b run");
        accepts("b");
        after(60_000);
        assertThat(sent()).isEmpty();
        ends("a", "succeeded");
        after(19_999);
        assertThat(sent()).isEmpty();
        after(1);
        assertThat(sent()).containsExactly("c run");
    }

    @Test
    void triesABusyOneAgainWhenItIsFree() {
        fleet("'retries': 1", "a");
        sent();
        refuses("a", "busy");
        assertThat(sent()).isEmpty();
        status("a", "{'online': true, 'busy': true, 'session_id': 3}");
        assertThat(sent()).isEmpty();
        online("a");
        assertThat(sent()).containsExactly("a run");
        refuses("a", "busy");
        assertThat(list("refused")).isEqualTo("a");
        assertThat(stage("a")).contains("\"attempts\":2").contains("busy: why");
    }

    @Test
    void triesAnOfflineOneAgainAndNoOtherRefusal() {
        fleet("'retries': 1", "a", "b");
        offline("a");
        assertThat(sent()).containsExactly("b run");
        refuses("b", "invalid");
        assertThat(list("refused")).isEqualTo("b");
        online("a");
        assertThat(sent()).containsExactly("a run");
    }

    @Test
    void anOfflineOneDoesNotCountWhereItIsSkipped() {
        fleet("'offline': 'skip'", "a", "b");
        offline("a");
        sent();
        accepts("b");
        ends("b", "succeeded");
        assertThat(list("offline")).isEqualTo("a");
        assertThat(stage("a")).startsWith("skipped");
        turns.conclude();
    }

    @Test
    void nobodyOnlineIsNoSuccess() {
        fleet("'offline': 'skip'", "a");
        offline("a");
        sent();
        assertThat(failure()).hasMessage("No member is online");
    }

    @Test
    void startsNoMoreOnceTooFewCanSucceed() {
        fleet("'concurrency': 1, 'at_least': '50%'", "a", "b", "c", "d");
        for (String member : List.of("a", "b", "c")) {
            assertThat(sent()).containsExactly(member + " run");
            accepts(member);
            ends(member, "failed");
        }
        assertThat(sent()).isEmpty();
        assertThat(list("failed")).isEqualTo("a,b,c");
        assertThat(list("not_run")).isEqualTo("d");
        assertThat(stage("a")).endsWith("it broke");
        assertThat(stage("d")).isEqualTo("not_run {} null");
    }

    @Test
    void goesOnWithTheOthersByDefault() {
        fleet("'concurrency': 1", "a", "b");
        sent();
        accepts("a");
        ends("a", "failed");
        assertThat(sent()).containsExactly("b run");
    }

    @Test
    void abortsTheOthersWhereThatIsWanted() {
        fleet("'on_failure': 'abort', 'retries': 5, 'concurrency': 3", "a", "b", "c", "d");
        assertThat(sent()).containsExactly("a run", "b run", "c run");
        accepts("a");
        accepts("b");
        ends("a", "failed");
        assertThat(sent()).containsExactly("b abort");
        // was on its way
        accepts("c");
        assertThat(sent()).containsExactly("c abort");
        reply("b", "-abort", "'accepted': true, 'session': {'session_id': 8}");
        after(Turns.ANSWER_MS);
        assertThat(sent()).containsExactly("c abort");
        ends("b", "aborted");
        ends("c", "succeeded");
        assertThat(turns.isOpen()).isFalse();
        assertThat(list("aborted")).isEqualTo("b");
        assertThat(list("succeeded")).isEqualTo("c");
        assertThat(list("not_run")).isEqualTo("d");
    }

    @Test
    void abortsOneThatTakesTooLong() {
        fleet("'timeout': 30", "a", "b");
        sent();
        accepts("a");
        accepts("b");
        after(29_999);
        assertThat(sent()).isEmpty();
        ends("b", "aborted");
        after(1);
        assertThat(sent()).containsExactly("a abort");
        ends("a", "aborted");
        assertThat(list("timed_out")).isEqualTo("a");
        // by somebody else
        assertThat(list("aborted")).isEqualTo("b");
    }

    @Test
    void oneThatDoesNotEndIsNotWaitedForForever() {
        fleet("", "a");
        sent();
        accepts("a");
        turns.giveUp(now);
        assertThat(sent()).containsExactly("a abort");
        reply("a", "-abort", "'accepted': true, 'session': {'session_id': 8}");
        after(Turns.END_MS);
        while (!sent().isEmpty()) {
            after(1);
        }
        assertThat(turns.isOpen()).isFalse();
        assertThat(stage("a")).startsWith("aborted").contains("goes on");
    }

    @Test
    void startsNobodyAfterAnAbort() {
        fleet("'retries': 3, 'concurrency': 2", "a", "b", "c");
        sent();
        refuses("a", "busy");
        turns.notSent(new FleetCommand("b", "run", ""), now);
        sent();
        turns.giveUp(now);
        online("a");
        after(Turns.RETRY_MS);
        // looks whether they have begun
        assertThat(sent()).containsExactly("b abort", "c abort");
        after(Turns.ANSWER_MS);
        assertThat(sent()).isEmpty();
        assertThat(list("refused")).isEqualTo("a");
        assertThat(turns.isOpen()).isFalse();
    }

    @Test
    void waitsForOneThatGoesOfflineAndAsksWhenItIsBack() {
        fleet("", "a", "b");
        sent();
        accepts("a");
        accepts("b");
        offline("a");
        offline("b");
        after(Turns.RETURN_MS - 1);
        assertThat(sent()).isEmpty();
        online("a");
        assertThat(sent()).containsExactly("a run");
        after(1);
        assertThat(sent()).isEmpty();
        assertThat(list("offline")).isEqualTo("b");
        // adopted
        reply("a", "", "'accepted': false, 'reason': 'duplicate', 'session': {'session_id': 7, 'status': 'running'}");
        ends("a", "succeeded");
        assertThat(list("succeeded")).isEqualTo("a");
    }

    @Test
    void asksNobodyAsLongAsNoAnswerWouldBeHeard() {
        fleet("", "a");
        assertThat(turns.next(false, now)).isNull();
        assertThat(sent()).containsExactly("a run");
        after(Turns.ANSWER_MS);
        assertThat(turns.next(false, now)).isNull();
        assertThat(sent()).containsExactly("a run");
    }

    /** Its status was heard before this began, as after a crash. */
    @Test
    void doesNotWaitForOneThatIsGoneAlready() {
        fleet("", "a");
        sent();
        accepts("a");
        statuses.put("a", json("{'online': false}"));
        assertThat(sent()).isEmpty();
        after(Turns.RETURN_MS);
        assertThat(sent()).isEmpty();
        assertThat(list("offline")).isEqualTo("a");
    }

    /** What it told was not heard, as while a broker is away. */
    @Test
    void asksOneWhoseStatusNoLongerShowsItsSession() {
        fleet("", "a");
        sent();
        accepts("a");
        status("a", "{'online': true, 'busy': true, 'session_id': 7}");
        after(60_000);
        assertThat(sent()).isEmpty();
        online("a");
        assertThat(sent()).isEmpty();
        after(1000);
        assertThat(sent()).containsExactly("a run");
    }

    @Test
    void passesOverWhatConcernsOthers() {
        fleet("", "a");
        sent();
        turns.heard("b", Kind.REPLY, json("{'command_id': 'fleet-u-a', 'accepted': true, 'session': {}}"), now);
        turns.heard("a", Kind.SESSION, json("{'session_id': 7, 'command_id': null, 'status': 'done'}"), now);
        turns.heard("a", Kind.REPLY, json("{'command_id': 'mine', 'accepted': false, 'reason': 'busy'}"), now);
        assertThat(turns.isOpen()).isTrue();
        accepts("a");
        ends("a", "succeeded");
        assertThat(list("succeeded")).isEqualTo("a");
    }

    private double expiresIn(FleetCommand command) {
        return json(command.json()).path("expires_at").asDouble() - System.currentTimeMillis() / 1000.0;
    }

    /** Until the given-up ones have ended; what was sent meanwhile. */
    private List<String> sentUntilTheEnd() {
        List<String> all = new ArrayList<>();
        for (long end = now + 60_000; turns.isOpen() && now < end; after(1000)) {
            all.addAll(sent());
        }
        assertThat(turns.isOpen()).isFalse();
        return all;
    }

    @Test
    void aCommandExpiresWhenItsMemberIsGivenUp() {
        fleet("", "a");
        assertThat(expiresIn(turns.next(true, now))).isBetween(8.0, 9.1);
        after(Turns.ANSWER_MS);
        assertThat(expiresIn(turns.next(true, now))).isBetween(5.0, 6.1);
        after(Turns.ANSWER_MS);
        assertThat(expiresIn(turns.next(true, now))).isBetween(2.0, 3.1);
    }

    @Test
    void anAbortIsNotOverWhileACommandMayStillStartSomething() {
        fleet("", "a", "b", "c");
        sent();
        turns.giveUp(now);
        after(1000);
        FleetCommand looks = turns.next(true, now);
        assertThat(looks.topic()).isEqualTo("pysmurf/a/command/abort");
        // of no session that there is
        assertThat(json(looks.json()).path("session_id").asInt()).isEqualTo(Integer.MAX_VALUE);
        assertThat(json(looks.json()).path("command_id").asText()).isEqualTo("fleet-u-a");
        assertThat(sent()).containsExactly("b abort", "c abort");
        // not yet
        refuses("a", "unknown_session");
        reply("b", "", "'accepted': false, 'reason': 'conflict', 'session': {'session_id': 7, 'status': 'running'}");
        assertThat(sent()).containsExactly("b abort");
        ends("b", "aborted");
        after(Turns.GIVE_UP_MS + Turns.LATE_MS - 1001);
        assertThat(sent()).containsExactly("a abort", "c abort");
        assertThat(turns.isOpen()).isTrue();
        after(Turns.ANSWER_MS);
        assertThat(sent()).containsExactly("a abort", "c abort");
        refuses("a", "unknown_session");
        after(Turns.ANSWER_MS);
        assertThat(sent()).isEmpty();
        assertThat(turns.isOpen()).isFalse();
        assertThat(list("aborted")).isEqualTo("b");
        assertThat(list("not_run")).isEqualTo("a");
        assertThat(list("offline")).isEqualTo("c");
        assertThat(stage("c")).contains("does not answer");
    }

    /** Of two commands the first is refused, and the other accepted. */
    @Test
    void aRefusalIsNotTheEndWhileAnotherCommandIsOnItsWay() {
        fleet("", "a", "b");
        sent();
        after(Turns.ANSWER_MS);
        sent();
        refuses("a", "busy");
        refuses("b", "unavailable");
        assertThat(list("refused")).isEmpty();
        accepts("a");
        after(Turns.GIVE_UP_MS + Turns.LATE_MS);
        assertThat(sent()).isEmpty();
        assertThat(list("refused")).isEqualTo("b");
        ends("a", "succeeded");
        assertThat(list("succeeded")).isEqualTo("a");
    }

    @Test
    void saysThatItsCommandExpiredWhereTheClocksDiffer() {
        fleet("", "a");
        sent();
        refuses("a", "expired");
        assertThat(turns.isOpen()).isTrue();
        sentUntilTheEnd();
        assertThat(stage("a")).endsWith("expired: why");
        assertThat(list("offline")).isEqualTo("a");
    }

    @Test
    void looksForWhatItMayHaveStartedBeforeItDied() {
        fleet("", "a", "b");
        sent();
        resumedAfter(1000);
        turns.giveUp(now);
        after(1000);
        assertThat(sent()).containsExactly("a abort", "b abort");
        reply("a", "", "'accepted': false, 'reason': 'conflict', 'session': {'session_id': 7, 'status': 'running'}");
        assertThat(sent()).containsExactly("a abort");
        ends("a", "aborted");
        assertThat(sentUntilTheEnd()).containsOnly("b abort");
        assertThat(list("aborted")).isEqualTo("a");
        assertThat(list("offline")).isEqualTo("b");
    }

    @Test
    void asksAgainAfterItDied() {
        fleet("", "a");
        sent();
        resumedAfter(1000);
        assertThat(sent()).containsExactly("a run");
        accepts("a");
        ends("a", "succeeded");
        assertThat(stage("a")).contains("\"attempts\":1");
    }

    @Test
    void oneThatWaitsToBeTriedAgainStillDoesAfterACrash() {
        fleet("'retries': 3, 'concurrency': 1", "a", "b", "c");
        sent();
        refuses("a", "busy");
        status("a", "{'online': true, 'busy': true, 'session_id': 3}");
        assertThat(stage("a")).contains("busy: why; is tried again");
        assertThat(sent()).containsExactly("b run");
        accepts("b");

        resumedAfter(1000);
        assertThat(sent()).containsExactly("b run");
        online("a");
        assertThat(sent()).isEmpty();
        turns.giveUp(now);
        assertThat(list("refused")).isEqualTo("a");
        assertThat(stage("a")).endsWith("busy: why");
        assertThat(list("not_run")).isEqualTo("c");
    }

    @Test
    void keepsToStaggerAfterACrash() {
        fleet("'stagger': 60", "a", "b");
        sent();
        accepts("a");
        resumedAfter(0);
        assertThat(sent()).containsExactly("a run");
        after(55_000);
        assertThat(sent()).doesNotContain("b run");
        after(5_000);
        assertThat(sent()).contains("b run");
    }

    @Test
    void keepsToSettleAfterACrash() {
        fleet("'settle': 60, 'concurrency': 1", "a", "b");
        sent();
        accepts("a");
        ends("a", "succeeded");
        resumedAfter(0);
        after(55_000);
        assertThat(sent()).isEmpty();
        after(5_000);
        assertThat(sent()).containsExactly("b run");
    }

    @Test
    void goesOnAbortingTheOthersAfterACrash() {
        fleet("'on_failure': 'abort', 'concurrency': 2", "a", "b", "c");
        sent();
        accepts("a");
        accepts("b");
        ends("a", "failed");
        resumedAfter(1000);
        assertThat(list("not_run")).isEqualTo("c");
        assertThat(sent()).contains("b abort").doesNotContain("c run");
        ends("b", "aborted");
        assertThat(list("aborted")).isEqualTo("b");
    }

    /** Its host and the broker died together, so that nobody told of it. */
    @Test
    void oneThatDoesNotAnswerAnyMoreIsGone() {
        fleet("", "a");
        sent();
        accepts("a");
        after(Turns.SILENCE_MS);
        for (int asked = 0; asked < Turns.MAX_SENT; asked++) {
            assertThat(sent()).containsExactly("a run");
            after(Turns.ASK_AGAIN_MS);
        }
        assertThat(sent()).containsExactly("a run");
        after(Turns.RETURN_MS - Turns.MAX_SENT * Turns.ASK_AGAIN_MS - 1);
        sent();
        assertThat(turns.isOpen()).isTrue();
        after(1);
        sent();
        assertThat(list("offline")).isEqualTo("a");
        assertThat(stage("a")).endsWith("does not answer any more during its session 7");
    }

    @Test
    void oneThatAnswersIsNotGone() {
        fleet("", "a");
        sent();
        accepts("a");
        for (int minutes = 0; minutes < 10; minutes++) {
            after(60_000);
            if (sent().contains("a run")) {
                accepts("a");
            }
        }
        assertThat(turns.isOpen()).isTrue();
    }

    @Test
    void aForcedAbortForcesTheMembersAndDoesNotWaitForTheirEnd() {
        fleet("", "a", "b", "c");
        sent();
        accepts("a");
        accepts("b");
        accepts("c");
        turns.giveUp(now);
        assertThat(sent()).containsExactly("a abort", "b abort", "c abort");
        reply("a", "-abort", "'accepted': true, 'session': {'session_id': 8}");
        session.force();
        FleetCommand forced = turns.next(true, now);
        assertThat(forced.member()).isEqualTo("a");
        assertThat(json(forced.json()).path("force").asBoolean()).isTrue();
        assertThat(json(forced.json()).path("command_id").asText()).isEqualTo("fleet-u-a-force");
        assertThat(sent()).containsExactly("b abort", "c abort");
        reply("a", "-force", "'accepted': true, 'reason': 'joined', 'session': {'session_id': 8}");
        ends("b", "aborted");
        after(Turns.ANSWER_MS);
        assertThat(sent()).containsExactly("c abort");
        assertThat(stage("a")).startsWith("aborted").endsWith("its end was not waited for");
        after(Turns.GIVE_UP_MS - Turns.ANSWER_MS);
        sent();
        assertThat(turns.isOpen()).isFalse();
        assertThat(list("aborted")).isEqualTo("a,b,c");
    }

    private String whyFailed(String rest) {
        fleet("", "a");
        sent();
        turns.heard(
                "a",
                Kind.SESSION,
                json("{'session_id': 7, 'command_id': 'fleet-u-a', 'status': 'done', 'outcome': 'failed', " + rest
                        + "}"),
                now);
        return stage("a").replaceFirst(".*} ", "");
    }

    @Test
    void aStageSaysWhatItsMemberSaidOfIt() {
        String finish = "[2, 'Script has finished with exit code 1'], [3, 'Status is now done']]";
        assertThat(whyFailed("'messages': [[1, 'no flux ramp'], " + finish)).isEqualTo("no flux ramp");
        assertThat(whyFailed("'messages': [[1, 'Status is now running'], " + finish))
                .isEqualTo("Script has finished with exit code 1");
        assertThat(whyFailed("'stages': [{'name': 'setup', 'status': 'succeeded'},"
                        + " {'name': 'track', 'status': 'failed', 'detail': 'good_frac is low'}],"
                        + " 'messages': [[1, 'x'], " + finish))
                .isEqualTo("track: good_frac is low");
    }
}
