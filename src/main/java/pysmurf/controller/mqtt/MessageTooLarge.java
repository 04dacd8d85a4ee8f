package pysmurf.controller.mqtt;

/** A message was not sent, because the broker would not take it. */
public final class MessageTooLarge extends RuntimeException {

    private static final long serialVersionUID = 1L;

    MessageTooLarge(String message) {
        super(message, null, false, false);
    }
}
