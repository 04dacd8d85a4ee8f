package pysmurf.controller.script;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Body;
import org.apache.camel.ExchangeProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.command.Command;
import pysmurf.controller.operation.OperationSteps;
import pysmurf.controller.operation.OperationSteps.Reach;
import pysmurf.controller.script.process.AbortLadder.Graces;
import pysmurf.controller.session.AbortRecord;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.LiveSession.AbortRequest;
import pysmurf.controller.session.LogMark;
import pysmurf.controller.session.OperationFailure;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.Verdict;

/** The operations {@code abort} and {@code stop}: sessions of their own, which end when the one that they end has. */
public final class AbortOperation {

    private static final Logger LOG = LoggerFactory.getLogger(AbortOperation.class);

    private final ScriptExecutor scripts;
    private final OperationSteps steps;
    private final Sessions sessions;
    private final Graces graces;

    /** @param graces how long a step that is no script may go on after an interrupt */
    public AbortOperation(ScriptExecutor scripts, OperationSteps steps, Sessions sessions, Graces graces) {
        this.scripts = scripts;
        this.steps = steps;
        this.sessions = sessions;
        this.graces = graces;
    }

    /**
     * Begins to end what the session of a stop was opened for; does nothing for another one. An abort has begun by now: what it
     * reaches is what ran when it was accepted, and not the safeguard that begins then. Returns at once.
     */
    public void begin(@Body Verdict started) {
        LiveSession session = started.session();
        if (session.target() == null) {
            return;
        }
        if (session.opName().equals(Command.STOP)) {
            scripts.stop(session.target());
        } else if (AbortRequest.of(session.params()).force()
                && !session.target().abortRequested().join().force()) {
            // the controller itself had asked before, and less urgently
            endNow(session.target());
        }
    }

    private void endNow(LiveSession target) {
        scripts.force(target);
        steps.interrupt(target, Reach.CLEANUP);
    }

    /**
     * Waits for the end of the session that an abort's session was opened for.
     *
     * @throws OperationFailure if processes outlived even SIGKILL, or a step of its route does not end
     */
    public void abort(@ExchangeProperty(ScriptBinding.SESSION) LiveSession abort) {
        LiveSession target = abort.target();
        awaitEnd(target);
        AbortRecord record = target.now().abort();
        sessions.mergeData(abort, Json.<ObjectNode>tree(record).without("at"));
        if (record.survivors() > 0) {
            throw new OperationFailure(Outcome.FAILED, record.survivors() + " processes outlived SIGKILL");
        }
    }

    /**
     * Waits for the end of the session that a stop's session was opened for.
     *
     * @throws OperationFailure if that did not end cleanly
     */
    public void stop(@ExchangeProperty(ScriptBinding.SESSION) LiveSession stop) {
        Session ended = stop.target().ended().join().now();
        if (ended.outcome() != Outcome.SUCCEEDED) {
            throw new OperationFailure(
                    Outcome.FAILED,
                    "Session " + ended.id() + " ended as " + ended.outcome().word());
        }
    }

    private void awaitEnd(LiveSession target) {
        for (Duration grace : List.of(graces.interrupt(), graces.terminate(), graces.kill())) {
            if (stillOpen(List.of(target), grace).isEmpty()) {
                return;
            }
            // It may have been between two steps, or have swallowed the interrupt.
            steps.interrupt(target, Reach.SPREAD_STEPS);
        }
        steps.stubborn(target).ifPresent(step -> {
            throw new OperationFailure(
                    Outcome.FAILED, "Session " + target.id() + " goes on: its step " + step + " cannot be interrupted");
        });
        // The script that brings the crate to a safe state has its own limits.
        target.ended().join();
    }

    /** An abort that joins another can only make it more urgent. */
    public Verdict join(@Body Verdict verdict, @ExchangeProperty("command") Command command) {
        LiveSession target = verdict.session().target();
        if (AbortRequest.of(command.params()).force() && target.force()) {
            endNow(target);
        }
        return verdict;
    }

    /** Aborts every session, because the controller stops; returns when they have ended, or after this time. */
    public void abortAll(Duration atMost) {
        List<LiveSession> targets = sessions.unfinished().stream()
                .filter(session -> session.target() == null)
                .toList();
        for (LiveSession session : targets) {
            sessions.requestAbort(session, "the controller, which is stopping", atMost.minusSeconds(2));
        }
        stillOpen(targets, atMost.dividedBy(2)).forEach(session -> steps.interrupt(session, Reach.CLEANUP));
        for (LiveSession session : stillOpen(targets, atMost.dividedBy(2))) {
            LogMark.around(
                    session, () -> LOG.error("Session {} has not ended in {} s", session.id(), atMost.toSeconds()));
        }
    }

    private static List<LiveSession> stillOpen(List<LiveSession> targets, Duration atMost) {
        CompletableFuture.allOf(targets.stream().map(LiveSession::ended).toArray(CompletableFuture[]::new))
                .completeOnTimeout(null, atMost.toNanos(), TimeUnit.NANOSECONDS)
                .join();
        return targets.stream().filter(target -> !target.ended().isDone()).toList();
    }
}
