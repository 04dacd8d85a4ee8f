package pysmurf.controller.script;

import java.io.IOException;
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
import pysmurf.controller.script.process.AbortLadder.Graces;
import pysmurf.controller.script.process.LeaderProcess;
import pysmurf.controller.script.process.OutputFollower;
import pysmurf.controller.script.process.OutputLimits;
import pysmurf.controller.script.process.ProcessId;
import pysmurf.controller.script.process.ProcessTree;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.OperationFailure;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.ScriptMark;
import pysmurf.controller.session.Session;
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
    private final Map<Integer, RunningScript> running = new ConcurrentHashMap<>();
    private final Map<Integer, SessionOutput> outputs = new ConcurrentHashMap<>();

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
        Session session = script.session();
        return await(session, start(script));
    }

    private ScriptResult await(Session session, RunningScript script) {
        try {
            return script.await();
        } finally {
            running.remove(session.id(), script);
        }
    }

    /**
     * Takes over the script of a session that was running when an earlier life of the controller ended; from now on it can be
     * aborted. {@link #resume} has to follow.
     */
    void adopt(Session session, ProcessTree tree) throws IOException {
        ScriptMark mark = session.script();
        SessionOutput output = SessionOutput.reopen(sessions, session);
        outputs.put(session.id(), output);
        session.ended().thenRun(() -> {
            outputs.remove(session.id());
            output.close();
        });
        Inlet inlet = inbox.again(session, mark.port());
        Duration left = left(mark, session.startTime(), Json.seconds(clock.instant()));
        ScriptCommand command =
                new ScriptCommand(session, "", Path.of(mark.script()), List.of(), left, false, mark.stage());
        RunningScript script = runningScript(
                command,
                ScriptProcess.found(tree),
                mark.pid(),
                tree,
                inlet,
                Path.of(mark.resultFile()),
                output,
                output.size());
        running.put(session.id(), script);
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
    ScriptResult resume(Session session) {
        return await(session, running.get(session.id()));
    }

    private RunningScript start(ScriptCommand command) {
        Session session = command.session();
        SessionOutput output = outputs.computeIfAbsent(session.id(), id -> openOutput(session));
        output.scriptBegins();
        try {
            Inlet inlet = inbox.of(session);
            // the same monitor under which an abort is requested: either the script sees the abort, or the abort sees
            // the
            // script
            synchronized (session) {
                if (session.abort() != null && !command.always()) {
                    throw new OperationFailure(
                            Outcome.ABORTED,
                            "Aborted before " + command.script().getFileName());
                }
                RunningScript script = launch(command, output, inlet);
                running.put(session.id(), script);
                return script;
            }
        } catch (IOException e) {
            throw new OperationFailure(Outcome.FAILED, "The script could not be started: " + e.getMessage());
        }
    }

    private SessionOutput openOutput(Session session) {
        SessionOutput output = SessionOutput.open(sessions, session, limits.outputFolder(), logTargets);
        session.ended().thenRun(() -> {
            outputs.remove(session.id());
            output.close();
        });
        return output;
    }

    private RunningScript launch(ScriptCommand command, SessionOutput output, Inlet inlet) throws IOException {
        Session session = command.session();
        String unique = UUID.randomUUID().toString();
        String marker = MARKER + "=" + unique;
        Path reportFile = limits.outputFolder().resolve(session.id() + "-" + unique.substring(0, 8) + ".result.json");
        long offset = output.size();
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
        sessions.starting(session, mark);
        LeaderProcess process = LeaderProcess.start(commandLine(command), environment, output.file());
        ProcessTree tree = ProcessTree.of(process.pid(), marker);
        long ticks = tree.leader().map(ProcessId::startTicks).orElse(0L);
        sessions.started(session, mark.startedAs(process.pid(), ticks));
        LOG.debug("{} is process {}", command, process.pid());
        return runningScript(
                command, ScriptProcess.child(process), process.pid(), tree, inlet, reportFile, output, offset);
    }

    private BigDecimal until(ScriptCommand command) {
        return command.limit() == null ? null : Json.seconds(clock.instant().plus(command.limit()));
    }

    private RunningScript runningScript(
            ScriptCommand command,
            ScriptProcess process,
            long pid,
            ProcessTree tree,
            Inlet inlet,
            Path reportFile,
            SessionOutput output,
            long offset)
            throws IOException {
        RunningScript script = new RunningScript(
                command,
                process,
                pid,
                tree,
                sessions,
                inlet,
                new Graces(limits.interruptGrace(), limits.terminateGrace()),
                limits.leftovers(),
                reportFile,
                output);
        script.follow(OutputFollower.follow(
                "output-of-session-" + command.session().id(),
                output.file(),
                offset,
                OutputLimits.of(limits.maxOutput()),
                output::accept,
                script::endForTooMuchOutput,
                output::allGiven));
        return script;
    }

    private static List<String> commandLine(ScriptCommand command) {
        List<String> words = new ArrayList<>(
                List.of(command.getExecutable(), "-u", command.script().toString()));
        words.addAll(command.getArgs());
        return words;
    }

    /**
     * Ends what runs in a session, if anything does; returns at once. What is started later in the session sees
     * {@link Session#abort}.
     *
     * @param force without a ladder
     */
    public void end(Session session, boolean force) {
        end(session, force, new Graces(limits.interruptGrace(), limits.terminateGrace()));
    }

    /** As {@link #end(Session, boolean)}, in no more time than this before SIGKILL. */
    void end(Session session, Duration atMost) {
        Duration interrupt =
                least(limits.interruptGrace(), atMost.multipliedBy(3).dividedBy(4));
        Duration terminate = least(limits.terminateGrace(), atMost.dividedBy(4));
        end(session, false, new Graces(interrupt, terminate));
    }

    private void end(Session session, boolean force, Graces graces) {
        RunningScript script;
        synchronized (session) {
            script = running.get(session.id());
        }
        if (script != null && (force || !script.always())) {
            script.end(Outcome.ABORTED, null, force, graces);
        }
    }

    private static Duration least(Duration one, Duration other) {
        return one.compareTo(other) <= 0 ? one : other;
    }
}
