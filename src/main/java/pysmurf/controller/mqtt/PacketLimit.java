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
 * How large a packet the broker takes, and what became of larger messages. A broker ends the connection of a client that sends too
 * large a packet, so one such message would stop all others. An MQTT 5 broker says its limit; that of another one is configured, or
 * learned from lost connections.
 */
final class PacketLimit {

    private static final Logger LOG = LoggerFactory.getLogger(PacketLimit.class);

    /** At most: the fixed header, the lengths of topic and properties, and the packet's number. */
    private static final int HEADER_BYTES = 16;

    /** A single loss may have any cause. */
    private static final int MIN_LOSSES = 2;

    private static final Duration NEWS_AGE = Duration.ofMinutes(10);

    private final long configured;
    private long limit;
    /** From lost connections; never raised. */
    private long learned = Long.MAX_VALUE;

    private int largestTaken;
    private int largestSent;
    private int losses;
    private long trimmed;
    private long leftOut;
    private long lastAt;

    PacketLimit(long configured) {
        this.configured = configured;
        this.limit = configured;
    }

    /** @param said the broker's limit; null if it says none */
    synchronized void connected(Long said) {
        limit = Math.min(configured, said == null ? Long.MAX_VALUE : said);
        largestSent = 0;
    }

    private long limit() {
        return Math.min(limit, learned);
    }

    /**
     * What to send of a message: all of it, or as much of a session as fits.
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

    /** @return the size of the largest message on this connection, this one included */
    synchronized int sending(int size) {
        largestSent = Math.max(largestSent, size);
        return largestSent;
    }

    /**
     * The broker has acknowledged a message, and with it all earlier ones.
     *
     * @param largest what {@link #sending} said
     */
    synchronized void taken(int largest) {
        if (largest >= largestTaken) {
            largestTaken = largest;
            losses = 0;
        }
    }

    /** A connection that is lost again, after a message larger than all that arrived: the message was too large. */
    synchronized void lost() {
        if (largestSent > largestTaken && ++losses >= MIN_LOSSES) {
            learned = Math.max(largestTaken, largestSent / 2);
            lastAt = System.nanoTime();
            LOG.warn(
                    "MQTT: the connection was lost again after a message of {} bytes; from now on messages have at most {} bytes (mqtt.max-packet-size)",
                    largestSent,
                    learned);
        }
    }

    /** What became of messages that were recently too large; empty if there were none. */
    synchronized Optional<String> news() {
        return lastAt == 0 || System.nanoTime() - lastAt > NEWS_AGE.toNanos()
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
