package pysmurf.controller.mqtt;

/** A message cannot be sent, since there is no connection to the broker. */
public final class Disconnected extends RuntimeException {

    private static final long serialVersionUID = 1L;

    Disconnected() {
        super("not connected to the broker", null, false, false);
    }
}
