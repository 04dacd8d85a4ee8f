package pysmurf.controller.script;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
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
 * Runs scripts for camel-exec. In place of Camel's own executor, which collects all output in memory, ends only the process it
 * started, and waits for whoever still holds a pipe: here a script writes straight into a file, is followed there, and is ended
 * with all that belongs to it. Thread-safe; a script is run on the calling thread.
 */
public final class ScriptExecutor implements ExecCommandExecutor {

    private static final Logger LOG = LoggerFactory.getLogger(ScriptExecutor.class);

    /** Unique in the world, so that the processes of a session are never mistaken for those of another controller's. */
    private static final String MARKER = "PYSMURF_SESSION_MARK";

    private final ScriptLimits limits;
    private final LogTargets logTargets;
    private final Sessions sessions;
    private final PublisherInbox inbox;
    private final Clock clock;
    private final Map<Integer, SessionScripts> scripts = new ConcurrentHashMap<>();
    /** Adopted, and not yet waited for. */
    private final Map<Integer, RunningScript> adopted = new ConcurrentHashMap<>();

    public ScriptExecutor(
            ScriptLimits limits, LogTargets logTargets, Sessions sessions, PublisherInbox inbox, Clock clock) {
        this.limits = limits;
        this.logTargets = logTargets;
        this.sessions = sessions;
        this.inbox = inbox;
        this.clock = clock;
    }

    @Override
    public ExecResult execute(ExecCommand command) {
        ScriptCommand script = (ScriptCommand) command;
        LiveSession session = script.session();
        SessionScripts all = scripts(session);
        if (script.always()) {
            endOthers(all);
        }
        sessions.enter(session, script.always()).ifPresent(refusal -> refuse(script, refusal));
        try {
            SessionOutput output = all.output(() -> {
                SessionOutput opened = SessionOutput.open(sessions, session, limits.outputFolder(), logTargets);
                session.ended().thenRun(opened::close);
                return opened;
            });
            long offset = output.size();
            output.begin(offset, OutputFollower.Limits.of(limits.maxOutput()), () -> endForTooMuchOutput(session));
            try {
                return await(all, start(script, all, output));
            } finally {
                output.end();
            }
        } catch (IOException e) {
            throw new OperationFailure(Outcome.FAILED, "The script could not be started: " + e.getMessage());
        } finally {
            sessions.leave(session);
        }
    }

    private static void endOthers(SessionScripts all) {
        try {
            all.endBeforeSafeguard();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new OperationFailure(Outcome.ABORTED, "Aborted");
        }
    }

    private RunningScript start(ScriptCommand command, SessionScripts all, SessionOutput output) throws IOException {
        if (!all.starts(command.always())) {
            refuse(command, "a safeguard of session " + command.session().id() + " has begun");
        }
        boolean started = false;
        try {
            RunningScript script = launch(command, output, inbox.of(command.session()));
            all.add(script);
            started = true;
            return script;
        } finally {
            if (!started) {
                all.notStarted();
            }
        }
    }

    private SessionScripts scripts(LiveSession session) {
        SessionScripts known = scripts.get(session.id());
        if (known != null) {
            return known;
        }
        SessionScripts all = new SessionScripts();
        SessionScripts earlier = scripts.putIfAbsent(session.id(), all);
        if (earlier != null) {
            return earlier;
        }
        session.ended().thenRun(() -> scripts.remove(session.id()));
        return all;
    }

    /** The log and the session are told, since a route that goes on by itself (a wire tap) fails unseen. */
    private void refuse(ScriptCommand script, String why) {
        String text = script.script().getFileName() + " is not started: " + why;
        LOG.error("{} is not started: {}", script, why);
        LiveSession session = script.session();
        if (!session.isDone()) {
            sessions.message(session, "ERROR: " + text);
        }
        throw new OperationFailure(session.now().abort() == null ? Outcome.FAILED : Outcome.ABORTED, text);
    }

    private void endForTooMuchOutput(LiveSession session) {
        scripts(session).fail("The script wrote more than scripts.max-output allows");
    }

    private static ScriptResult await(SessionScripts all, RunningScript script) {
        try {
            return script.await();
        } finally {
            all.remove(script);
        }
    }

    /**
     * Takes over the script of a session that was running when an earlier life of the controller ended; from now on it can be
     * aborted. {@link #resume} has to follow.
     */
    void adopt(LiveSession session, ScriptMark mark, ProcessTree tree) throws IOException {
        SessionOutput output = scripts(session).output(() -> SessionOutput.reopen(sessions, session));
        session.ended().thenRun(output::close);
        output.begin(output.size(), OutputFollower.Limits.of(limits.maxOutput()), () -> endForTooMuchOutput(session));
        sessions.enter(session, true).ifPresent(refusal -> {
            throw new IllegalStateException(refusal);
        });
        Inlet inlet = inbox.again(session, mark.port());
        Duration left = left(mark, session.now().startTime(), Json.seconds(clock.instant()));
        ScriptCommand command =
                new ScriptCommand(session, "", Path.of(mark.script()), List.of(), left, false, mark.stage());
        RunningScript script = runningScript(command, mark, ScriptProcess.found(tree), tree, inlet, output);
        adopted.put(session.id(), script);
        scripts(session).starts(true);
        scripts(session).add(script);
    }

