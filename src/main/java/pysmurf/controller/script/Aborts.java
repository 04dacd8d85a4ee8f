package pysmurf.controller.script;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.camel.Body;
import org.apache.camel.ExchangeProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.command.Command;
import pysmurf.controller.command.Verdict;
import pysmurf.controller.session.AbortRecord;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LogMark;
import pysmurf.controller.session.OperationFailure;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.Sessions;

/** The operation abort. Thread-safe. */
public final class Aborts {

    private static final Logger LOG = LoggerFactory.getLogger(Aborts.class);

    private final ScriptExecutor scripts;
    private final Sessions sessions;

    public Aborts(ScriptExecutor scripts, Sessions sessions) {
        this.scripts = scripts;
        this.sessions = sessions;
    }

    /** Begins to end what an abort's session was opened for; does nothing for any other session. Returns at once. */
    public void begin(@Body Verdict started) {
        Session session = started.session();
        if (session.victim() != null) {
            scripts.end(session.victim(), force(session));
        }
    }

    /**
     * Aborts the session that an abort's session was opened for, and waits for its end.
     *
     * @throws OperationFailure if processes outlived even SIGKILL
     */
    public void abort(@ExchangeProperty(ScriptBinding.SESSION) Session abort) {
        Session victim = abort.victim();
        scripts.end(victim, force(abort));
        victim.ended().join();
        AbortRecord record = victim.abort();
        sessions.mergeData(abort, Json.<ObjectNode>tree(record).without("at"));
        if (record.survivors() > 0) {
            throw new OperationFailure(Outcome.FAILED, record.survivors() + " processes outlived SIGKILL");
        }
    }

    /** An abort that joins another can only make it more urgent. */
    public Verdict join(@Body Verdict verdict, @ExchangeProperty("command") Command command) {
        if (command.params().path("force").asBoolean()) {
            scripts.end(verdict.session().victim(), true);
        }
        return verdict;
    }

    private static boolean force(Session abort) {
        return abort.params().path("force").asBoolean();
    }

    /** Aborts whatever holds the lock, because the controller stops; returns when it has ended, or after this time. */
    public void abortAll(Duration atMost) {
        sessions.holder().ifPresent(session -> {
            sessions.requestAbort(session, "the controller, which is stopping");
            scripts.end(session, atMost.minusSeconds(2));
            try {
                session.ended().get(atMost.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                LogMark.around(
                        session, () -> LOG.error("Session {} has not ended in {} s", session.id(), atMost.toSeconds()));
            } catch (ExecutionException e) {
                throw new CompletionException(e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }
}
