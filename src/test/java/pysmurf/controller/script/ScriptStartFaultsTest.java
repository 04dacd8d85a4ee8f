package pysmurf.controller.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.access.Requester;
import pysmurf.controller.driver.Python;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.publisher.OwnPorts;
import pysmurf.controller.publisher.PublisherInbox;
import pysmurf.controller.script.process.AbortLadder.Graces;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.MemorySessionStore;
import pysmurf.controller.session.OperationFailure;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.Sessions;

/** Something fails between the spawn of a script and its "running", or the session is not one to start a script for. */
class ScriptStartFaultsTest {

    @TempDir
    Path folder;

    /** Fails at one of the writes, as a store must not. */
    private static final class FailingStore extends MemorySessionStore {

        private Predicate<Session> failing = session -> false;

        @Override
        public void save(LiveSession session) {
            if (failing.test(session.now())) {
                throw new IllegalStateException("the store is gone");
            }
        }

        @Override
        public void saveSoon(LiveSession session) {
            save(session);
        }
    }

    private final FailingStore store = new FailingStore();
    private final Sessions sessions =
            new Sessions(store, event -> {}, Clock.systemUTC(), 1 << 20, new SimpleMeterRegistry());
    private Setup setup;
    private OwnPorts ports;

    @AfterEach
    void close() {
        ports.close();
    }

    private LiveSession open(boolean exclusive) {
        Session.Draft draft = new Session.Draft("run", Json.object(), null, Requester.of("http", "me"), exclusive);
        LiveSession session = sessions.open(draft).session();
        sessions.running(session);
        return session;
    }

    private ScriptExecutor executor() throws Exception {
        setup = Setup.in(folder.resolve("controller"));
        ports = new OwnPorts(new DefaultCamelContext(), null, InetAddress.getLoopbackAddress());
        PublisherInbox inbox = new PublisherInbox(sessions, null, "me", 9, ports, false);
        return TestExecutor.in(
                folder, setup.environment(), new Graces(Duration.ofSeconds(1), Duration.ofSeconds(1)), sessions, inbox);
    }

    private static ScriptCommand waiting(LiveSession session) {
        return new ScriptCommand(
                session,
                Python.interpreter(),
                Setup.SCRIPTS.resolve("wait_for_file.py"),
                List.of("/never"),
                null,
                false,
                null);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void leavesNothingBehindWhenTheStoreFails(boolean started) throws Exception {
        ScriptExecutor executor = executor();
        LiveSession session = open(true);
        store.failing = now -> !now.scripts().isEmpty() && started == (now.pid() != null);
        if (!started) {
            // before its first script nothing is written
            session.takeMark();
        }

        assertThatThrownBy(() -> executor.execute(waiting(session))).hasMessage("the store is gone");

        assertThat(setup.scriptProcesses().alive()).isEmpty();
        store.failing = now -> false;
        // nothing keeps it open
        sessions.conclude(session, () -> sessions.close(session, Outcome.FAILED, null));
        assertThat(session.isDone()).isTrue();
    }

    @Test
    void startsNothingForASessionThatIsOverOrIsBeingAborted() throws Exception {
        ScriptExecutor executor = executor();
        LiveSession aborted = open(true);
        sessions.requestAbort(aborted, "me");
        assertThatThrownBy(() -> executor.execute(waiting(aborted)))
                .isInstanceOf(OperationFailure.class)
                .hasMessageContaining("is being aborted");
        assertThat(aborted.view(LiveSession.LISTED_MESSAGES)
                        .toJson()
                        .path("messages")
                        .toString())
                .contains("ERROR: wait_for_file.py is not started");
        sessions.close(aborted, Outcome.ABORTED, null);
        LiveSession over = open(false);
        sessions.conclude(over, () -> {});
        assertThatThrownBy(() -> executor.execute(waiting(over)))
                .isInstanceOf(OperationFailure.class)
                .hasMessageContaining("is over");
        assertThat(setup.scriptProcesses().alive()).isEmpty();
    }
}
