package pysmurf.controller.mqtt;

/** A message that the broker would not take, and that was not sent therefore. */
public final class MessageTooLarge extends RuntimeException {

    private static final long serialVersionUID = 1L;

    MessageTooLarge(String message) {
        super(message, null, false, false);
    }
}
