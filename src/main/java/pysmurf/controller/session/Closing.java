package pysmurf.controller.session;

import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Closes a session when its operation's route has come to an end, whatever end that was. Thread-safe. */
public final class Closing {

    private static final Logger LOG = LoggerFactory.getLogger(Closing.class);

    private final Sessions sessions;

    public Closing(Sessions sessions) {
        this.sessions = sessions;
    }

    /**
     * Goes on with a fault that a route caught to put things right first.
     *
     * @throws Exception the fault
     */
    public void rethrow(@ExchangeProperty(Exchange.EXCEPTION_CAUGHT) Exception fault) throws Exception {
        throw fault;
    }

    /** The route came to its end. */
    public void completed(@ExchangeProperty("session") Session session) {
        sessions.close(session, session.abort() == null ? Outcome.SUCCEEDED : Outcome.ABORTED, null);
    }

    /** The route failed. */
    public void failed(@ExchangeProperty("session") Session session,
            @ExchangeProperty(Exchange.EXCEPTION_CAUGHT) Throwable fault) {
        if (session.abort() != null) {
            sessions.close(session, Outcome.ABORTED, fault instanceof OperationFailure ? fault.getMessage() : "Aborted");
        } else if (fault instanceof OperationFailure failure) {
            sessions.close(session, failure.outcome(), failure.getMessage());
        } else {
            LOG.error("Operation {} of session {} failed", session.opName(), session.id(), fault);
            sessions.close(session, Outcome.FAILED, "ERROR: " + fault);
        }
    }
}
