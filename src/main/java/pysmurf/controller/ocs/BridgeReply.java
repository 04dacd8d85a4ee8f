package pysmurf.controller.ocs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.util.Map;
import pysmurf.controller.http.HttpReply;
import pysmurf.controller.session.Json;

/** HTTP replies in the form of crossbar's bridge. */
final class BridgeReply {

    private static final Map<String, String> HEADERS = Map.of(
            "Content-Type",
            "application/json; charset=UTF-8",
            "Cache-Control",
            "no-store,no-cache,must-revalidate,max-age=0");
    /** With escapes even half a surrogate pair survives, which Python writes and reads as well. */
    private static final ObjectWriter ASCII = Json.mapper().writer().with(JsonWriteFeature.ESCAPE_NON_ASCII);

    private BridgeReply() {}

    /** What a procedure returned. */
    static HttpReply result(JsonNode value) {
        ObjectNode json = Json.object();
        json.putArray("args").add(value);
        return reply(200, json);
    }

    /** A call that failed; the bridge has done its part, so the status is 200. */
    static HttpReply fault(CallFault fault) {
        return error(200, fault.name(), fault.getMessage());
    }

    /** A request that was no call. */
    static HttpReply refusal(int status, String text) {
        ObjectNode json = Json.object().put("error", text);
        json.putArray("args");
        json.putObject("kwargs");
        return reply(status, json);
    }

    /** The reply to a question that has no answer but its headers. */
    static HttpReply empty() {
        return new HttpReply(200, HEADERS, new byte[0]);
    }

    /** A fault of our own. */
    static HttpReply internalError() {
        return error(500, "wamp.error.runtime_error", "The controller has encountered a problem; its log tells more.");
    }

    private static HttpReply error(int status, String name, String text) {
        ObjectNode json = Json.object().put("error", name);
        json.putArray("args").add(text);
        json.putObject("kwargs");
        return reply(status, json);
    }

    private static HttpReply reply(int status, ObjectNode json) {
        try {
            return new HttpReply(status, HEADERS, ASCII.writeValueAsBytes(json));
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
