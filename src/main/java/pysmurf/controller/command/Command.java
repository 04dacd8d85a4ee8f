package pysmurf.controller.command;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import pysmurf.controller.access.Requester;

/**
 * One command as it came in, whichever way. Immutable but for its params, which admission owns from then on.
 *
 * @param operation     the operation's name as the client wrote it
 * @param params        its parameters; not null
 * @param commandId     the client's id for it, or null
 * @param expiresAt     when it is too late to start; null for never
 * @param retained      whether the broker had kept it for later subscribers
 * @param lenient       whether unknown parameters are dropped instead of refused, as OCS does with those of run
 * @param requestedBy   who asked
 */
public record Command(
        String operation,
        ObjectNode params,
        String commandId,
        Instant expiresAt,
        boolean retained,
        boolean lenient,
        Requester requestedBy) {

    /** The operation that runs one script. */
    public static final String RUN = "run";
    /** The operation that ends another. */
    public static final String ABORT = "abort";

    /** The operation that asks a process to end. */
    public static final String STOP = "stop";

    /** The parameter of abort and stop that names the session to end; without it that is the one that holds the lock. */
    public static final String TARGET = "session_id";

    /** Whether it is to end another session. */
    public boolean isEnding() {
        return isEnding(operation);
    }

    /** Whether an operation ends the session of another. */
    public static boolean isEnding(String operation) {
        return operation.equals(ABORT) || operation.equals(STOP);
    }

    /** The session to end; null for the one that holds the lock, and for every other operation. */
    public Integer target() {
        return isEnding() && params.path(TARGET).canConvertToInt()
                ? (Integer) params.path(TARGET).intValue()
                : null;
    }
}
