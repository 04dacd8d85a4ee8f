package pysmurf.controller.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.InputStream;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.access.Requester;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Message;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.Published;
import pysmurf.controller.session.RegisteredFile;
import pysmurf.controller.session.RegisteredFiles;
import pysmurf.controller.session.ScriptMark;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.SessionLog;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.Stage;
import pysmurf.controller.session.StoreUnavailable;
import pysmurf.controller.session.Verdict;
import pysmurf.controller.session.Verdict.Reason;

/** Sessions in a real database, and what becomes of them when it is left and opened again, or does not answer. */
abstract class SessionStoreTests {

    private static final BigDecimal FAR_AHEAD = new BigDecimal("9999999999");
    private static final Duration SOON = Duration.ofSeconds(60);

    private final String controller = "c" + UUID.randomUUID();
    private final Clock clock = Clock.fixed(Instant.parse("2026-11-01T10:00:00.120034Z"), ZoneOffset.UTC);
    private Database database;
    private JdbcSessionStore store;
    private Sessions sessions;

    abstract Database open() throws IOException;

    /** A connection of somebody else. */
    abstract Connection connect() throws SQLException;

    @BeforeEach
    void start() throws IOException {
        database = open();
        store = new JdbcSessionStore(database, controller);
        sessions = new Sessions(store, event -> {}, clock, 1024 * 1024, new SimpleMeterRegistry());
    }

    @AfterEach
    void stop() {
        store.close();
        database.close();
    }

    private void startAgain() throws IOException {
        stop();
        start();
    }

    private static Session.Draft draft(String operation, String commandId, boolean exclusive) {
        return new Session.Draft(operation, Json.object(), commandId, Requester.of("http", "me"), exclusive);
    }

    private LiveSession open(Session.Draft draft) {
        return sessions.open(draft).session();
    }

    private LiveSession ended(String operation, String commandId, Outcome outcome) {
        LiveSession session = open(draft(operation, commandId, true));
        sessions.close(session, outcome, null);
        return session;
    }

    private static ObjectNode json(String text) throws IOException {
        return (ObjectNode) Json.read(text.getBytes(StandardCharsets.UTF_8));
    }

    private static ObjectNode lenient(String text) throws IOException {
        return (ObjectNode) Json.readLenient(text.getBytes(StandardCharsets.UTF_8));
    }

    private LiveSession full() throws IOException {
        ObjectNode params =
                json("{\"script\": \"a\", \"args\": [1, 1.5, 1e-7, \"\\ud800 \\u0000 \u00e4 \ud83d\ude00\"]}");
        LiveSession session =
                open(new Session.Draft("tune", params, "id 'x' \ud83d\ude00", Requester.of("mqtt", "me"), true));
        sessions.running(session);
        sessions.update(session, now -> now.withLog(new SessionLog(Path.of("/a b/\u00e4%20.log"), 3, -1, true)));
        ScriptMark mark =
                new ScriptMark("M=1", null, null, "/s.py", "one", new BigDecimal("1793534400.5"), "/r.json", 8200);
        sessions.update(session, now -> now.withScript(mark));
        sessions.update(session, now -> now.withScript(mark.startedAs(4_194_303, 123_456_789_012L)));
        sessions.planStages(session, List.of("one", "two", "three"), "two"::equals);
        sessions.stageStarted(session, "one");
        sessions.stageEnded(
                session, "one", Stage.State.WARNED, lenient("{\"0\": {\"f_mhz\": 5123.4560, \"n\": NaN}}"), "odd");
        sessions.mergeData(session, lenient("{\"time\": 1795392099.566663, \"big\": 1e300, \"text\": \"\\udc00\"}"));
        sessions.register(session, new RegisteredFile("/t\u00fc.npy", "tune", "npy", false, 7_000_000_000L, "ab"));
        sessions.register(session, new RegisteredFile("/gone.png", "plot", "png", true, null, null));
        sessions.published(session, new Published(List.of(new byte[] {'{', '}'}), List.of(), List.of(), List.of()));
        sessions.update(session, now -> now.lost(2));
        sessions.scriptMessages(session, List.of("\ud83d\ude00 ' \" \\ \t\u001b[31m \u2028"));
        return session;
    }

