package pysmurf.controller.ocs;

/** A request that crossbar's HTTP bridge itself refuses, before any procedure is called. */
public final class BridgeRefusal extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int status;

    /**
     * @param status HTTP status
     * @param text   crossbar's words
     */
    BridgeRefusal(int status, String text) {
        // thrown for what clients do, so a stack trace is of no use
        super(text, null, false, false);
        this.status = status;
    }

    int status() {
        return status;
    }
}
