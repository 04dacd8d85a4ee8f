package pysmurf.controller.script.process;

/** A signal could not be sent, though there is a process to send it to. */
public final class SignalException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int errno;

    SignalException(String message, int errno) {
        super(message);
        this.errno = errno;
    }

    /** What kill(2) left in errno: 1 (EPERM) where the process belongs to another user. */
    public int errno() {
        return errno;
    }
}
