package pysmurf.controller.ocs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import pysmurf.controller.http.HttpRequest;
import pysmurf.controller.session.Json;

/**
 * The call of a remote procedure in an HTTP request. Numbers may be infinite or NaN.
 *
 * @param procedure its address
 * @param args      the positional arguments
 * @param kwargs    the keyword arguments
 */
record Call(String procedure, List<JsonNode> args, ObjectNode kwargs) {

    /**
     * As Python's {@code json.loads}: bare NaN and Infinity, of two equal keys the last one, nothing behind the end.
     */
    private static final JsonMapper PYTHON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    static {
        PYTHON.getFactory()
                .setStreamReadConstraints(
                        StreamReadConstraints.builder().maxNestingDepth(200).build());
    }

    /**
     * Reads a request, in the order and with the words of crossbar's bridge.
     *
     * @throws BridgeRefusal 400 if it holds no call
     */
    static Call of(HttpRequest request) {
        checkContentType(request.contentType());
        JsonNode json = json(text(request.body()));
        if (!(json instanceof ObjectNode call)) {
            throw new BridgeRefusal(400, "Request body was valid JSON, but not well formed (must be a dict).");
        }
        JsonNode procedure = call.get("procedure");
        if (procedure == null) {
            throw new BridgeRefusal(400, "Request body was valid JSON, but not well formed (missing key 'procedure').");
        }
        JsonNode args = call.path("args");
        JsonNode kwargs = call.path("kwargs");
        if (!procedure.isTextual() || !(args.isArray() || isAbsent(args)) || !(kwargs.isObject() || isAbsent(kwargs))) {
            throw new BridgeRefusal(400, "Malformed request to the REST bridge.");
        }
        List<JsonNode> positional = new ArrayList<>();
        args.forEach(positional::add);
        return new Call(
                procedure.textValue(),
                List.copyOf(positional),
                kwargs.isObject() ? (ObjectNode) kwargs : Json.object());
    }

    private static boolean isAbsent(JsonNode node) {
        return node.isMissingNode() || node.isNull();
    }

    private static void checkContentType(String header) {
        if (header == null) {
            return;
        }
        String[] parts = header.toLowerCase(Locale.ROOT).split(";");
        if (!parts[0].strip().equals("application/json")) {
            throw new BridgeRefusal(
                    400,
                    "Non-accepted content type. (must be one of '[b'application/json']', not 'b'" + parts[0].strip()
                            + "'')");
        }
        Map<String, String> values = new HashMap<>();
        for (String part : parts) {
            String[] pair = part.split("=", -1);
            if (pair.length > 2 || pair.length == 2 && values.put(pair[0].strip(), pair[1].strip()) != null) {
                throw notUtf8();
            }
        }
        if (!List.of("utf-8", "utf8").contains(values.getOrDefault("charset", "utf-8"))) {
            throw notUtf8();
        }
    }

    private static BridgeRefusal notUtf8() {
        return new BridgeRefusal(400, "Non-accepted request encoding, must be UTF-8.");
    }

    private static String text(byte[] body) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(body))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new BridgeRefusal(400, "Non-decodable request body, was not UTF-8.");
        }
    }

    private static JsonNode json(String text) {
        try {
            JsonNode json = PYTHON.readTree(text);
            if (!json.isMissingNode()) {
                return json;
            }
        } catch (JsonProcessingException e) {
            throw invalidJson();
        }
        throw invalidJson();
    }

    private static BridgeRefusal invalidJson() {
        return new BridgeRefusal(400, "Request body was invalid JSON.");
    }
}
