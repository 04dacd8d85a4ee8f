package pysmurf.controller.ocs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.Map;
import pysmurf.controller.script.PythonText;
import pysmurf.controller.session.Json;

/**
 * A request for one operation of an agent: what {@code OCSAgent._ops_handler} takes, by position or by keyword.
 *
 * @param action   start, wait, status, abort or stop
 * @param opName   the operation as the client wrote it
 * @param params   parameters of the operation; a missing or null node for none
 * @param timeout  of a wait, in seconds; a missing or null node for none
 * @param password a missing or null node for none
 */
record OpsRequest(String action, String opName, JsonNode params, JsonNode timeout, JsonNode password) {

    private static final PythonSignature SIGNATURE = new PythonSignature(
            "OCSAgent._ops_handler", 2, java.util.List.of("action", "op_name", "params", "timeout", "password"), false);

    /**
     * Binds the arguments of a call.
     *
     * @throws CallFault if they do not fit
     */
    static OpsRequest of(Call call) {
        Map<String, JsonNode> bound = SIGNATURE.bind(call);
        JsonNode opName = bound.get("op_name");
        if (opName.isContainerNode()) {
            throw CallFault.raised("unhashable type: '" + PythonSignature.typeName(opName) + "'");
        }
        return new OpsRequest(
                text(bound.get("action")),
                text(opName),
                bound.getOrDefault("params", MissingNode.getInstance()),
                bound.getOrDefault("timeout", MissingNode.getInstance()),
                bound.getOrDefault("password", MissingNode.getInstance()));
    }

    private static String text(JsonNode node) {
        return PythonText.str(Json.value(node));
    }
}
