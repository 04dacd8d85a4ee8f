package pysmurf.controller.session;

import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes a session when its operation's route has ended, however that was. */
public final class SessionCloser {

    private static final Logger LOG = LoggerFactory.getLogger(SessionCloser.class);

    /** What is done when the outcome of a session is known and before it is closed. */
    @FunctionalInterface
    public interface LastAct {

        /** Throws only if the outcome depends on it. */
        void perform(LiveSession session, Outcome outcome);
    }

    private final Sessions sessions;
    private final LastAct lastAct;

    public SessionCloser(Sessions sessions, LastAct lastAct) {
        this.sessions = sessions;
        this.lastAct = lastAct;
    }

    public void completed(@ExchangeProperty("session") LiveSession session) {
        close(session, session.now().abort() == null ? Outcome.SUCCEEDED : Outcome.ABORTED, null);
    }

    public void failed(
            @ExchangeProperty("session") LiveSession session,
            @ExchangeProperty(Exchange.EXCEPTION_CAUGHT) Throwable fault) {
        if (session.now().abort() != null) {
            close(session, Outcome.ABORTED, fault instanceof OperationFailure ? fault.getMessage() : "Aborted");
        } else if (fault instanceof OperationFailure failure) {
            close(session, failure.outcome(), failure.getMessage());
        } else {
            LOG.error("Operation {} of session {} failed", session.opName(), session.id(), fault);
            close(session, Outcome.FAILED, "ERROR: " + fault);
        }
    }

    /** Closes a session that ends so, when its last script is over. */
    public void close(LiveSession session, Outcome outcome, String finalText) {
        sessions.conclude(session, () -> conclude(session, outcome, finalText));
    }

    private void conclude(LiveSession session, Outcome outcome, String finalText) {
        // Its last script may have been aborted after the route was over. What a crash left is ended in the same way,
        // but was not
        // aborted by anyone.
        Outcome ended = session.now().abort() == null || outcome == Outcome.INTERRUPTED ? outcome : Outcome.ABORTED;
        sessions.endStages(session, ended);
        try {
            lastAct.perform(session, ended);
        } catch (RuntimeException e) {
            LOG.error("Session {} is closed without its last act", session.id(), e);
            sessions.message(session, "ERROR: " + e.getMessage());
        } finally {
            sessions.close(session, ended, finalText);
        }
    }
}
