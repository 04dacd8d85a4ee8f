package pysmurf.controller.demo;

/** The demo cannot go on; the message says why, for the person in front of it. */
final class DemoFailure extends Exception {

    private static final long serialVersionUID = 1L;

    DemoFailure(String message) {
        super(message);
    }

    DemoFailure(String message, Throwable cause) {
        super(message, cause);
    }
}
