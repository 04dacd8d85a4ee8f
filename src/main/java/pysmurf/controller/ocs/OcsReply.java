package pysmurf.controller.ocs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import pysmurf.controller.session.Json;

/**
 * What an agent answers to a request for one of its operations. It tells about the request, never about success of the
 * script.
 *
 * @param status  0, -1 or 1: ocs.base.ResponseCode
 * @param message for people; scripts compare it, too
 * @param session the session object, or an empty one
 */
record OcsReply(int status, String message, ObjectNode session) {

    private static final int OK = 0;
    private static final int ERROR = -1;
    private static final int TIMEOUT = 1;

    static OcsReply ok(String message, ObjectNode session) {
        return new OcsReply(OK, message, session);
    }

    static OcsReply error(String message) {
        return new OcsReply(ERROR, message, Json.object());
    }

    static OcsReply error(String message, ObjectNode session) {
        return new OcsReply(ERROR, message, session);
    }

    static OcsReply timeout(String message, ObjectNode session) {
        return new OcsReply(TIMEOUT, message, session);
    }

    /** As it is sent: an array of three. */
    JsonNode toJson() {
        ArrayNode json = Json.mapper().createArrayNode();
        return json.add(status).add(message).add(session);
    }
}
