package pysmurf.controller.wamp;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.util.regex.Pattern;

/** JSON as WAMP's Python peers write and read it. Stateless and thread-safe. */
public final class WampJson {

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN)
            .build();

    static {
        MAPPER.getFactory()
                .setStreamReadConstraints(
                        StreamReadConstraints.builder().maxNestingDepth(200).build());
    }

    /** A text that begins with NUL. The character before its quote tells it from a quote within a text. */
    private static final Pattern BINARY = Pattern.compile("(?<=[\\[{,:])\"\\\\u0000");

    private WampJson() {}

    /**
     * Reads as Python's {@code json.loads} does: bare NaN and Infinity, of two equal keys the last one, nothing behind the end.
     *
     * @throws JsonProcessingException if it is anything else, or nested too deeply
     */
    public static JsonNode read(String text) throws JsonProcessingException {
        return MAPPER.readValue(text, JsonNode.class);
    }

    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    /** A message with these elements. A text that begins with NUL would mean bytes in base64 to WAMP; another letter takes its place. */
    static String write(Object... elements) {
        try {
            String text = MAPPER.writeValueAsString(elements);
            return text.contains("\\u0000") ? BINARY.matcher(text).replaceAll("\"\uFFFD") : text;
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
