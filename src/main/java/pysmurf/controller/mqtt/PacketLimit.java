package pysmurf.controller.mqtt;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.Trimming;

/**
 * How large a packet the broker takes, and what became of messages that were larger. A broker ends the connection of a client that
 * sends too much, so such a message would stop all others, and stop them again when it is sent again. MQTT 5 tells the limit when
 * it connects; otherwise it is configured, or found out by connections that are lost. Thread-safe.
 */
public final class PacketLimit {

    private static final Logger LOG = LoggerFactory.getLogger(PacketLimit.class);

    /** Fixed header, and the lengths of topic and properties, with the packet's number, as large as they can be. */
    private static final int HEADER_BYTES = 16;

    /** One connection that is lost may have any cause. */
    private static final int LOSSES_TO_LEARN_FROM = 2;

    private static final Duration NEWS = Duration.ofMinutes(10);

    private final long configured;
    private long limit;
    /** What the losses of connections say; only ever lowered. */
    private long learned = Long.MAX_VALUE;

    private int largestTaken;
    private int largestSent;
    private int losses;
    private long trimmed;
    private long leftOut;
    private long lastAt;

    /** @param configured what the broker takes if it does not say so itself */
    public PacketLimit(long configured) {
        this.configured = configured;
        this.limit = configured;
    }

    /**
     * There is a new connection.
     *
     * @param told what the broker says it takes; null if it says nothing
     */
    synchronized void connected(Long told) {
        limit = Math.min(configured, told == null ? Long.MAX_VALUE : told);
        largestSent = 0;
    }

    private long limit() {
        return Math.min(limit, learned);
    }

    /**
     * What to send of a message: all of it, or of a session as much as fits.
     *
     * @param  properties      what its MQTT 5 properties take
     * @throws MessageTooLarge if nothing of it can be sent
     */
    synchronized byte[] fitting(String topic, byte[] payload, int properties) {
        int around = HEADER_BYTES + topic.getBytes(StandardCharsets.UTF_8).length + properties;
        long most = limit() - around;
        if (payload.length <= most) {
            return payload;
        }
        lastAt = System.nanoTime();
        byte[] fitting = trimmed(payload, most);
        if (fitting == null) {
            leftOut++;
            String why = "a message of " + payload.length + " bytes for " + topic + " was left out: the broker takes "
                    + limit() + " bytes";
            LOG.warn("MQTT: {}", why);
            throw new MessageTooLarge(why);
        }
        trimmed++;
        LOG.info("MQTT: a session of {} bytes for {} was trimmed to {}", payload.length, topic, fitting.length);
        return fitting;
    }

    private static byte[] trimmed(byte[] payload, long most) {
        JsonNode json;
        try {
            json = Json.readLenient(payload);
        } catch (JsonProcessingException e) {
            return null;
        }
        // a reply has the session in it
        if ((json.has("messages") ? json : json.get("session")) instanceof ObjectNode session) {
            int beside = Trimming.bytes(json).length - Trimming.bytes(session).length;
            return Trimming.fit(session, (int) Math.max(0, most - beside)) ? Trimming.bytes(json) : null;
        }
        return null;
    }

    /** @return how large the largest message was on this connection, this one included */
    synchronized int sending(int size) {
        largestSent = Math.max(largestSent, size);
        return largestSent;
    }

    /**
     * The broker has acknowledged a message, and with it all before.
     *
     * @param largest what {@link #sending} said
     */
    synchronized void taken(int largest) {
        if (largest >= largestTaken) {
            largestTaken = largest;
            losses = 0;
        }
    }

    /** The connection was lost: if that happens again behind a message larger than any that arrived, it was too large. */
    synchronized void lost() {
        if (largestSent > largestTaken && ++losses >= LOSSES_TO_LEARN_FROM) {
            learned = Math.max(largestTaken, largestSent / 2);
            lastAt = System.nanoTime();
            LOG.warn(
                    "MQTT: the connection is lost again behind a message of {} bytes; from now on messages have at most {} bytes (mqtt.max-packet-size)",
                    largestSent,
                    learned);
        }
    }

    /** What became of messages that were too large lately; empty if there were none. */
    synchronized Optional<String> news() {
        return lastAt == 0 || System.nanoTime() - lastAt > NEWS.toNanos()
                ? Optional.empty()
                : Optional.of("the broker takes packets of at most " + limit() + " bytes"
                        + (learned < limit ? " (as lost connections show; see mqtt.max-packet-size)" : "") + ": "
                        + trimmed
                        + " sessions went out trimmed, " + leftOut + " other messages were left out");
    }

    /** Figures since the start, by name. */
    synchronized Map<String, Object> figures() {
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("max_packet_size", limit());
        figures.put("trimmed", trimmed);
        figures.put("left_out", leftOut);
        return figures;
    }
}