    @Test
    void givesBackARunningSessionAsItWas() throws Exception {
        LiveSession session = full();

        startAgain();

        assertThat(store.unfinished()).hasSize(1);
        LiveSession found = store.unfinished().get(0);
        assertThat(found.view(LiveSession.LISTED_MESSAGES).toJson().toString())
                .isEqualTo(session.view(LiveSession.LISTED_MESSAGES).toJson().toString());
        assertThat(found.params()).isEqualTo(session.params());
        assertThat(found.now().scripts()).isEqualTo(session.now().scripts());
        assertThat(found.now().log()).isEqualTo(session.now().log());
        assertThat(found.now().mark()).isNotNull().isEqualTo(session.now().mark());
        assertThat(found.exclusive()).isTrue();
        assertThat(found.ended()).isNotDone();
        assertThat(store.holder()).contains(found);
        assertThat(sessions.open(draft("run", null, true))).returns(Reason.BUSY, Verdict::reason);
    }

    @Test
    void givesBackAnAbortedSessionAsItWas() throws Exception {
        LiveSession session = full();
        sessions.openAbort(draft("abort", null, false), null);
        sessions.signalSent(session, "INT");
        sessions.signalSent(session, "TERM");
        sessions.update(
                session,
                now -> now.withoutScript(session.now().scripts().get(0)).withExitCode(255));
        sessions.update(session, now -> now.survivedBy(2));
        sessions.close(session, Outcome.ABORTED, "Aborted");

        startAgain();

        LiveSession found = store.find(session.id()).orElseThrow();
        assertThat(found.view(LiveSession.LISTED_MESSAGES).toJson().toString())
                .isEqualTo(session.view(LiveSession.LISTED_MESSAGES).toJson().toString());
        assertThat(found.ended()).isDone();
        assertThat(store.holder()).isEmpty();
        assertThat(store.unfinished()).extracting(LiveSession::opName).containsExactly("abort");
    }

    /** No database takes every character that Java does; one in a message must not keep a session from being written. */
    @Test
    void replacesWhatNoDatabaseTakes() throws Exception {
        LiveSession session = open(draft("run", "nul \0 and half \udfff", true));
        sessions.message(session, "nul \0 and half \ud800 of one");
        sessions.stageStarted(session, "one");
        sessions.stageEnded(session, "one", Stage.State.FAILED, Json.object(), "why \0");
        sessions.register(session, new RegisteredFile("/\0\ud800", "t", "f", false, null, null));
        sessions.close(session, Outcome.FAILED, null);
        assertThat(store.fault()).isEmpty();

        startAgain();

        assertThat(store.find(session.id())
                        .orElseThrow()
                        .view(LiveSession.LISTED_MESSAGES)
                        .toJson()
                        .path("messages")
                        .toString())
                .contains("nul \ufffd and half \ufffd of one");
        assertThat(store.findByCommandId("nul \0 and half \udfff").map(LiveSession::id))
                .contains(session.id());
        // not the same id, but one that the database cannot tell from it: the command is not executed, and nothing
        // fails
        assertThat(sessions.open(draft("run", "nul \ufffd and half \ud800", true)))
                .returns(Reason.DUPLICATE, Verdict::reason);
        assertThat(store.fault()).isEmpty();
    }

