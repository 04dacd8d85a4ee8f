package pysmurf.controller.mqtt;

/** There is no connection to send a message on. */
public final class Disconnected extends RuntimeException {

    private static final long serialVersionUID = 1L;

    Disconnected() {
        super("not connected to the broker", null, false, false);
    }
}
