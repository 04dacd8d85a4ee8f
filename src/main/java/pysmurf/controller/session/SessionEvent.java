package pysmurf.controller.session;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Locale;
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
        /** There are no more output lines of a script, for those who count what they missed. */
        END,
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
    private final byte[] datagram;
    private final Output output;
    private final int weight;
    private volatile String json;

    /**
     * Output lines.
     *
     * @param seq       number of the batch in its session, from 0
     * @param firstLine number of its first line in its session, from 0
     * @param lines     the lines without their ends; none at the end of a script's output, which numbers what has been
     * @param toLog     whether the lines also go to the controller's own log
     */
    public record Output(long seq, long firstLine, List<String> lines, boolean toLog) {}

    /** What is sent of a batch; written by streaming, since a flood is thousands of lines a second. */
    private record OutputPayload(int sessionId, long seq, List<String> lines) {}

    private SessionEvent(
            Type type, LiveSession session, Supplier<String> source, byte[] datagram, Output output, int weight) {
        this.type = type;
        this.sessionId = session == null ? -1 : session.id();
        this.opName = session == null ? null : session.opName();
        this.source = source;
        this.datagram = datagram;
        this.output = output;
        this.weight = weight;
    }

    /** An event whose JSON is there already; without a session for {@link Type#STATUS}. */
    public static SessionEvent of(Type type, LiveSession session, String json) {
        return new SessionEvent(type, session, () -> json, null, null, json.length());
    }

    /**
     * A Publisher message of the script.
     *
     * @param message not to be changed any more
     * @param bytes   about how long it is
     */
    static SessionEvent data(LiveSession session, JsonNode message, int bytes) {
        return new SessionEvent(Type.DATA, session, () -> Json.text(message), null, null, bytes);
    }

    /** A datagram to be relayed as it is. */
    public static SessionEvent ofDatagram(LiveSession session, byte[] bytes) {
        return new SessionEvent(Type.DATAGRAM, session, () -> "", bytes, null, bytes.length);
    }

    /** A batch of output lines, or the end of them. */
    public static SessionEvent ofOutput(LiveSession session, Output output) {
        return new SessionEvent(
                output.lines().isEmpty() ? Type.END : Type.OUTPUT,
                session,
                () -> Json.text(new OutputPayload(session.id(), output.seq(), output.lines())),
                null,
                output,
                output.lines().stream().mapToInt(String::length).sum());
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

    /** The lines of an {@link Type#OUTPUT}, none for an {@link Type#END}, else null. */
    public Output getOutput() {
        return output;
    }

    /** About how many bytes it keeps in memory; the same at any time. */
    public int weight() {
        return weight;
    }

    /** Whether it may be left out when there is too much: the rest tells how sessions stand. */
    public boolean isExpendable() {
        return type == Type.OUTPUT || type == Type.DATA || type == Type.DATAGRAM;
    }

    /** The name of the MQTT topic and of the server-sent event; by it, routes choose the sinks. */
    public String getName() {
        return type.name().toLowerCase(Locale.ROOT);
    }
}
