package pysmurf.controller.ocs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.Map;
import java.util.Optional;
import pysmurf.controller.script.PythonText;
import pysmurf.controller.session.Json;

/** Parameters as OCS's clients send them, made ready for admission. */
final class OcsParams {

    private static final String ARGS = "args";

    private OcsParams() {}

    /**
     * The parameters of a start. One that is null counts as missing, as for ocs.ocs_agent.ParamHandler. Numbers that
     * JSON cannot carry become null; in args they become what Python's {@code str()} makes of them, as every argument
     * does.
     */
    static ObjectNode of(JsonNode given) {
        ObjectNode params = Json.object();
        given.properties().forEach(entry -> {
            if (!entry.getValue().isNull()) {
                params.set(
                        entry.getKey(), finite(entry.getValue(), entry.getKey().equals(ARGS)));
            }
        });
        return params;
    }

    private static JsonNode finite(JsonNode node, boolean asText) {
        if (node.isFloatingPointNumber() && !Double.isFinite(node.doubleValue())) {
            return asText ? TextNode.valueOf(PythonText.str(node.doubleValue())) : NullNode.getInstance();
        }
        if (node instanceof ArrayNode array) {
            ArrayNode copy = Json.mapper().createArrayNode();
            array.forEach(element -> copy.add(finite(element, asText)));
            return copy;
        }
        if (node instanceof ObjectNode object) {
            ObjectNode copy = Json.object();
            object.properties().forEach(entry -> copy.set(entry.getKey(), finite(entry.getValue(), asText)));
            return copy;
        }
        return node;
    }

    /**
     * The refusal of a parameter that must be a list and is none. The original takes one string apart into letters and
     * succeeds; the words are those that ocs.ocs_agent.ParamHandler has for a wrong type.
     */
    static Optional<String> notAList(ObjectNode params, JsonNode schema) {
        for (Map.Entry<String, JsonNode> property : schema.path("properties").properties()) {
            JsonNode value = params.path(property.getKey());
            boolean list = property.getValue().path("type").asText().equals("array");
            if (list && !value.isMissingNode() && !value.isArray()) {
                return Optional.of("Param '" + property.getKey() + "'=" + PythonText.str(Json.value(value))
                        + " is not of required type (<class 'list'>)");
            }
        }
        return Optional.empty();
    }
}
