package pysmurf.controller.ocs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.util.List;
import pysmurf.controller.session.Json;
import pysmurf.controller.wamp.CallFault;

/** Keeps replies below 1 MiB: a larger one makes WAMP's Python clients drop their connection. */
final class ReplySize {

    /** Of 1 MiB, which counts for the whole message, with a little room for what else is in it. */
    static final int MAX_BYTES = 1_000_000;

    private ReplySize() {}

    /**
     * Leaves out the oldest messages of sessions as far as needed, and if that is not enough their data and params, with a message.
     *
     * @throws CallFault if it is still too large
     */
    static JsonNode fit(JsonNode reply) {
        int size = bytes(reply);
        if (size <= MAX_BYTES) {
            return reply;
        }
        List<JsonNode> sessions = reply.findParents("messages");
        int rest = size
                - sessions.stream()
                        .mapToInt(session -> bytes(session.path("messages")))
                        .sum();
        int room = (MAX_BYTES - rest) / Math.max(1, sessions.size());
        sessions.forEach(session -> ((ObjectNode) session).set("messages", newest(session.path("messages"), room)));
        for (String field : List.of("data", "params")) {
            for (JsonNode session : sessions) {
                if (bytes(reply) > MAX_BYTES && !session.path(field).isEmpty()) {
                    ((ObjectNode) session).putObject(field);
                    ((ArrayNode) session.path("messages"))
                            .addArray()
                            .add(session.path("start_time"))
                            .add(field + " is too large for a reply through the router, and left out here");
                }
            }
        }
        if (bytes(reply) > MAX_BYTES) {
            throw CallFault.raised("the reply is too large for WAMP; the controller's HTTP interface has it");
        }
        return reply;
    }

    private static ArrayNode newest(JsonNode messages, int room) {
        int first = messages.size();
        for (int left = room; first > 0; first--) {
            left -= bytes(messages.get(first - 1)) + 1;
            if (left < 0) {
                break;
            }
        }
        ArrayNode kept = Json.mapper().createArrayNode();
        for (int i = first; i < messages.size(); i++) {
            kept.add(messages.get(i));
        }
        return kept;
    }

    private static int bytes(JsonNode json) {
        try {
            return Json.mapper().writeValueAsBytes(json).length;
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }
}
