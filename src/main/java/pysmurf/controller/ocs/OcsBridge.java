package pysmurf.controller.ocs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import pysmurf.controller.http.HttpReply;
import pysmurf.controller.http.HttpRequest;
import pysmurf.controller.session.Json;
import pysmurf.controller.wamp.Call;
import pysmurf.controller.wamp.CallFault;
import pysmurf.controller.wamp.WampJson;

/** Reads calls from HTTP requests and writes the replies, in the form, the order and the words of crossbar's bridge. Stateless. */
public final class OcsBridge {

    private static final Map<String, String> HEADERS = Map.of(
            "Content-Type",
            "application/json; charset=UTF-8",
            "Cache-Control",
            "no-store,no-cache,must-revalidate,max-age=0");
    /** With escapes even half a surrogate pair survives, which Python writes and reads as well. */
    private static final ObjectWriter ASCII = Json.mapper().writer().with(JsonWriteFeature.ESCAPE_NON_ASCII);

    /**
     * The call in a request.
     *
     * @throws BridgeRefusal 400 if it holds none
     */
    public Call read(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) {
        checkContentType(request.contentType());
        JsonNode call = json(text(request.body()));
        if (!call.isObject()) {
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
        return Call.of(procedure.textValue(), args, kwargs);
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
            String words = "Non-accepted content type. (must be one of '[b'application/json']', not 'b'%s'')";
            throw new BridgeRefusal(400, words.formatted(parts[0].strip()));
        }
        Map<String, String> values = new HashMap<>();
        boolean malformed = false;
        for (String part : parts) {
            String[] pair = part.split("=", -1);
            malformed |= pair.length > 2 || pair.length == 2 && values.put(pair[0].strip(), pair[1].strip()) != null;
        }
        if (malformed || !List.of("utf-8", "utf8").contains(values.getOrDefault("charset", "utf-8"))) {
            throw new BridgeRefusal(400, "Non-accepted request encoding, must be UTF-8.");
        }
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
            return WampJson.read(text);
        } catch (JsonProcessingException e) {
            throw new BridgeRefusal(400, "Request body was invalid JSON.");
        }
    }

    /** The reply that carries a result, or tells how the call failed; in both the bridge has done its part. */
    public HttpReply reply(@Body Object result) {
        ObjectNode json = Json.object();
        if (result instanceof CallFault fault) {
            json.put("error", fault.name()).putArray("args").add(fault.getMessage());
            json.putObject("kwargs");
        } else {
            json.putArray("args").addPOJO(result);
        }
        return reply(200, json);
    }

    /** The reply to a request that was no call. */
    public HttpReply refuse(@ExchangeProperty(Exchange.EXCEPTION_CAUGHT) BridgeRefusal refusal) {
        ObjectNode json = Json.object().put("error", refusal.getMessage());
        json.putArray("args");
        json.putObject("kwargs");
        return reply(refusal.status(), json);
    }

    /** The reply to a question that has no answer but its headers. */
    HttpReply empty() {
        return new HttpReply(200, HEADERS, new byte[0]);
    }

    private static HttpReply reply(int status, ObjectNode json) {
        try {
            return new HttpReply(status, HEADERS, ASCII.writeValueAsBytes(json));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
