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
 * Puts the controller's own messages into the envelope that pysmurf's Publisher uses, so that whoever listens to scripts can
 * listen to the controller as well. Not thread-safe: one route calls it, one event after another, which is what makes
 * {@code seq_no} the same number at every destination.
 */
public final class ControllerPublisher {

    /** pysmurf's own limit; a larger datagram would not be sent by its Publisher either. */
    static final int MOST_BYTES = 64_000;
    /** A slice may double when its quotes and backslashes are escaped; the rest is for the envelope. */
    private static final int SLICE_CHARS = 30_000;

    /** ASCII with escapes, as Python's json.dumps writes it, so that a slice can be cut anywhere. */
    private static final JsonMapper ASCII = JsonMapper.builder()
            .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
            .enable(com.fasterxml.jackson.core.JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN)
            .build();

    private final String host;
    private final String id;
    private final Clock clock;
    private long seqNo;

    /**
     * @param host the name of this machine
     * @param id   the Publisher id
     */
    public ControllerPublisher(String host, String id, Clock clock) {
        this.host = host;
        this.id = id;
        this.clock = clock;
    }

    /** The datagrams that carry an event: one as the script sent it, one envelope, or the numbered parts of one. */
    public List<byte[]> datagrams(@Body SessionEvent event) {
        return switch (event.getType()) {
            case DATAGRAM -> List.of(event.getDatagram());
            case MESSAGE -> envelopes(event, "session_log");
            case RESULT -> envelopes(event, "session_data");
            default -> List.of();
        };
    }

    private List<byte[]> envelopes(SessionEvent event, String type) {
        JsonNode payload = read(event.getJson());
        byte[] whole = envelope(event, type, payload);
        if (whole.length <= MOST_BYTES) {
            return List.of(whole);
        }
        // the number of the message that did not fit is used for its first part: a gap would look like a loss
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
