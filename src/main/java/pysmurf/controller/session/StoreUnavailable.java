package pysmurf.controller.session;

/** The store cannot be read or written at the moment, so nothing can be promised. The message says why, for clients. */
public final class StoreUnavailable extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public StoreUnavailable(String message, Throwable cause) {
        super(message, cause);
    }
}