    @Test
    void neverGivesAnIdTwice() throws Exception {
        for (int id = 0; id < 3; id++) {
            assertThat(ended("run", null, Outcome.SUCCEEDED).id()).isEqualTo(id);
        }
        startAgain();
        assertThat(ended("run", null, Outcome.SUCCEEDED).id()).isEqualTo(3);

        store.forgetEndedBefore(FAR_AHEAD);
        assertThat(store.list(10, null, null, null)).isEmpty();
        assertThat(store.find(3)).isEmpty();
        assertThat(store.latest("run")).isEmpty();
        assertThat(ended("run", null, Outcome.SUCCEEDED).id()).isEqualTo(4);
        store.forgetEndedBefore(FAR_AHEAD);
        startAgain();
        assertThat(ended("run", null, Outcome.SUCCEEDED).id()).isEqualTo(5);
    }

    @Test
    void knowsACommandIdForGood() throws Exception {
        LiveSession first = ended("run", "first", Outcome.SUCCEEDED);
        // more than are kept in memory
        for (int i = 0; i < 110; i++) {
            ended("run", "id-" + i, Outcome.SUCCEEDED);
        }

        assertThat(sessions.open(draft("run", "first", true)))
                .returns(Reason.DUPLICATE, Verdict::reason)
                .returns(first.id(), repeated -> repeated.session().id());
        startAgain();
        assertThat(sessions.open(draft("run", "first", true)))
                .returns(Reason.DUPLICATE, Verdict::reason)
                .returns(first.id(), repeated -> repeated.session().id());
        assertThat(sessions.open(draft("run", "id-109", true))).returns(Reason.DUPLICATE, Verdict::reason);
        assertThat(sessions.open(draft("run", "FIRST", true))).returns(null, Verdict::reason);
    }

    @Test
    void listsWhatIsAskedFor() throws Exception {
        ended("run", null, Outcome.SUCCEEDED);
        ended("tune", null, Outcome.FAILED);
        ended("run", null, Outcome.FAILED);
        startAgain();
        ended("tune", null, Outcome.SUCCEEDED);
        open(draft("run", null, true));

        assertThat(ids(store.list(10, null, null, null))).containsExactly(4, 3, 2, 1, 0);
        assertThat(ids(store.list(2, null, null, null))).containsExactly(4, 3);
        assertThat(ids(store.list(2, 3, null, null))).containsExactly(2, 1);
        assertThat(ids(store.list(10, null, "run", null))).containsExactly(4, 2, 0);
        assertThat(ids(store.list(10, 4, "run", Outcome.FAILED))).containsExactly(2);
        assertThat(ids(store.list(10, null, null, Outcome.SUCCEEDED))).containsExactly(3, 0);
        assertThat(store.list(10, null, "' OR 1=1 --", null)).isEmpty();
        assertThat(store.latest("tune").orElseThrow().id()).isEqualTo(3);
        assertThat(store.latest("nothing")).isEmpty();
    }

    private static List<Integer> ids(Stream<LiveSession> sessions) {
        return sessions.map(LiveSession::id).toList();
    }

    /** More messages than memory keeps are all in the database, and the newest of them in the session. */
    @Test
    void keepsMessagesBeyondTheMemory() throws Exception {
        LiveSession session = open(draft("run", null, true));
        for (int i = 0; i < 100_040; i++) {
            sessions.scriptMessages(session, List.of("message " + i));
            if (i == 60_000) {
                store.save(session);
            }
        }
        sessions.close(session, Outcome.SUCCEEDED, null);

        startAgain();

        LiveSession found = store.find(session.id()).orElseThrow();
        assertThat(found.messageCount()).isEqualTo(session.messageCount());
        List<Message> messages = found.messages(Integer.MAX_VALUE);
        assertThat(messages).hasSize(100_000);
        assertThat(messages.get(99_998).text()).isEqualTo("message 100039");
        assertThat(query("SELECT COUNT(*) FROM message WHERE controller = '" + controller + "'"))
                .isEqualTo(Integer.toString(session.messageCount()));
    }

