package pysmurf.controller.ctl;

/** The controller does not answer, or no longer; the message says so for people. */
final class Unreachable extends Exception {

    private static final long serialVersionUID = 1L;

    Unreachable(String message) {
        super(message);
    }

    Unreachable(String message, Throwable cause) {
        super(message, cause);
    }
}
