package pysmurf.controller.ocs;

import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.Verdict;

/**
 * What an agent answers to a request for one of its operations. It tells about the request, never about success of the
 * script.
 *
 * @param status  0, -1 or 1: ocs.base.ResponseCode
 * @param message for people; scripts compare it, too
 * @param session the session object, or an empty one
 * @param reason  why a command is refused, for the audit log, not for the client; null for any other reply
 */
record OcsReply(int status, String message, ObjectNode session, Verdict.Reason reason) {

    static OcsReply ok(String message, ObjectNode session) {
        return new OcsReply(0, message, session, null);
    }

    static OcsReply error(String message) {
        return error(message, Json.object());
    }

    static OcsReply error(String message, ObjectNode session) {
        return new OcsReply(-1, message, session, null);
    }

    static OcsReply timeout(String message, ObjectNode session) {
        return new OcsReply(1, message, session, null);
    }

    /** This reply, to a start or an abort that it refuses. */
    OcsReply because(Verdict.Reason why) {
        return new OcsReply(status, message, session, why);
    }

    /** As it is sent: an array of three. */
    @JsonValue
    ArrayNode toJson() {
        return Json.mapper().createArrayNode().add(status).add(message).add(session);
    }
}
