package pysmurf.controller.wamp;

/** A call that fails as a whole. Thrown in a route or left as its body, it is the caller's error. */
public final class CallFault extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String name;

    /**
     * @param name WAMP's name for the error, such as {@code wamp.error.runtime_error}
     * @param text for people
     */
    public CallFault(String name, String text) {
        // thrown for what clients do, so a stack trace is of no use
        super(text, null, false, false);
        this.name = name;
    }

    public static CallFault noSuchProcedure(String procedure) {
        return new CallFault("wamp.error.no_such_procedure", "no callee registered for procedure <" + procedure + ">");
    }

    /** What a procedure raised. */
    public static CallFault raised(String text) {
        return new CallFault("wamp.error.runtime_error", text);
    }

    public String name() {
        return name;
    }
}
