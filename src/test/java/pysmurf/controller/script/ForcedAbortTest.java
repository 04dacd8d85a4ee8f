package pysmurf.controller.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.access.Requester;
import pysmurf.controller.assembly.MemoryBudget;
import pysmurf.controller.command.Command;
import pysmurf.controller.driver.Python;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.operation.OperationSteps;
import pysmurf.controller.publisher.Datagram;
import pysmurf.controller.publisher.OwnPorts;
import pysmurf.controller.publisher.PublisherInbox;
import pysmurf.controller.script.process.AbortLadder.Graces;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.MemorySessionStore;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.SessionEvent;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.Verdict;
import pysmurf.controller.sink.BoundedQueue;

/** A forced abort behind a plain one, at each moment on the way from the script that was aborted to its safeguard. */
@Timeout(60)
class ForcedAbortTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir
    Path folder;

    private final Store store = new Store();
    private final Sessions sessions =
            new Sessions(store, this::happened, Clock.systemUTC(), 1 << 20, new SimpleMeterRegistry());
    private Setup setup;
    private ScriptExecutor executor;
    private PublisherInbox inbox;
    private final ExecutorService messages = Executors.newSingleThreadExecutor();
    private LiveSession session;
    private volatile String moment = "none";
    private volatile Runnable then;

    /** What a test does at the moment when a script's process, be it still to come, is written down. */
    private final class Store extends MemorySessionStore {

        @Override
        public void save(LiveSession saved) {
            if (saved.now().scripts().stream().anyMatch(mark -> mark.pid() == null)) {
                at("starting");
            }
        }
    }

    private void happened(SessionEvent event) {
        if (event.getType() == SessionEvent.Type.MESSAGE && event.getJson().contains("Script has finished")) {
            at("finished");
        }
    }

    private void at(String now) {
        if (moment.equals(now)) {
            moment = "none";
            // on a thread of its own, as a command comes; what it does may not wait for the script
            CompletableFuture.runAsync(then).orTimeout(10, TimeUnit.SECONDS).join();
        }
    }

    private void when(String which, Runnable what) {
        then = what;
        moment = which;
    }

    @BeforeEach
    void openASession() throws Exception {
        setup = Setup.in(folder.resolve("controller"));
        BoundedQueue queue = new BoundedQueue(new MemoryBudget());
        OwnPorts ports = new OwnPorts(new DefaultCamelContext(), queue, InetAddress.getLoopbackAddress());
        inbox = new PublisherInbox(sessions, null, "me", 1, ports, true);
        messages.execute(() -> {
            try {
                for (Exchange next = queue.take(); ; next = queue.take()) {
                    List<?> batch = next.getMessage().getBody(List.class);
                    inbox.receive(batch.stream().map(Datagram.class::cast).toList());
                }
            } catch (InterruptedException e) {
                // that is how it ends
            }
        });
        executor = TestExecutor.in(folder, setup.environment(), new Graces(PATIENCE, PATIENCE), sessions, inbox);
        Session.Draft draft = new Session.Draft("tune", Json.object(), null, Requester.of("http", "me"), true);
        session = sessions.open(draft).session();
        sessions.running(session);
    }

    @AfterEach
    void nothingIsLeft() {
        messages.shutdownNow();
        inbox.close();
        assertThat(setup.scriptProcesses().alive()).isEmpty();
    }

    private ScriptCommand command(String script, Duration limit, boolean always) {
        return new ScriptCommand(
                session,
                Python.interpreter(),
                Setup.SCRIPTS.resolve(script),
                List.of(folder.resolve("go").toString()),
                limit,
                always,
                null);
    }

    private CompletableFuture<ScriptResult> start(String script, boolean always) {
        ScriptCommand command = command(script, null, always);
        return CompletableFuture.supplyAsync(() -> executor.execute(command));
    }

    private static ScriptResult end(CompletableFuture<ScriptResult> script) throws Exception {
        return script.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    private void awaitReady() {
        awaitLog("ready\n");
    }

    private void awaitLog(String end) {
        Path log = folder.resolve("output").resolve(session.id() + ".log");
        await().atMost(PATIENCE)
                .until(() -> Files.exists(log) && Files.readString(log).endsWith(end));
    }

    private void abort() {
        sessions.requestAbort(session, "me");
    }

    /** The script that the plain abort ends. */
    private void abortAScript() throws Exception {
        CompletableFuture<ScriptResult> script = start("wait_for_file.py", false);
        awaitReady();
        abort();
        assertThat(end(script).getOutcome()).isEqualTo(Outcome.ABORTED);
    }

    /** What the death of the script leaves switched on is switched off. */
    private void assertSafeguardRuns() throws Exception {
        Files.createFile(folder.resolve("go"));
        assertThat(end(start("wait_for_file.py", true)).getOutcome()).isEqualTo(Outcome.SUCCEEDED);
    }

    @Test
    void endsASafeguardThatRuns() throws Exception {
        abortAScript();
        CompletableFuture<ScriptResult> safeguard = start("ignores_interrupt.py", true);
        awaitReady();

        executor.force(session);

        assertThat(end(safeguard).getOutcome()).isEqualTo(Outcome.ABORTED);
        assertThat(session.now().abort().signals()).containsExactly("INT", "KILL");
    }

    @Test
    void endsASafeguardThatIsBeingStarted() throws Exception {
        abortAScript();
        when("starting", () -> executor.force(session));

        assertThat(end(start("ignores_interrupt.py", true)).getOutcome()).isEqualTo(Outcome.ABORTED);
        assertThat(moment).isEqualTo("none");
    }

    @Test
    void sparesASafeguardThatIsStillToCome() throws Exception {
        abortAScript();

        executor.force(session);

        assertSafeguardRuns();
    }

    /** The script is dead, and only its output and its messages are still being read. */
    @Test
    void sparesTheSafeguardWhileTheScriptIsWoundUp() throws Exception {
        when("finished", () -> executor.force(session));
        abortAScript();
        assertThat(moment).isEqualTo("none");

        assertSafeguardRuns();
    }

    @Test
    void endsAScriptAtOnceThatIsBeingAbortedAndSparesTheSafeguard() throws Exception {
        CompletableFuture<ScriptResult> script = start("ignores_interrupt.py", false);
        awaitReady();
        abort();
        executor.force(session);
        assertThat(end(script).getOutcome()).isEqualTo(Outcome.ABORTED);

        assertSafeguardRuns();
    }

    @Test
    void sparesTheSafeguardWhereItIsTheFirst() throws Exception {
        sessions.requestAbort(session, "me");
        executor.force(session);

        assertSafeguardRuns();
    }

    private AbortOperation aborts() {
        return new AbortOperation(executor, new OperationSteps(), sessions, new Graces(PATIENCE, PATIENCE));
    }

    private Verdict openForcedAbort() {
        Session.Draft draft =
                new Session.Draft("abort", Json.object().put("force", true), null, Requester.of("http", "me"), false);
        return sessions.openAbort(draft, session);
    }

    /** An abort acts when it is accepted. When it goes on from there, the safeguard may run already. */
    @Test
    void isNotRepeatedWhenItsOperationBegins() throws Exception {
        AbortOperation aborts = aborts();
        CompletableFuture<ScriptResult> script = start("ignores_interrupt.py", false);
        awaitReady();
        Verdict verdict = openForcedAbort();
        assertThat(end(script).getOutcome()).isEqualTo(Outcome.ABORTED);
        CompletableFuture<ScriptResult> safeguard = start("wait_for_file.py", true);
        awaitLog("ready\nready\n");

        aborts.begin(verdict);
        Thread operation = new Thread(() -> aborts.abort(verdict.session()));
        operation.start();
        await().atMost(PATIENCE).until(() -> operation.getState() == Thread.State.WAITING);
        Files.createFile(folder.resolve("go"));

        assertThat(end(safeguard).getOutcome()).isEqualTo(Outcome.SUCCEEDED);
        sessions.close(session, Outcome.ABORTED, null);
        operation.join(PATIENCE.toMillis());
        assertThat(operation.isAlive()).isFalse();
    }

    /** Nor by a second click on the same button; one that comes later ends a safeguard that hangs. */
    @Test
    void isNotRepeatedByADoubleClick() throws Exception {
        AbortOperation aborts = aborts();
        CompletableFuture<ScriptResult> script = start("ignores_interrupt.py", false);
        awaitReady();
        openForcedAbort();
        assertThat(session.force()).isFalse();
        assertThat(end(script).getOutcome()).isEqualTo(Outcome.ABORTED);
        CompletableFuture<ScriptResult> safeguard = start("ignores_interrupt.py", true);
        awaitLog("ready\nready\n");
        ObjectNode force = Json.object().put("force", true);
        Command again = new Command(Command.ABORT, force, null, null, false, false, Requester.of("http", "me"));

        await().atMost(PATIENCE).until(() -> {
            aborts.join(openForcedAbort(), again);
            return safeguard.isDone();
        });

        assertThat(end(safeguard).getOutcome()).isEqualTo(Outcome.ABORTED);
    }

    /** A controller that stops gives scripts time; an observer may give them none. */
    @Test
    void isMoreUrgentThanAnAbortOfTheControllersOwn() throws Exception {
        CompletableFuture<ScriptResult> script = start("ignores_interrupt.py", false);
        awaitReady();
        sessions.requestAbort(session, "the controller, which is stopping");

        aborts().begin(openForcedAbort());

        assertThat(end(script).getOutcome()).isEqualTo(Outcome.ABORTED);
        assertThat(session.now().abort().signals()).endsWith("KILL");
    }

    /** A stopping controller interrupts what has not ended; the graces of a time-out may be much longer than it waits. */
    @Test
    void anInterruptIsAForcedAbortOfAScriptThatIsPastItsTime() throws Exception {
        ScriptCommand command = command("ignores_interrupt.py", Duration.ofSeconds(3), false);
        CompletableFuture<ScriptResult> script = new CompletableFuture<>();
        Thread waiting = new Thread(() -> script.complete(executor.execute(command)));
        waiting.start();
        awaitReady();
        String ladder = "end-of-session-" + session.id();
        await().atMost(PATIENCE).until(() -> Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> thread.getName().equals(ladder)));

        waiting.interrupt();

        assertThat(script.get(PATIENCE.toSeconds() / 2, TimeUnit.SECONDS).getOutcome())
                .isEqualTo(Outcome.TIMED_OUT);
    }
}