    /** As many as a script may send of the longest there are would not fit into the memory of the whole controller. */
    @Test
    void keepsNoMoreLongMessagesInMemoryThanFit() throws Exception {
        LiveSession session = open(draft("run", null, true));
        String longest = "m".repeat(60_000);
        for (int i = 0; i < 600; i++) {
            sessions.scriptMessages(session, List.of(longest));
            if (i % 200 == 0) {
                store.save(session);
            }
        }
        sessions.close(session, Outcome.SUCCEEDED, null);
        assertThat(session.weight()).isLessThanOrEqualTo(LiveSession.MAX_MESSAGE_BYTES);

        startAgain();

        assertThat(store.find(session.id()).orElseThrow().weight())
                .isBetween(LiveSession.MAX_MESSAGE_BYTES / 2, LiveSession.MAX_MESSAGE_BYTES + 200_000);
        assertThat(query("SELECT COUNT(*) FROM message WHERE controller = '" + controller + "'"))
                .isEqualTo(Integer.toString(session.messageCount()));
    }

    /** Whatever a session holds, a list reads little of it, and nobody reads what no session of today can hold. */
    @Test
    void readsNoMoreThanIsShown() throws Exception {
        LiveSession session = open(draft("run", null, true));
        sessions.mergeData(session, Json.object().put("first", 1).put("large", "v".repeat(2_000_000)));
        sessions.mergeData(session, Json.object().put("part", "v".repeat(500_000)));
        for (int i = 0; i < 30; i++) {
            sessions.scriptMessages(session, List.of("message " + i));
        }
        sessions.close(session, Outcome.SUCCEEDED, null);
        assertThat(session.now().publisher().notKept()).isEqualTo(1);

        startAgain();

        LiveSession listed = store.list(1, null, null, null).findFirst().orElseThrow();
        assertThat(listed.view(1000).toJson().path("messages")).hasSize(20);
        assertThat(listed.view(LiveSession.LISTED_MESSAGES).toJson().path("data"))
                .isEmpty();
        assertThat(listed.view(LiveSession.LISTED_MESSAGES)
                        .toJson()
                        .path("trimmed")
                        .toString())
                .isEqualTo("[\"data\"]");
        assertThat(store.latest("run").orElseThrow().messageCount()).isEqualTo(session.messageCount());
        LiveSession whole = store.find(session.id()).orElseThrow();
        assertThat(whole.now().publisher().notKept()).isEqualTo(1);
        assertThat(whole.view(1000).toJson()).isEqualTo(session.view(1000).toJson());
        assertThat(whole.view(LiveSession.LISTED_MESSAGES).toJson().path("data").properties())
                .hasSize(2);
        assertThat(whole.view(LiveSession.LISTED_MESSAGES).toJson().has("trimmed"))
                .isFalse();
    }

    /** What a list has read once it does not read again, but never shows it as it was. */
    @Test
    void listsWhatChangedAfterItWasListed() throws Exception {
        LiveSession session = open(draft("run", null, true));
        sessions.register(session, new RegisteredFile("/x", "tune", "npy", false, 1L, null));
        sessions.close(session, Outcome.SUCCEEDED, null);
        startAgain();
        LiveSession listed = store.list(1, null, null, null).findFirst().orElseThrow();
        assertThat(store.list(1, null, null, null).findFirst()).containsSame(listed);

        LiveSession whole = store.find(session.id()).orElseThrow();
        sessions.register(whole, new RegisteredFile("/x", "tune", "npy", false, 1L, "abc"));
        assertThat(digestInList()).isEqualTo("abc");
        while (store.inMemory(session.id()).isPresent()) {
            sessions.close(open(draft("run", null, true)), Outcome.SUCCEEDED, null);
        }

        assertThat(digestInList()).isEqualTo("abc");
    }

    private String digestInList() {
        try (Stream<LiveSession> all = store.list(500, null, null, null)) {
            return all.reduce((newer, older) -> older)
                    .orElseThrow()
                    .now()
                    .files()
                    .get(0)
                    .sha256();
        }
    }

    /** A database with nothing in it, not even tables. */
    abstract String emptyDatabase() throws SQLException;

    abstract String user();

