package pysmurf.controller.session;

import java.util.List;
import java.util.function.Supplier;

/**
 * Something that happened, on its way to the sinks. Immutable; the JSON is made once, by the first sink that asks.
 */
public final class SessionEvent {

    /** What happened; the words are also the names of MQTT topics and server-sent events. */
    public enum Type {
        /** The session at a change of status or stage. */
        SESSION,
        /** A batch of output lines. */
        OUTPUT,
        /** A Publisher message of the script, other than a file. */
        DATA,
        /** A file that the script registered. */
        FILE,
        /** Whether the controller is busy. */
        STATUS,
        /** A datagram as the script sent it. */
        DATAGRAM,
        /** A lifecycle message of the controller. */
        MESSAGE,
        /** The result of a session. */
        RESULT
    }

    private final Type type;
    private final int sessionId;
    private final String opName;
    private final Supplier<String> source;
    private volatile String json;
    private byte[] datagram;
    private Output output;

    /**
     * Output lines.
     *
     * @param seq       number of the batch in its session, from 0
     * @param firstLine number of its first line in its session, from 0
     * @param lines     the lines without their ends
     * @param toLog     whether the lines also go to the controller's own log
     */
    public record Output(long seq, long firstLine, List<String> lines, boolean toLog) {}

    /** What is sent of a batch; written by streaming, since a flood is thousands of lines a second. */
    private record OutputPayload(int sessionId, long seq, List<String> lines) {}

    private SessionEvent(Type type, int sessionId, String opName, Supplier<String> source) {
        this.type = type;
        this.sessionId = sessionId;
        this.opName = opName;
        this.source = source;
    }

    /** An event whose JSON is known. */
    public static SessionEvent of(Type type, Session session, Object payload) {
        String json = Json.text(payload);
        return new SessionEvent(type, session.id(), session.opName(), () -> json);
    }

    static SessionEvent status(String json) {
        return new SessionEvent(Type.STATUS, -1, null, () -> json);
    }

    /** A datagram to be relayed as it is. */
    public static SessionEvent datagram(Session session, byte[] bytes) {
        SessionEvent event = new SessionEvent(Type.DATAGRAM, session.id(), session.opName(), () -> "");
        event.datagram = bytes;
        return event;
    }

    /** A batch of output lines. */
    public static SessionEvent output(Session session, Output output) {
        SessionEvent event = new SessionEvent(
                Type.OUTPUT,
                session.id(),
                session.opName(),
                () -> Json.text(new OutputPayload(session.id(), output.seq(), output.lines())));
        event.output = output;
        return event;
    }

    public Type getType() {
        return type;
    }

    /** The session's id; -1 for {@link Type#STATUS}. */
    public int getSessionId() {
        return sessionId;
    }

    /** The operation; null for {@link Type#STATUS}. */
    public String getOpName() {
        return opName;
    }

    /** The payload as the sinks send it; empty for a datagram. */
    public String getJson() {
        String text = json;
        if (text == null) {
            text = source.get();
            json = text;
        }
        return text;
    }

    /** The bytes of a {@link Type#DATAGRAM}, else null. */
    public byte[] getDatagram() {
        return datagram;
    }

    /** The lines of an {@link Type#OUTPUT}, else null. */
    public Output getOutput() {
        return output;
    }

    /** The name of the MQTT topic and of the server-sent event. */
    public String getName() {
        return type.name().toLowerCase(java.util.Locale.ROOT);
    }
}