    /** By the clock, which may have been set back since: more than there was when the session began cannot be left. */
    static Duration left(ScriptMark mark, BigDecimal sessionStart, BigDecimal now) {
        if (mark.until() == null) {
            return null;
        }
        BigDecimal seconds = mark.until().subtract(now.max(sessionStart)).max(BigDecimal.ZERO);
        return Duration.ofMillis(seconds.movePointRight(3).longValue());
    }

    /** Waits for the end of a script that was adopted. */
    ScriptResult resume(LiveSession session) {
        SessionOutput output = scripts(session).output(() -> {
            throw new IllegalStateException("session " + session.id() + " was not adopted");
        });
        try {
            return await(scripts(session), adopted.remove(session.id()));
        } finally {
            output.end();
            sessions.leave(session);
        }
    }

    private RunningScript launch(ScriptCommand command, SessionOutput output, Inlet inlet) throws IOException {
        LiveSession session = command.session();
        String unique = UUID.randomUUID().toString();
        String marker = MARKER + "=" + unique;
        Path reportFile = limits.outputFolder().resolve(session.id() + "-" + unique.substring(0, 8) + ".result.json");
        Map<String, String> environment = new HashMap<>(limits.environment());
        environment.put("PYSMURF_SESSION_ID", Integer.toString(session.id()));
        environment.put(MARKER, unique);
        environment.put("PYSMURF_RESULT_FILE", reportFile.toString());
        environment.put("SMURFPUB_UDP_PORT", Integer.toString(inlet.port()));
        ScriptMark mark = new ScriptMark(
                marker,
                null,
                null,
                command.script().toString(),
                command.stage(),
                until(command),
                reportFile.toString(),
                inlet.port());
        // written first, so that it is found whatever happens then
        sessions.update(session, now -> now.withScript(mark));
        ProcessGroup process = ProcessGroup.start(commandLine(command), environment, output.file());
        boolean known = false;
        try {
            ProcessTree tree = ProcessTree.of(process.pid(), marker);
            long ticks = tree.leader().map(ProcessId::startTicks).orElse(0L);
            ScriptMark started = mark.startedAs(process.pid(), ticks);
            // written at once, too, or a child of it could be taken for it after a crash
            sessions.update(session, now -> now.withScript(started));
            LOG.debug("{} is process {}", command, process.pid());
            RunningScript script = runningScript(command, started, ScriptProcess.child(process), tree, inlet, output);
            known = true;
            return script;
        } finally {
            if (!known) {
                endAtOnce(process, marker);
            }
        }
    }

    /** A script that nobody will wait for must not live on. Needs no descriptor, of which there may be none left. */
    private static void endAtOnce(ProcessGroup process, String marker) {
        Signal.KILL.sendToGroup(process.pid());
        process.exit().join();
        try {
            new AbortLadder(
                            ProcessTree.of(process.pid(), marker),
                            new Graces(Duration.ZERO, Duration.ZERO),
                            signal -> {})
                    .run();
        } catch (UncheckedIOException e) {
            LOG.error("What process {} left behind, if anything, cannot be looked for", process.pid(), e);
        }
    }

    private BigDecimal until(ScriptCommand command) {
        return command.limit() == null ? null : Json.seconds(clock.instant().plus(command.limit()));
    }

    private RunningScript runningScript(
            ScriptCommand command,
            ScriptMark mark,
            ScriptProcess process,
            ProcessTree tree,
            Inlet inlet,
            SessionOutput output) {
        return new RunningScript(
                command, mark, process, mark.pid(), tree, sessions, inlet, graces(), limits.leftovers(), output);
    }

    private Graces graces() {
        return new Graces(limits.interruptGrace(), limits.terminateGrace());
    }

    private static List<String> commandLine(ScriptCommand command) {
        List<String> words = new ArrayList<>(
                List.of(command.getExecutable(), "-u", command.script().toString()));
        words.addAll(command.getArgs());
        return words;
    }

    /**
     * Aborts what runs in a session, if anything does; returns at once. What is just being started is ended, too.
     *
     * @param force without a ladder
     */
    public void abort(LiveSession session, boolean force) {
        scripts(session).abort(force, graces());
    }

    /** As {@link #abort(Session, boolean)}, in no more time than this before SIGKILL. */
    void abort(LiveSession session, Duration atMost) {
        Duration interrupt =
                least(limits.interruptGrace(), atMost.multipliedBy(3).dividedBy(4));
        Duration terminate = least(limits.terminateGrace(), atMost.dividedBy(4));
        scripts(session).abort(false, new Graces(interrupt, terminate));
    }

    private static Duration least(Duration one, Duration other) {
        return one.compareTo(other) <= 0 ? one : other;
    }
}
