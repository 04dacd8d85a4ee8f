package pysmurf.controller.store;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.access.Requester;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.SessionLog;
import pysmurf.controller.session.Sessions;

/** What is forgotten and deleted, and when; also by a clock that somebody has set back. */
class RetentionTest {

    private static final Instant NOON = Instant.parse("2026-11-01T12:00:00Z");
    private static final Duration AGE = Duration.ofMinutes(30);

    @TempDir
    Path folder;

    private Database database;
    private JdbcSessionStore store;

    @BeforeEach
    void open() throws IOException {
        database = Database.open("jdbc:sqlite:" + folder.resolve("sessions.db"), "", "", null);
        store = new JdbcSessionStore(database, "c");
    }

    @AfterEach
    void close() {
        store.close();
        database.close();
    }

    private static Clock at(Instant time) {
        return Clock.fixed(time, ZoneOffset.UTC);
    }

    private LiveSession session(Instant when, boolean done) throws IOException {
        Sessions sessions = new Sessions(store, event -> {}, at(when), 1024 * 1024, new SimpleMeterRegistry());
        Session.Draft draft = new Session.Draft("run", Json.object(), null, Requester.of("http", "me"), true);
        LiveSession session = sessions.open(draft).session();
        Path log = Files.write(folder.resolve(session.id() + ".log"), new byte[100]);
        Files.setLastModifiedTime(log, FileTime.from(when));
        sessions.update(session, now -> now.withLog(new SessionLog(log, 0, -1, true)));
        if (done) {
            sessions.close(session, Outcome.SUCCEEDED, null);
        }
        return session;
    }

    private void sweep(Instant when, long logsSize) {
        new Retention(store, folder, AGE, logsSize, at(when)).sweep();
    }

    @Test
    void forgetsWhatEndedLongerAgo() throws IOException {
        LiveSession old = session(NOON, true);
        LiveSession young = session(NOON.plus(AGE), true);

        sweep(NOON.plus(AGE).plusSeconds(60), Long.MAX_VALUE);

        assertThat(store.list(10, null, null, null)).containsExactly(young);
        assertThat(folder.resolve(old.id() + ".log")).doesNotExist();
        assertThat(folder.resolve(young.id() + ".log")).exists();
    }

    /** What ended in the future is kept too long rather than forgotten too soon, and what runs is not forgotten at all. */
    @Test
    void forgetsNothingTooSoonWhenTheClockWasSetBack() throws IOException {
        LiveSession before = session(NOON, true);
        LiveSession after = session(NOON.minusSeconds(3600), true);
        LiveSession running = session(NOON.minusSeconds(3600), false);

        sweep(NOON.minusSeconds(3600), Long.MAX_VALUE);
        assertThat(store.list(10, null, null, null)).containsExactly(running, after, before);

        sweep(NOON.minusSeconds(3600).plus(AGE).plusSeconds(60), Long.MAX_VALUE);
        assertThat(store.list(10, null, null, null)).containsExactly(running, before);
    }

    /** Somebody may put anything among the logs. */
    @Test
    void goesOnBehindWhatCannotBeDeleted() throws IOException {
        LiveSession first = session(NOON, true);
        LiveSession second = session(NOON, true);
        Files.delete(folder.resolve(first.id() + ".log"));
        Files.createDirectories(folder.resolve(first.id() + ".log").resolve("full"));

        sweep(NOON.plus(AGE).plusSeconds(60), 0);

        assertThat(store.list(10, null, null, null)).isEmpty();
        assertThat(folder.resolve(second.id() + ".log")).doesNotExist();
    }

    /** The oldest logs go first, but never one that is being written. */
    @Test
    void deletesTheOldestLogs() throws IOException {
        LiveSession old = session(NOON, true);
        LiveSession young = session(NOON.plusSeconds(60), true);
        LiveSession running = session(NOON.minusSeconds(3600), false);

        sweep(NOON.plusSeconds(120), 250);

        assertThat(folder.resolve(old.id() + ".log")).doesNotExist();
        assertThat(folder.resolve(young.id() + ".log")).exists();
        assertThat(folder.resolve(running.id() + ".log")).exists();
        assertThat(store.list(10, null, null, null)).containsExactly(running, young, old);
    }
}
