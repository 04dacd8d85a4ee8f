package pysmurf.controller.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import pysmurf.controller.access.Requester;
import pysmurf.controller.session.Verdict.Reason;

/** Sessions, their lock and their events, on the store in memory. */
class SessionsTest {

    private final RecordedEvents events = new RecordedEvents();
    private final Sessions sessions =
            new Sessions(new MemorySessionStore(), events, Clock.systemUTC(), 1024 * 1024, new SimpleMeterRegistry());

    private static Session.Draft draft(String operation, String commandId, boolean exclusive) {
        return new Session.Draft(operation, Json.object(), commandId, Requester.of("http", "me"), exclusive);
    }

    private static Session.Draft run() {
        return draft("run", null, true);
    }

    private static Session.Draft abort() {
        return draft("abort", null, false);
    }

    private LiveSession open(Session.Draft draft) {
        return sessions.open(draft).session();
    }

    @Test
    void letsOneOfManyHaveTheLock() throws Exception {
        int threads = 50;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            for (int round = 0; round < 20; round++) {
                CountDownLatch start = new CountDownLatch(1);
                List<Future<Verdict>> openings = new ArrayList<>();
                for (int i = 0; i < threads; i++) {
                    openings.add(pool.submit(() -> {
                        start.await();
                        return sessions.open(run());
                    }));
                }
                start.countDown();
                List<LiveSession> opened = new ArrayList<>();
                List<LiveSession> holders = new ArrayList<>();
                for (Future<Verdict> future : openings) {
                    Verdict verdict = future.get();
                    (verdict.isStarted() ? opened : holders).add(verdict.session());
                }
                assertThat(opened).hasSize(1);
                assertThat(holders).hasSize(threads - 1).containsOnly(opened.get(0));
                assertThat(sessions.holder()).contains(opened.get(0));
                sessions.close(opened.get(0), Outcome.SUCCEEDED, null);
                assertThat(sessions.holder()).isEmpty();
            }
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void opensARepeatedCommandIdOnce() throws Exception {
        int threads = 20;
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            CountDownLatch start = new CountDownLatch(1);
            List<Future<Verdict>> openings = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                openings.add(pool.submit(() -> {
                    start.await();
                    return sessions.open(draft("run", "same", true));
                }));
            }
            start.countDown();
            List<Verdict> results = new ArrayList<>();
            for (Future<Verdict> opening : openings) {
                results.add(opening.get());
            }
            assertThat(results).filteredOn(Verdict::isStarted).hasSize(1);
            assertThat(results)
                    .filteredOn(one -> one.reason() == Reason.DUPLICATE)
                    .hasSize(threads - 1);
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void remembersACommandIdAfterTheEnd() {
        LiveSession first = open(draft("run", "same", true));
        sessions.close(first, Outcome.FAILED, null);

        assertThat(sessions.open(draft("run", "same", true)))
                .returns(Reason.DUPLICATE, Verdict::reason)
                .returns(first, Verdict::session);
    }

    @Test
    void countsFromZero() {
        LiveSession first = open(run());
        sessions.close(first, Outcome.SUCCEEDED, null);
        LiveSession second = open(run());

        assertThat(List.of(first.id(), second.id())).containsExactly(0, 1);
    }

    @Test
    void opensAnAbortBesideTheLock() {
        LiveSession running = open(run());
        LiveSession abort = sessions.openAbort(abort(), null).session();

        assertThat(abort.target()).isSameAs(running);
        assertThat(running.now().abort()).isNotNull();
        assertThat(running.now().status()).isEqualTo(Status.STOPPING);
        assertThat(sessions.holder()).contains(running);
    }

    @Test
    void joinsASecondAbortWithTheFirst() {
        LiveSession running = open(run());
        LiveSession abort = sessions.openAbort(abort(), null).session();

        assertThat(sessions.openAbort(abort(), null))
                .returns(Reason.JOINED, Verdict::reason)
                .returns(abort, Verdict::session);
        assertThat(sessions.openAbort(abort(), running))
                .returns(Reason.JOINED, Verdict::reason)
                .returns(abort, Verdict::session);
    }

    @Test
    void opensNoAbortWithNothingToAbort() {
        assertThat(sessions.openAbort(abort(), null)).returns(Reason.NOTHING_TO_ABORT, Verdict::reason);
        LiveSession done = open(run());
        sessions.close(done, Outcome.SUCCEEDED, null);
        assertThat(sessions.openAbort(abort(), done)).returns(Reason.NOTHING_TO_ABORT, Verdict::reason);
        assertThat(sessions.list(10, null, "abort", null)).isEmpty();
    }

    @Test
    void closesOnce() {
        LiveSession session = open(run());
        sessions.close(session, Outcome.TIMED_OUT, "too long");
        sessions.close(session, Outcome.SUCCEEDED, "no, not at all");

        assertThat(session.now().outcome()).isEqualTo(Outcome.TIMED_OUT);
        assertThat(session.ended()).isCompleted();
        assertThat(events.of(SessionEvent.Type.RESULT)).hasSize(1);
    }

    @ParameterizedTest
    @EnumSource(Outcome.class)
    void isASuccessOnlyIfItSucceeded(Outcome outcome) {
        LiveSession session = open(run());
        assertThat(session.view(LiveSession.LISTED_MESSAGES)
                        .toJson()
                        .path("success")
                        .isNull())
                .isTrue();
        sessions.close(session, outcome, null);

        assertThat(session.view(LiveSession.LISTED_MESSAGES)
                        .toJson()
                        .path("success")
                        .asBoolean())
                .isEqualTo(outcome == Outcome.SUCCEEDED);
        assertThat(session.view(LiveSession.LISTED_MESSAGES)
                        .toJson()
                        .path("outcome")
                        .asText())
                .isEqualTo(outcome.name().toLowerCase(java.util.Locale.ROOT));
        assertThat(session.view(LiveSession.LISTED_MESSAGES)
                        .toJson()
                        .path("op_code")
                        .asInt())
                .isEqualTo(outcome == Outcome.SUCCEEDED ? 5 : 6);
    }

    /** The numbers that OCS has for them. */
    @ParameterizedTest
    @CsvSource({"STARTING, 2", "RUNNING, 3", "STOPPING, 4"})
    void hasOcssNumberForEachStatus(Status status, int opCode) {
        LiveSession session = open(run());
        if (status.compareTo(Status.STARTING) > 0) {
            sessions.running(session);
        }
        if (status == Status.STOPPING) {
            sessions.requestAbort(session, "me");
        }

        assertThat(session.view(LiveSession.LISTED_MESSAGES)
                        .toJson()
                        .path("status")
                        .asText())
                .isEqualTo(status.name().toLowerCase(java.util.Locale.ROOT));
        assertThat(session.view(LiveSession.LISTED_MESSAGES)
                        .toJson()
                        .path("op_code")
                        .asInt())
                .isEqualTo(opCode);
    }

    @Test
    void onlyMovesForward() {
        LiveSession session = open(run());
        sessions.requestAbort(session, "me");
        sessions.running(session);

        assertThat(session.now().status()).isEqualTo(Status.STOPPING);
    }

    @Test
    void tellsItsLifeInOrder() {
        LiveSession session = open(run());
        sessions.running(session);
        sessions.message(session, "halfway");
        sessions.close(session, Outcome.SUCCEEDED, "well done");

        assertThat(session.view(LiveSession.LISTED_MESSAGES).toJson().path("messages"))
                .extracting(message -> message.path(1).asText())
                .containsExactly(
                        "Status is now \"starting\".",
                        "Status is now \"running\".",
                        "halfway",
                        "well done",
                        "Status is now \"done\".");
        assertThat(events.of(SessionEvent.Type.MESSAGE))
                .hasSize(5)
                .last()
                .isEqualTo(Json.text("Status is now \"done\"."));
        assertThat(events.of(SessionEvent.Type.STATUS)).hasSize(2);
    }

    @Test
    void keepsAbortRecordsComplete() {
        LiveSession session = open(run());
        sessions.requestAbort(session, "me");
        sessions.signalSent(session, "INT");
        sessions.signalSent(session, "TERM");
        sessions.update(session, now -> now.survivedBy(1));
        sessions.requestAbort(session, "somebody else");

        assertThat(session.now().abort().signals()).containsExactly("INT", "TERM");
        assertThat(session.now().abort().survivors()).isEqualTo(1);
        assertThat(session.now().abort().by()).isEqualTo("me");
    }

    @Test
    void mergesDataAtTheTopLevel() {
        LiveSession session = open(run());
        sessions.mergeData(
                session, Json.object().put("a", 1).set("b", Json.object().put("c", 1)));
        sessions.mergeData(session, Json.object().set("b", Json.object().put("d", 2)));

        assertThat(session.view(LiveSession.LISTED_MESSAGES)
                        .toJson()
                        .path("data")
                        .toString())
                .isEqualTo("{\"a\":1,\"b\":{\"d\":2}}");
    }

    @Test
    void replacesAFileOfTheSamePath() {
        LiveSession session = open(run());
        sessions.register(session, new RegisteredFile("/a", "tune", "npy", false, 1L, "x"));
        sessions.register(session, new RegisteredFile("/b", "tune", "npy", false, 1L, "x"));
        sessions.register(session, new RegisteredFile("/a", "tune", "npy", false, 2L, "y"));

        assertThat(session.now().files()).extracting(RegisteredFile::path).containsExactlyInAnyOrder("/a", "/b");
        assertThat(session.now().files()).extracting(RegisteredFile::size).contains(2L);
    }

    @Test
    void listsNewestFirst() {
        for (int i = 0; i < 5; i++) {
            LiveSession session = open(draft(i % 2 == 0 ? "run" : "tune", null, true));
            sessions.close(session, i == 4 ? Outcome.FAILED : Outcome.SUCCEEDED, null);
        }

        assertThat(ids(sessions.list(3, null, null, null))).containsExactly(4, 3, 2);
        assertThat(ids(sessions.list(3, 2, null, null))).containsExactly(1, 0);
        assertThat(ids(sessions.list(9, null, "tune", null))).containsExactly(3, 1);
        assertThat(ids(sessions.list(9, null, "run", Outcome.FAILED))).containsExactly(4);
        assertThat(sessions.latest("tune").orElseThrow().id()).isEqualTo(3);
    }

    private static List<Integer> ids(Stream<LiveSession> list) {
        return list.map(LiveSession::id).toList();
    }

    /** Whoever hears of a free lock may have it. */
    @Test
    void freesTheLockBeforeItTellsOfTheEnd() {
        List<Boolean> free = Collections.synchronizedList(new ArrayList<>());
        LiveSession session = open(run());
        session.ended().thenRun(() -> free.add(sessions.holder().isEmpty()));

        sessions.close(session, Outcome.SUCCEEDED, null);

        assertThat(free).containsExactly(true);
    }
}
