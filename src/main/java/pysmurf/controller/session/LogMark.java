package pysmurf.controller.session;

import org.slf4j.MDC;

/**
 * Marks the log lines of the calling thread as being about a session, by {@code session_id} and {@code op_name} in the mapped
 * diagnostic context, until it is closed on that thread; what was marked before is then marked again.
 */
public final class LogMark implements AutoCloseable {

    private static final String SESSION_ID = "session_id";
    private static final String OP_NAME = "op_name";

    private final String idBefore = MDC.get(SESSION_ID);
    private final String nameBefore = MDC.get(OP_NAME);

    private LogMark(int sessionId, String opName) {
        MDC.put(SESSION_ID, Integer.toString(sessionId));
        MDC.put(OP_NAME, opName);
    }

    /** Marks the lines from here until the mark is closed. */
    public static LogMark of(LiveSession session) {
        return new LogMark(session.id(), session.opName());
    }

    /** Marks the lines that the task writes. */
    public static void around(LiveSession session, Runnable task) {
        around(new LogMark(session.id(), session.opName()), task);
    }

    /** As {@link #around(LiveSession, Runnable)}; the event must be one of a session. */
    public static void around(SessionEvent event, Runnable task) {
        around(new LogMark(event.getSessionId(), event.getOpName()), task);
    }

    private static void around(LogMark mark, Runnable task) {
        try (mark) {
            task.run();
        }
    }

    @Override
    public void close() {
        restore(SESSION_ID, idBefore);
        restore(OP_NAME, nameBefore);
    }

    private static void restore(String key, String value) {
        if (value == null) {
            MDC.remove(key);
        } else {
            MDC.put(key, value);
        }
    }
}