    /** What clients were shown of it then, they are shown now. */
    @Test
    void takesOverWhatAnEarlierVersionWrote() throws Exception {
        String url = emptyDatabase();
        Flyway.configure()
                .dataSource(url, user(), "")
                .locations("classpath:db/migration")
                .target("2")
                .load()
                .migrate();
        try (Connection old = DriverManager.getConnection(url, user(), "");
                Statement statement = old.createStatement()) {
            for (String insert : resource("version-2.sql").split("(?<=\\);)\n")) {
                statement.execute(insert);
            }
        }

        try (Database taken = Database.open(url, user(), "", null);
                JdbcSessionStore now = new JdbcSessionStore(taken, "pysmurf-controller")) {
            for (JsonNode session : Json.read(resource("version-2.json").getBytes(StandardCharsets.UTF_8))) {
                LiveSession found = now.find(session.path("session_id").asInt()).orElseThrow();
                assertThat(Json.read(found.view(25).json())).isEqualTo(session);
            }
            LiveSession left = now.holder().orElseThrow();
            assertThat(left.now().scripts()).hasSize(1);
            assertThat(left.now().log().file()).hasFileName(left.id() + ".log");
            assertThat(now.open(draft("run", "tune-1", true), BigDecimal.ONE, false))
                    .returns(0, repeated -> repeated.session().id());
        }
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = SessionStoreTests.class.getResourceAsStream("/store/" + name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private String query(String sql) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            return rows.next() ? rows.getString(1) : null;
        }
    }

    @Test
    void hasWrittenASessionBeforeAnybodyIsTold() throws Exception {
        LiveSession session = store.open(draft("run", "x", true), new BigDecimal("1.5"), false)
                .session();

        assertThat(query("SELECT status FROM session WHERE controller = '" + controller + "' AND command_id = 'x'"))
                .isEqualTo("starting");
        sessions.close(session, Outcome.SUCCEEDED, null);
        assertThat(query("SELECT outcome FROM session WHERE controller = '" + controller + "' AND command_id = 'x'"))
                .isEqualTo("succeeded");
    }

