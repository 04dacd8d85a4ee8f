package pysmurf.controller.ocs;

/** A call that fails as a whole: to an OCS client it is an exception, where a refusal is a reply like any other. */
final class CallFault extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String name;

    private CallFault(String name, String text) {
        super(text, null, false, false);
        this.name = name;
    }

    static CallFault noSuchProcedure(String procedure) {
        return new CallFault("wamp.error.no_such_procedure", "no callee registered for procedure <" + procedure + ">");
    }

    static CallFault notAuthorized(String text) {
        return new CallFault("wamp.error.not_authorized", text);
    }

    /** What the agent's handler would have raised; the text is that of Python's exception. */
    static CallFault raised(String text) {
        return new CallFault("wamp.error.runtime_error", text);
    }

    /** WAMP's name for the fault. */
    String name() {
        return name;
    }
}
