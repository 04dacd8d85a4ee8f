package pysmurf.controller.session;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParseException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;

/** JSON as this controller writes and reads it. Stateless and thread-safe. */
public final class Json {

    private static final JsonMapper MAPPER = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            // 1795392099.566663 instead of 1.795392099566663E9: times are read by people, too
            .enable(JsonGenerator.Feature.WRITE_BIGDECIMAL_AS_PLAIN)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .build();

    /** Python's json.dumps writes bare NaN and Infinity; pysmurf's Publisher and the OCS client send them. */
    private static final JsonMapper LENIENT = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            // times keep their digits and their form
            .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
            .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
            .build();

    static {
        // deeper than any real message; a nested bomb is refused by the parser instead of by the stack
        StreamReadConstraints limits =
                StreamReadConstraints.builder().maxNestingDepth(200).build();
        MAPPER.getFactory().setStreamReadConstraints(limits);
        LENIENT.getFactory().setStreamReadConstraints(limits);
    }

    /** A number with more zeros than this is written with an exponent. */
    private static final int MAX_PLAIN_DIGITS = 40;
    /** With no more digits a plain number is within what a double can be. */
    private static final int MAX_DIGITS = 250;

    private Json() {}

    public static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    /** The mapper that names fields in snake case. */
    public static JsonMapper mapper() {
        return MAPPER;
    }

    public static <T extends JsonNode> T tree(Object value) {
        return MAPPER.valueToTree(value);
    }

    /** The value as plain Java: maps, lists, text, numbers, truth values, null. */
    public static Object value(JsonNode node) {
        return MAPPER.convertValue(node, Object.class);
    }

    public static String text(Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Reads strict JSON (RFC 8259, no duplicate keys, no number beyond a double, nothing after it).
     *
     * @throws JsonProcessingException if it is anything else
     */
    public static JsonNode read(byte[] json) throws JsonProcessingException {
        JsonNode node = parse(MAPPER, json);
        if (!isFinite(node)) {
            throw new JsonParseException("a number is too large");
        }
        return node;
    }

    /** Java reads 1e999 as infinity, which is no JSON to anybody it is passed on to. */
    private static boolean isFinite(JsonNode node) {
        if (node.isContainerNode()) {
            for (JsonNode child : node) {
                if (!isFinite(child)) {
                    return false;
                }
            }
            return true;
        }
        return !node.isFloatingPointNumber() || Double.isFinite(node.doubleValue());
    }

    /**
     * Reads JSON as Python writes it, with bare NaN and Infinity; those become null, since nothing downstream could
     * carry them.
     *
     * @throws JsonProcessingException if it is no JSON at all
     */
    public static JsonNode readLenient(byte[] json) throws JsonProcessingException {
        return withoutNonFinite(parse(LENIENT, json));
    }

    private static JsonNode parse(JsonMapper mapper, byte[] json) throws JsonProcessingException {
        try {
            return mapper.readTree(json);
        } catch (JsonProcessingException e) {
            throw e;
        } catch (java.io.IOException e) {
            // bytes in memory can be read; they are of no character set
            throw new JsonParseException(e.getMessage());
        }
    }

    private static JsonNode withoutNonFinite(JsonNode node) {
        if (node.isFloatingPointNumber() && !isPlain(node)) {
            double value = node.doubleValue();
            return Double.isFinite(value) ? MAPPER.getNodeFactory().numberNode(value) : MAPPER.nullNode();
        }
        if (node instanceof ObjectNode object) {
            object.properties().forEach(entry -> entry.setValue(withoutNonFinite(entry.getValue())));
        } else if (node instanceof com.fasterxml.jackson.databind.node.ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                array.set(i, withoutNonFinite(array.get(i)));
            }
        }
        return node;
    }

    /** Whether it may stay as it was written; a look at its digits takes a tenth of the time that a double would. */
    private static boolean isPlain(JsonNode number) {
        return number.isBigDecimal()
                && Math.abs(number.decimalValue().scale()) <= MAX_PLAIN_DIGITS
                && number.decimalValue().precision() <= MAX_DIGITS;
    }

    /** Unix seconds with microseconds, as OCS writes times. */
    public static BigDecimal seconds(Instant time) {
        return BigDecimal.valueOf(time.getEpochSecond())
                .add(BigDecimal.valueOf(time.getNano() / 1000, 6))
                .setScale(6, RoundingMode.UNNECESSARY);
    }
}
