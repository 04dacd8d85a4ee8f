package pysmurf.controller.script;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import org.apache.camel.component.exec.ExecCommand;
import org.apache.camel.component.exec.ExecCommandExecutor;
import org.apache.camel.component.exec.ExecResult;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.publisher.Inlet;
import pysmurf.controller.publisher.PublisherInbox;
import pysmurf.controller.script.process.AbortLadder;
import pysmurf.controller.script.process.AbortLadder.Graces;
import pysmurf.controller.script.process.OutputFollower;
import pysmurf.controller.script.process.ProcessGroup;
import pysmurf.controller.script.process.ProcessId;
import pysmurf.controller.script.process.ProcessTree;
import pysmurf.controller.script.process.Signal;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.OperationFailure;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.ScriptMark;
import pysmurf.controller.session.Sessions;

/**
 * Runs scripts for camel-exec, each on the calling thread. Camel's own executor collects all output in memory, ends only the process
 * it started, and waits for any process that still holds a pipe. Here a script writes straight into a file, is followed there, and is
 * ended with all that belongs to it.
 */
public final class ScriptExecutor implements ExecCommandExecutor {

    private static final Logger LOG = LoggerFactory.getLogger(ScriptExecutor.class);

    /** Its value is unique, so that the processes of a session are never mistaken for those of another controller's. */
    private static final String MARKER = "PYSMURF_SESSION_MARK";

    /** How often an adopted script is looked at, since only the parent of a process learns of its end. */
    private static final long ADOPTED_PAUSE_NANOS = 50_000_000;

    private final ScriptLimits limits;
    private final LogTargets logTargets;
    private final Sessions sessions;
    private final PublisherInbox inbox;
    private final Clock clock;
    private final Map<Integer, SessionScripts> scripts = new ConcurrentHashMap<>();

    public ScriptExecutor(
            ScriptLimits limits, LogTargets logTargets, Sessions sessions, PublisherInbox inbox, Clock clock) {
        this.limits = limits;
        this.logTargets = logTargets;
        this.sessions = sessions;
        this.inbox = inbox;
        this.clock = clock;
    }

    @Override
    public ExecResult execute(ExecCommand execCommand) {
        ScriptCommand command = (ScriptCommand) execCommand;
        LiveSession session = command.session;
        SessionScripts all = scripts(session);
        RunningScript script = new RunningScript(command, sessions, limits);
        if (command.always) {
            all.endBeforeSafeguard();
        }
        Optional<String> refusal = all.enter(script);
        if (refusal.isPresent()) {
            return refuse(command, refusal.get());
        }
        try {
            SessionOutput output =
                    all.output(() -> SessionOutput.open(sessions, session, limits.outputFolder(), logTargets));
            begin(output, all);
            try {
                if (script.isEnding()) {
                    return refuse(command, "session " + session.id() + " is being aborted");
                }
                script.started(start(command, output, inbox.of(session)));
                return script.await(output);
            } finally {
                output.end();
            }
        } catch (IOException e) {
            throw new OperationFailure(Outcome.FAILED, "The script could not be started: " + e.getMessage());
        } finally {
            all.leave(script);
        }
    }

    private void begin(SessionOutput output, SessionScripts all) throws IOException {
        output.begin(
                OutputFollower.Limits.of(limits.maxOutput()),
                () -> all.fail("The script wrote more than scripts.max-output allows"));
    }

    private SessionScripts scripts(LiveSession session) {
        return scripts.computeIfAbsent(session.id(), id -> {
            // Off the map's lock: for a session that has ended this would run at once.
            session.ended().thenRunAsync(() -> scripts.remove(id));
            return new SessionScripts(sessions, session);
        });
    }

    /**
     * Says so in the log and the session, too, since a route that goes on by itself (a wire tap) fails unseen. For a safeguard that
     * an abort keeps from starting this is a result like any other: its stage raises the alarm.
     */
    private ScriptResult refuse(ScriptCommand command, String why) {
        LOG.error("{} is not started: {}", command, why);
        String text = command.name() + " is not started: " + why;
        LiveSession session = command.session;
        if (!session.isDone()) {
            sessions.message(session, "ERROR: " + text);
        }
        Outcome outcome = session.now().abort() == null ? Outcome.FAILED : Outcome.ABORTED;
        if (command.always && outcome == Outcome.ABORTED && !session.isDone()) {
            return new ScriptResult(command, RunningScript.UNKNOWN_EXIT_CODE, outcome, text, Json.object());
        }
        throw new OperationFailure(outcome, text);
    }

