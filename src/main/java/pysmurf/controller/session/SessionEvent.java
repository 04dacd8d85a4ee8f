package pysmurf.controller.session;

import com.fasterxml.jackson.databind.JsonNode;
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
    private int weight;

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

    private SessionEvent(Type type, int sessionId, String opName, Supplier<String> source) {
        this.type = type;
        this.sessionId = sessionId;
        this.opName = opName;
        this.source = source;
    }

    /** An event whose JSON is there already. */
    public static SessionEvent of(Type type, LiveSession session, String json) {
        SessionEvent event = new SessionEvent(type, session.id(), session.opName(), () -> json);
        event.weight = json.length();
        return event;
    }

    static SessionEvent status(String json) {
        return new SessionEvent(Type.STATUS, -1, null, () -> json);
    }

    /**
     * A Publisher message of the script.
     *
     * @param message not to be changed any more
     * @param bytes   about how long it is
     */
    static SessionEvent data(LiveSession session, JsonNode message, int bytes) {
        SessionEvent event = new SessionEvent(Type.DATA, session.id(), session.opName(), () -> Json.text(message));
        event.weight = bytes;
        return event;
    }

    /** A datagram to be relayed as it is. */
    public static SessionEvent ofDatagram(LiveSession session, byte[] bytes) {
        SessionEvent event = new SessionEvent(Type.DATAGRAM, session.id(), session.opName(), () -> "");
        event.datagram = bytes;
        event.weight = bytes.length;
        return event;
    }

    /** A batch of output lines. */
    public static SessionEvent ofOutput(LiveSession session, Output output) {
        SessionEvent event = new SessionEvent(
                Type.OUTPUT,
                session.id(),
                session.opName(),
                () -> Json.text(new OutputPayload(session.id(), output.seq(), output.lines())));
        event.output = output;
        event.weight = output.lines().stream().mapToInt(String::length).sum();
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

    /** For routes: whether it goes out over UDP; everything else goes to those who watch. */
    public boolean isForUdp() {
        return type == Type.DATAGRAM || type == Type.MESSAGE || type == Type.RESULT;
    }

    /** For routes: whether it is output lines. */
    public boolean hasLines() {
        return output != null && !output.lines().isEmpty();
    }

    /** For routes: whether it is about output lines, be it that there are no more. */
    public boolean isOutput() {
        return output != null;
    }

    /** For routes: whether it only says that there are no more output lines of a script, for those who count what they missed. */
    public boolean isEndOfLines() {
        return output != null && output.lines().isEmpty();
    }

    /** About how many bytes it keeps in memory; the same at any time. */
    int weight() {
        return weight;
    }

    /** Whether it may be left out when there is too much: the rest tells how sessions stand. */
    public boolean isExpendable() {
        return hasLines() || type == Type.DATA || type == Type.DATAGRAM;
    }

    /** For routes: 1 where MQTT delivers it at least once, 0 where it may be lost. */
    public int getQos() {
        return isExpendable() ? 0 : 1;
    }

    /** For routes: whether the broker keeps it for those who subscribe later. */
    public boolean isRetained() {
        return type == Type.STATUS;
    }

    /** The name of the MQTT topic and of the server-sent event. */
    public String getName() {
        return type.name().toLowerCase(java.util.Locale.ROOT);
    }
}
