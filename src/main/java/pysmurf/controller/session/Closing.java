package pysmurf.controller.session;

import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes a session when its operation's route has come to an end, whatever end that was. */
public final class Closing {

    private static final Logger LOG = LoggerFactory.getLogger(Closing.class);

    /** Something that is done when the outcome of a session is known and before it is closed. */
    @FunctionalInterface
    public interface LastAct {

        /** Does it; must not throw for anything that the outcome does not depend on. */
        void perform(LiveSession session, Outcome outcome);
    }

    private final Sessions sessions;
    private final LastAct lastAct;

    public Closing(Sessions sessions, LastAct lastAct) {
        this.sessions = sessions;
        this.lastAct = lastAct;
    }

    /** The route came to its end. */
    public void completed(@ExchangeProperty("session") LiveSession session) {
        close(session, session.now().abort() == null ? Outcome.SUCCEEDED : Outcome.ABORTED, null);
    }

    /** The route failed. */
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

    private void close(LiveSession session, Outcome outcome, String finalText) {
        sessions.conclude(session, () -> conclude(session, outcome, finalText));
    }

    private void conclude(LiveSession session, Outcome outcome, String finalText) {
        // its last script may have been aborted when the route was over already
        Outcome ended = session.now().abort() == null ? outcome : Outcome.ABORTED;
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
