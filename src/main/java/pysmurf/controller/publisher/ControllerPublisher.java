package pysmurf.controller.publisher;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.apache.camel.Body;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.SessionEvent;

/**
 * Puts the controller's own messages into the envelope of pysmurf's Publisher, so that listeners of scripts understand them. Not
 * thread-safe: one route calls it, one event after another, so {@code seq_no} is the same at every destination.
 */
public final class ControllerPublisher {

    /** The limit of pysmurf's Publisher, too. */
    static final int MAX_BYTES = 64_000;
    /** Escaped quotes and backslashes may double a slice; the rest is for the envelope. */
    private static final int SLICE_CHARS = 30_000;

    /** ASCII with escapes, as Python's json.dumps writes it, so a slice can end anywhere. */
    private static final JsonMapper ASCII = JsonMapper.builder()
            .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
            .enable(com.fasterxml.jackson.core.JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN)
            .build();

    private final String host;
    private final String id;
    private final Clock clock;
    private long seqNo;

    /** @param id the Publisher's */
    public ControllerPublisher(String host, String id, Clock clock) {
        this.host = host;
        this.id = id;
        this.clock = clock;
    }

    /** The datagrams that carry an event: those of the script as it sent them, one envelope, or the numbered parts of one. */
    public List<byte[]> datagrams(@Body SessionEvent event) {
        return switch (event.getType()) {
            case DATAGRAM -> event.getDatagrams();
            case MESSAGE -> envelopes(event, "session_log");
            case RESULT -> envelopes(event, "session_data");
            default -> List.of();
        };
    }

    private List<byte[]> envelopes(SessionEvent event, String type) {
        JsonNode payload = read(event.getJson());
        byte[] whole = envelope(event, type, payload);
        if (whole.length <= MAX_BYTES) {
            return List.of(whole);
        }
        // the first part takes the number of the message that did not fit: a gap would look like a loss
        seqNo--;
        String text = write(payload);
        int parts = (text.length() + SLICE_CHARS - 1) / SLICE_CHARS;
        List<byte[]> datagrams = new ArrayList<>(parts);
        for (int part = 1; part <= parts; part++) {
            ObjectNode slice = Json.object()
                    .put("session_id", event.getSessionId())
                    .put("part", part)
                    .put("parts", parts)
                    .put("text", text.substring((part - 1) * SLICE_CHARS, Math.min(part * SLICE_CHARS, text.length())));
            datagrams.add(envelope(event, "session_data_part", slice));
        }
        return datagrams;
    }

    private byte[] envelope(SessionEvent event, String type, JsonNode payload) {
        ObjectNode envelope = Json.object()
                .put("host", host)
                .put("id", id)
                .put("script", "controller:" + event.getOpName())
                .put("time", Json.seconds(clock.instant()))
                .put("seq_no", seqNo++)
                .put("type", type)
                .set("payload", payload);
        return write(envelope).getBytes(StandardCharsets.US_ASCII);
    }

    private static String write(JsonNode json) {
        try {
            return ASCII.writeValueAsString(json);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode read(String json) {
        try {
            return ASCII.readTree(json);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
