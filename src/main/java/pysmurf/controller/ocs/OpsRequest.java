package pysmurf.controller.ocs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import pysmurf.controller.script.PythonText;
import pysmurf.controller.session.Json;
import pysmurf.controller.wamp.Call;
import pysmurf.controller.wamp.CallFault;

/**
 * A request for one operation of an agent: what {@code OCSAgent._ops_handler} takes, by position or by keyword. What is not given is
 * a missing node.
 *
 * @param action   start, wait, status, abort or stop
 * @param opName   the operation as the client wrote it
 * @param params   parameters of the operation
 * @param timeout  of a wait, in seconds
 */
record OpsRequest(String action, String opName, JsonNode params, JsonNode timeout, JsonNode password) {

    private static final PythonSignature SIGNATURE = new PythonSignature(
            "OCSAgent._ops_handler", 2, List.of("action", "op_name", "params", "timeout", "password"), false);
    private static final Set<String> COMMANDS = Set.of("start", "abort", "stop");

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
        JsonNode none = MissingNode.getInstance();
        return new OpsRequest(
                text(bound.get("action")),
                text(opName),
                bound.getOrDefault("params", none),
                bound.getOrDefault("timeout", none),
                bound.getOrDefault("password", none));
    }

    private static String text(JsonNode node) {
        return PythonText.str(Json.value(node));
    }

    /** Whether it asks for something to be done, which the audit notes. */
    boolean isCommand() {
        return COMMANDS.contains(action);
    }

    /** Whether it has parameters by name, or none at all; ocs-web sends an empty list for none. */
    boolean hasParams() {
        return params.isObject() || params.isMissingNode() || params.isNull() || params.isArray() && params.isEmpty();
    }

    /**
     * How long to wait, as Python and Twisted take it; infinite for ever.
     *
     * @throws CallFault if it is no number
     */
    double seconds() {
        if (timeout.isMissingNode() || timeout.isNull()) {
            return Double.POSITIVE_INFINITY;
        }
        if (timeout.isBoolean()) {
            return timeout.booleanValue() ? 1 : 0;
        }
        if (!timeout.isNumber()) {
            throw CallFault.raised(
                    "'<' not supported between instances of '" + PythonSignature.typeName(timeout) + "' and 'int'");
        }
        if (Double.isNaN(timeout.doubleValue())) {
            throw CallFault.raised("nan is not greater than or equal to 0 seconds");
        }
        return timeout.doubleValue();
    }

    /** Without the password. */
    @Override
    public String toString() {
        return action + " " + opName;
    }
}
