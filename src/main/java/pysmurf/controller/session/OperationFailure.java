package pysmurf.controller.session;

/** An operation ends here, and its session with it, with an outcome that is no success. */
public class OperationFailure extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final Outcome outcome;

    /**
     * @param outcome any but succeeded
     * @param message why, for the people who look at the session; null where the session tells already
     */
    public OperationFailure(Outcome outcome, String message) {
        // the session tells the story; a stack trace of the route engine would add nothing
        super(message, null, false, false);
        this.outcome = outcome;
    }

    /** How the session ends. */
    public Outcome outcome() {
        return outcome;
    }
}