    private RunningScript.Started start(ScriptCommand command, SessionOutput output, Inlet inlet) throws IOException {
        LiveSession session = command.session;
        String unique = UUID.randomUUID().toString();
        String marker = MARKER + "=" + unique;
        Path reportFile = limits.outputFolder().resolve(session.id() + "-" + unique.substring(0, 8) + ".result.json");
        Map<String, String> environment = new HashMap<>(limits.environment());
        environment.put("PYSMURF_SESSION_ID", Integer.toString(session.id()));
        environment.put(MARKER, unique);
        environment.put("PYSMURF_RESULT_FILE", reportFile.toString());
        environment.put("SMURFPUB_UDP_PORT", Integer.toString(inlet.port()));
        BigDecimal until =
                command.limit == null ? null : Json.seconds(clock.instant().plus(command.limit));
        ScriptMark mark = new ScriptMark(
                marker,
                null,
                null,
                command.script.toString(),
                command.stage,
                until,
                reportFile.toString(),
                inlet.port());
        // Written first, so that the script is found whatever happens then.
        sessions.update(session, now -> now.withScript(mark));
        List<String> words = new ArrayList<>(List.of(command.getExecutable(), "-u", command.script.toString()));
        words.addAll(command.getArgs());
        ProcessGroup process = ProcessGroup.start(words, environment, output.file());
        boolean known = false;
        try {
            ProcessTree tree = ProcessTree.of(process.pid(), marker);
            long ticks = tree.leader().map(ProcessId::startTicks).orElse(0L);
            ScriptMark started = mark.startedAs(process.pid(), ticks);
            // Written at once, too, or after a crash a child of it could be taken for it.
            sessions.update(session, now -> now.withScript(started));
            LOG.debug("{} is process {}", command, process.pid());
            known = true;
            return new RunningScript.Started(started, process.exit(), tree, inlet);
        } finally {
            if (!known) {
                endAtOnce(process, marker);
            }
        }
    }

    /** No thread will wait for this script, so it must not live on. Needs no file descriptor, as none may be left. */
    private static void endAtOnce(ProcessGroup process, String marker) {
        Signal.kill(-process.pid(), Signal.KILL);
        process.exit().join();
        try {
            Graces none = new Graces(Duration.ZERO, Duration.ZERO);
            new AbortLadder(ProcessTree.of(process.pid(), marker), none, signal -> {}).run();
        } catch (UncheckedIOException e) {
            LOG.error("What process {} left behind, if anything, cannot be looked for", process.pid(), e);
        }
    }

    /**
     * Takes over the script of a session that was running when the controller died; from now on it can be aborted. {@link #resume}
     * has to follow.
     */
    void adopt(LiveSession session, ScriptMark mark, ProcessTree tree) throws IOException {
        SessionScripts all = scripts(session);
        begin(all.output(() -> SessionOutput.reopen(sessions, session)), all);
        Duration left = left(mark, session.now().startTime(), Json.seconds(clock.instant()));
        ScriptCommand command =
                new ScriptCommand(session, "", Path.of(mark.script()), List.of(), left, false, mark.stage());
        RunningScript script = new RunningScript(command, sessions, limits);
        all.enter(script).ifPresent(refusal -> {
            throw new IllegalStateException(refusal);
        });
        script.started(new RunningScript.Started(mark, endOf(tree), tree, inbox.again(session, mark.port())));
    }

    private static CompletableFuture<Integer> endOf(ProcessTree tree) {
        CompletableFuture<Integer> end = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    while (lives(tree)) {
                        LockSupport.parkNanos(ADOPTED_PAUSE_NANOS);
                    }
                    end.complete(null);
                },
                "end-of-adopted-script");
        thread.setDaemon(true);
        thread.start();
        return end;
    }

    private static boolean lives(ProcessTree tree) {
        try {
            return tree.isMainAlive();
        } catch (UncheckedIOException e) {
            LOG.debug("Cannot tell whether an adopted script lives", e);
            return true;
        }
    }

    /** The clock may have been set back meanwhile: there cannot be more time left than when the session began. */
    static Duration left(ScriptMark mark, BigDecimal sessionStart, BigDecimal now) {
        if (mark.until() == null) {
            return null;
        }
        BigDecimal seconds = mark.until().subtract(now.max(sessionStart)).max(BigDecimal.ZERO);
        return Duration.ofMillis(seconds.movePointRight(3).longValue());
    }

    ScriptResult resume(LiveSession session) {
        SessionScripts all = scripts(session);
        RunningScript script = all.adopted();
        SessionOutput output = all.output(() -> {
            throw new IllegalStateException("session " + session.id() + " was not adopted");
        });
        try {
            return script.await(output);
        } finally {
            output.end();
            all.leave(script);
        }
    }

    /** Aborts what runs in a session, or is just being started; returns at once. */
    void abort(LiveSession session, boolean force) {
        scripts(session).abort(force, limits.graces());
    }

    /** The abort of a session becomes a forced one; returns at once. */
    void force(LiveSession session) {
        scripts(session).force(limits.graces());
    }

    /** As {@link #abort(LiveSession, boolean)}, in no more time than this before SIGKILL. */
    void abort(LiveSession session, Duration atMost) {
        Graces usual = limits.graces();
        Graces graces = new Graces(
                Collections.min(
                        List.of(usual.interrupt(), atMost.multipliedBy(3).dividedBy(4))),
                Collections.min(List.of(usual.terminate(), atMost.dividedBy(4))));
        scripts(session).abort(false, graces);
    }
}
