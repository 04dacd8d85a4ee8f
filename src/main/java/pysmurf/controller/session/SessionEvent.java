package pysmurf.controller.session;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * Something that happened, on its way to the sinks; what a script publishes, as many messages as have arrived together. Immutable;
 * the JSON is made once, by the first sink that asks.
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
        /** Publisher messages of the script that arrived together, other than files. */
        DATA,
        /** A file that the script registered. */
        FILE,
        /** Whether the controller is busy. */
        STATUS,
        /** Datagrams that arrived together, as the script sent them. */
        DATAGRAM,
        /** A lifecycle message of the controller. */
        MESSAGE,
        /** The result of a session. */
        RESULT
    }

    /** What one of many takes beside its bytes. */
    private static final int OVERHEAD_BYTES = 100;

    private final Type type;
    private final int sessionId;
    private final String opName;
    private final List<byte[]> datagrams;
    private final List<SessionEvent> parts;
    private final Output output;
    private final int weight;
    private Supplier<String> source;
    private String json;

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
            Type type,
            LiveSession session,
            Supplier<String> source,
            List<byte[]> datagrams,
            List<SessionEvent> parts,
            Output output,
            int weight) {
        this.type = type;
        this.sessionId = session == null ? -1 : session.id();
        this.opName = session == null ? null : session.opName();
        this.source = source;
        this.datagrams = datagrams;
        this.parts = parts;
        this.output = output;
        this.weight = weight;
    }

    private static SessionEvent single(
            Type type, LiveSession session, Supplier<String> source, Output output, int weight) {
        return new SessionEvent(type, session, source, List.of(), List.of(), output, weight);
    }

    /** An event whose JSON is there already; without a session for {@link Type#STATUS}. */
    public static SessionEvent of(Type type, LiveSession session, String json) {
        return single(type, session, () -> json, null, json.length());
    }

    /**
     * Publisher messages of the script, in their order.
     *
     * @param messages the datagrams, each one JSON object; not to be changed
     */
    public static SessionEvent ofMessages(LiveSession session, List<byte[]> messages) {
        List<SessionEvent> parts = new ArrayList<>(messages.size());
        for (byte[] message : messages) {
            parts.add(single(Type.DATA, session, () -> withSession(message, session), null, message.length));
        }
        return new SessionEvent(Type.DATA, session, () -> "", List.of(), parts, null, size(messages));
    }

    private static String withSession(byte[] message, LiveSession session) {
        try {
            return Json.text(((ObjectNode) Json.readLenient(message)).put("session_id", session.id()));
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("it was read before", e);
        }
    }

    /** Datagrams to be relayed as they are, in their order. */
    public static SessionEvent ofDatagrams(LiveSession session, List<byte[]> datagrams) {
        return new SessionEvent(Type.DATAGRAM, session, () -> "", datagrams, List.of(), null, size(datagrams));
    }

    private static int size(List<byte[]> together) {
        int size = 0;
        for (byte[] bytes : together) {
            size += OVERHEAD_BYTES + bytes.length;
        }
        return size;
    }

    /** A batch of output lines, or the end of them. */
    public static SessionEvent ofOutput(LiveSession session, Output output) {
        return single(
                output.lines().isEmpty() ? Type.END : Type.OUTPUT,
                session,
                () -> Json.text(new OutputPayload(session.id(), output.seq(), output.lines())),
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

    /** The payload as the sinks send it; empty for datagrams, and for messages that arrived together: their parts have it. */
    public synchronized String getJson() {
        if (json == null) {
            json = source.get();
            // what it was made of is not kept beside it
            source = null;
        }
        return json;
    }

    /** The events in it, each with a payload: the messages that arrived together, else the event itself. */
    public List<SessionEvent> getParts() {
        return parts.isEmpty() ? List.of(this) : parts;
    }

    /** The bytes of a {@link Type#DATAGRAM}, else none. */
    public List<byte[]> getDatagrams() {
        return datagrams;
    }

    /** How many datagrams or messages it stands for, or 1. */
    public int count() {
        return Math.max(1, Math.max(datagrams.size(), parts.size()));
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
