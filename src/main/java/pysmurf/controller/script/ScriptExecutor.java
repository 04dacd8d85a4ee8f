package pysmurf.controller.script;

import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.apache.camel.component.exec.ExecCommand;
import org.apache.camel.component.exec.ExecCommandExecutor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.publisher.Inlet;
import pysmurf.controller.publisher.PublisherInbox;
import pysmurf.controller.script.process.AbortLadder.Graces;
import pysmurf.controller.script.process.OutputFollower;
import pysmurf.controller.script.process.ProcessEnd;
import pysmurf.controller.script.process.ProcessTree;
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

    private final ScriptLimits limits;
    private final LogTargets logTargets;
    private final Sessions sessions;
    private final PublisherInbox inbox;
    private final Clock clock;
    private final Function<LiveSession, Duration> stopGrace;
    private final RunningScript.Starter starter;
    private final Map<Integer, SessionScripts> scripts = new ConcurrentHashMap<>();

    /** @param stopGrace how long the scripts of a session may take to end after a stop */
    public ScriptExecutor(
            ScriptLimits limits,
            LogTargets logTargets,
            Sessions sessions,
            PublisherInbox inbox,
            Clock clock,
            Function<LiveSession, Duration> stopGrace,
            RunningScript.Starter starter) {
        this.starter = starter;
        this.stopGrace = stopGrace;
        this.limits = limits;
        this.logTargets = logTargets;
        this.sessions = sessions;
        this.inbox = inbox;
        this.clock = clock;
    }

    private SessionScripts scripts(LiveSession session) {
        SessionScripts known = scripts.get(session.id());
        if (known != null) {
            return known;
        }
        SessionScripts made = scripts.computeIfAbsent(session.id(), id -> {
            SessionScripts first = new SessionScripts(sessions, session);
            session.abortRequested()
                    .thenAccept(request -> first.abort(request.force(), graces(request.atMost())))
                    .exceptionally(fault -> {
                        LOG.error("Session {} cannot be aborted", session.id(), fault);
                        return null;
                    });
            return first;
        });
        session.ended().thenRun(() -> scripts.remove(session.id()));
        return made;
    }

    @Override
    public ScriptResult execute(ExecCommand execCommand) {
        ScriptCommand command = (ScriptCommand) execCommand;
        LiveSession session = command.session;
        SessionScripts all = scripts(session);
        RunningScript script = new RunningScript(command, sessions, limits, starter);
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
                if (script.isEnding()
                        || script.isStopping()
                        || !script.start(output.file(), inbox.open(session), clock)) {
                    String how = script.isEnding() ? "aborted" : "stopped";
                    return refuse(command, "session " + session.id() + " is being " + how);
                }
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

    /**
     * Says so in the log and the session, too, since a route that goes on by itself (a wire tap) fails unseen. For a safeguard that
     * an abort keeps from starting this is a result like any other: its stage raises the alarm.
     */
    private ScriptResult refuse(ScriptCommand command, String why) {
        String text = command.name() + " is not started: " + why;
        LiveSession session = command.session;
        if (session.now().isStopping()) {
            // a process that has not begun ends cleanly
            sessions.message(session, text);
            return new ScriptResult(command, null, Outcome.SUCCEEDED, null, Json.object());
        }
        LOG.error("{} is not started: {}", command, why);
        if (!session.isDone()) {
            sessions.message(session, "ERROR: " + text);
        }
        Outcome outcome = session.now().abort() == null ? Outcome.FAILED : Outcome.ABORTED;
        if (command.always && outcome == Outcome.ABORTED && !session.isDone()) {
            return new ScriptResult(command, null, outcome, text, Json.object());
        }
        throw new OperationFailure(outcome, text);
    }

    /**
     * Takes over the script of a session that was running when the controller died; from now on it can be aborted. {@link #resume}
     * has to follow.
     */
    void adopt(LiveSession session, ScriptMark mark, ProcessTree tree) throws IOException {
        // What follows the output is not closed again if this fails; an inlet closes with its session.
        Inlet inlet = inbox.reopen(session, mark.port());
        SessionScripts all = scripts(session);
        begin(all.output(() -> SessionOutput.reopen(sessions, session)), all);
        Duration left = left(mark, session.now().startTime(), Json.seconds(clock.instant()));
        ScriptCommand command =
                new ScriptCommand(session, "", Path.of(mark.script()), List.of(), left, false, mark.stage());
        RunningScript script = new RunningScript(command, sessions, limits, starter);
        all.enterAgain(script).ifPresent(refusal -> {
            throw new IllegalStateException(refusal);
        });
        script.adopted(mark, ProcessEnd.of(tree.leader().orElseThrow(), mark.exitFile()), tree, inlet);
    }

    /** The clock may have been set back meanwhile: there cannot be more time left than when the session began. */
    static Duration left(ScriptMark mark, BigDecimal sessionStart, BigDecimal now) {
        if (mark.until() == null) {
            return null;
        }
        BigDecimal seconds = mark.until().subtract(now.max(sessionStart)).max(BigDecimal.ZERO);
        return Duration.ofMillis(seconds.movePointRight(3).longValue());
    }

    /** Waits for the script that {@link #adopt} took over. */
    ScriptResult resume(LiveSession session) {
        SessionScripts all = scripts(session);
        RunningScript script = all.adopted();
        SessionOutput output = all.output(() -> SessionOutput.reopen(sessions, session));
        if (session.now().isStopping()) {
            // whether it was asked before the controller died is not known
            stop(session);
        }
        try {
            return script.await(output);
        } finally {
            output.end();
            all.leave(script);
        }
    }

    /** Asks what runs in a session to end cleanly; returns at once. */
    void stop(LiveSession session) {
        scripts(session).stop(stopGrace.apply(session));
    }

    /** Kills what runs in a session that is being aborted, or is just being started; safeguards, too. Returns at once. */
    void force(LiveSession session) {
        scripts(session).abort(true, limits.graces());
    }

    private Graces graces(Duration atMost) {
        return atMost == null ? limits.graces() : limits.graces().within(atMost);
    }
}