    private List<Verdict> openAtOnce(int threads, Session.Draft draft) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        try {
            CountDownLatch start = new CountDownLatch(1);
            List<Future<Verdict>> openings = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                openings.add(pool.submit(() -> {
                    start.await();
                    return sessions.open(draft);
                }));
            }
            start.countDown();
            List<Verdict> opened = new ArrayList<>();
            for (Future<Verdict> future : openings) {
                opened.add(future.get());
            }
            return opened;
        } finally {
            pool.shutdownNow();
        }
    }

    @Test
    void opensOneOfMany() throws Exception {
        for (int round = 0; round < 5; round++) {
            List<Verdict> openings = openAtOnce(50, draft("run", null, true));
            assertThat(openings).filteredOn(Verdict::isStarted).hasSize(1);
            assertThat(openings).filteredOn(one -> one.reason() == Reason.BUSY).hasSize(49);
            sessions.close(store.holder().orElseThrow(), Outcome.SUCCEEDED, null);
        }
        List<Verdict> repeated = openAtOnce(50, draft("plan", "same", false));
        assertThat(repeated).filteredOn(Verdict::isStarted).hasSize(1);
        assertThat(repeated).filteredOn(one -> one.reason() == Reason.DUPLICATE).hasSize(49);
    }

    @Test
    void keepsControllersApart() throws Exception {
        try (Database others = open();
                JdbcSessionStore other = new JdbcSessionStore(others, controller + "-2")) {
            LiveSession mine = open(draft("run", "same", true));
            Verdict theirs = other.open(draft("run", "same", true), new BigDecimal("2"), false);

            assertThat(theirs.isStarted()).isTrue();
            assertThat(theirs.session().id()).isEqualTo(mine.id());
            assertThat(store.list(10, null, null, null)).containsExactly(mine);
            other.forgetEndedBefore(FAR_AHEAD);
        }
        startAgain();
        assertThat(store.unfinished()).hasSize(1);
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** What is under way goes on, an abort is opened, a new command is not; and it heals by itself. */
    @Test
    void goesOnWithoutItsDatabase() throws Exception {
        ended("abort", "used", Outcome.SUCCEEDED);
        startAgain();
        LiveSession session = open(draft("run", null, true));
        execute("ALTER TABLE session RENAME TO elsewhere");
        try {
            sessions.stageStarted(session, "one");
            assertThat(store.fault()).isPresent();
            assertThatThrownBy(() -> store.open(draft("plan", null, false), new BigDecimal("2"), false))
                    .isInstanceOf(StoreUnavailable.class);
            // whether this id was used cannot be told, and the abort is wanted now
            assertThat(sessions.openAbort(draft("abort", "used", false), null)).returns(null, Verdict::reason);
            sessions.close(session, Outcome.ABORTED, null);
            assertThat(store.holder()).isEmpty();
            assertThat(store.find(session.id())).contains(session);
        } finally {
            execute("ALTER TABLE elsewhere RENAME TO session");
        }

        await().atMost(SOON).until(() -> store.fault().isEmpty());
        LiveSession next = open(draft("run", null, true));
        assertThat(next.id()).isEqualTo(session.id() + 2);
        sessions.close(next, Outcome.SUCCEEDED, null);
        startAgain();
        LiveSession found = store.find(session.id()).orElseThrow();
        assertThat(found.view(LiveSession.LISTED_MESSAGES).toJson().toString())
                .isEqualTo(session.view(LiveSession.LISTED_MESSAGES).toJson().toString());
        assertThat(store.find(session.id() + 1).orElseThrow().opName()).isEqualTo("abort");
    }

    /** Nobody's lock holds up an abort for long. */
    @Test
    void neverWaitsLongForALock() throws Exception {
        LiveSession session = open(draft("run", null, true));
        try (Connection other = connect()) {
            lock(other);
            long begin = System.nanoTime();
            sessions.stageStarted(session, "one");
            sessions.openAbort(draft("abort", "a", false), null);
            sessions.close(session, Outcome.ABORTED, null);
            assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(4));
            assertThat(store.fault()).isPresent();
            other.rollback();
        }
        await().atMost(SOON).until(() -> store.fault().isEmpty());
        assertThat(query("SELECT outcome FROM session WHERE controller = '" + controller + "' AND id = 0"))
                .isEqualTo("aborted");
    }

    @Test
    void keepsAChecksumThatComesAfterTheEnd(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("file"), "abc");
        LiveSession session = open(draft("run", null, true));
        try (RegisteredFiles files = new RegisteredFiles(sessions, 1024)) {
            synchronized (session) {
                files.register(session, file.toString(), "t", "f", false);
                sessions.close(session, Outcome.SUCCEEDED, null);
            }
            await().atMost(SOON).until(() -> session.now().files().get(0).sha256() != null);
        }

        startAgain();

        assertThat(store.find(session.id()).orElseThrow().now().files().get(0).sha256())
                .startsWith("ba7816bf8f01cfea");
    }

    /** What a script sends while the database does not answer is taken in all the same. */
    @Test
    void doesNotHoldASessionWhileItIsWritten() throws Exception {
        LiveSession session = open(draft("run", null, true));
        try (Connection other = connect()) {
            lock(other);
            int taken = 0;
            while (store.fault().isEmpty()) {
                sessions.mergeData(session, Json.object().put("key", taken++));
            }
            // were each held up as long as the writer is, there would be one or two
            assertThat(taken).isGreaterThan(10);
            other.rollback();
        }
        sessions.close(session, Outcome.SUCCEEDED, null);
        await().atMost(SOON).until(() -> store.fault().isEmpty());
    }

    /** Takes, in a transaction, what keeps everybody else from writing. */
    abstract void lock(Connection connection) throws SQLException;
}
