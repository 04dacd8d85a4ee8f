package pysmurf.controller.ocs;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.View;

/** Sessions as clients of OCS see them: all of OCS's fields, and ours beside them. */
final class OcsSession {

    /** As ocs_agent.OpSession's purge policy has it. */
    static final int MAX_MESSAGES = 10_000;

    private static final int OP_CODE_STARTING = 2;

    private OcsSession() {}

    /** The session now, with its newest messages. */
    static ObjectNode now(LiveSession session) {
        View view = session.view(MAX_MESSAGES);
        // as they are: as a tree, 10,000 of them take longer than all the rest
        return Json.<ObjectNode>tree(view.session()).putPOJO("messages", view.messages());
    }

    /**
     * The session as it was when it was accepted. The reply to a start shows that, however far the work has come while
     * the reply was on its way.
     *
     * @param data what its data began with
     */
    static ObjectNode accepted(LiveSession session, ObjectNode data) {
        ObjectNode json = session.view(Integer.MAX_VALUE).toJson();
        ArrayNode messages =
                Json.mapper().createArrayNode().add(json.path("messages").path(0));
        json.put("op_code", OP_CODE_STARTING)
                .put("status", "starting")
                .putNull("success")
                .putNull("end_time");
        json.set("data", data);
        json.set("messages", messages);
        json.putNull("outcome").putNull("exit_code").putNull("pid").putNull("abort");
        json.putArray("stages");
        json.putArray("files");
        return json;
    }
}
