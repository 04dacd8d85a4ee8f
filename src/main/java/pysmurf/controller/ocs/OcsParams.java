package pysmurf.controller.ocs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import pysmurf.controller.script.PythonText;
import pysmurf.controller.session.Json;

/** Parameters as OCS's clients send them, made ready for admission. */
final class OcsParams {

    private static final String ARGS = "args";
    private static final String BANDS = "bands";
    /** What ocs-web's panel sends in place of bands, and with numbers as texts. */
    private static final String BAND = "band";

    private static final Pattern NUMBER = Pattern.compile("\\d{1,4}");

    private static final Map<String, String> PYTHON_TYPES = Map.of(
            "string", "str", "number", "float", "integer", "int", "boolean", "bool", "array", "list", "object", "dict");

    private OcsParams() {}

    /**
     * The parameters of a start. A known one that is null counts as missing, as for ocs.ocs_agent.ParamHandler. Numbers that
     * JSON cannot carry become null; in args they become what Python's {@code str()} makes of them, as every argument
     * does. One integer will do for a list of them, as for sodetlib.
     */
    static ObjectNode of(JsonNode given, JsonNode schema) {
        JsonNode rules = schema.path("properties");
        boolean alias = given.hasNonNull(BAND) && !given.has(BANDS) && rules.has(BANDS) && !rules.has(BAND);
        ObjectNode params = Json.object();
        Predicate<Map.Entry<String, JsonNode>> isGiven =
                entry -> !entry.getValue().isNull() || !rules.has(entry.getKey());
        given.properties().stream().filter(isGiven).forEach(entry -> {
            boolean band = alias && entry.getKey().equals(BAND);
            String name = band ? BANDS : entry.getKey();
            JsonNode value = band ? numbers(entry.getValue()) : finite(entry.getValue(), name.equals(ARGS));
            params.set(
                    name,
                    isOneOf(rules.path(name), value)
                            ? Json.mapper().createArrayNode().add(value)
                            : value);
        });
        return params;
    }

    private static JsonNode numbers(JsonNode band) {
        ArrayNode numbers = Json.mapper().createArrayNode();
        (band.isArray() ? band : numbers.arrayNode().add(band))
                .forEach(one -> numbers.add(
                        NUMBER.matcher(one.asText()).matches()
                                ? IntNode.valueOf(Integer.parseInt(one.asText()))
                                : one));
        return numbers;
    }

    private static boolean isOneOf(JsonNode rules, JsonNode value) {
        return value.isIntegralNumber()
                && types(rules).equals(List.of("list"))
                && types(rules.path("items")).equals(List.of("int"));
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
     * The refusal of parameters in the words of ocs.ocs_agent.ParamHandler: one is missing, of the wrong type or none of the choices,
     * or not known. What else a schema asks for is left to admission.
     *
     * @param lenient whether unknown ones are let through
     */
    static Optional<String> fault(ObjectNode params, JsonNode schema, boolean lenient) {
        JsonNode known = schema.path("properties");
        Set<String> required = required(schema);
        Stream<String> faults = known.properties().stream().flatMap(property -> {
            String name = property.getKey();
            return params.has(name)
                    ? fault(name, params.get(name), property.getValue()).stream()
                    : Stream.of(name)
                            .filter(required::contains)
                            .map(missing -> "Param '" + missing + "' is required and must not be None");
        });
        List<String> strays = params.properties().stream()
                .map(Map.Entry::getKey)
                .filter(name -> !known.has(name))
                .toList();
        boolean stray = !lenient
                && !strays.isEmpty()
                && !schema.path("additionalProperties").asBoolean(true);
        return Stream.concat(
                        faults,
                        stray
                                ? Stream.of("params included unexpected values: " + PythonText.repr(strays))
                                : Stream.empty())
                .findFirst();
    }

    private static Optional<String> fault(String name, JsonNode value, JsonNode rules) {
        String given = "Param '" + name + "'=" + PythonText.str(Json.value(value));
        List<String> types = types(rules);
        String type = PythonSignature.typeName(value);
        boolean typed = types.isEmpty() || types.contains(type) || type.equals("int") && types.contains("float");
        if (!typed) {
            String classes = types.stream().map(one -> "<class '" + one + "'>").collect(Collectors.joining(", "));
            return Optional.of(
                    given + " is not of required type (" + (types.size() > 1 ? "(" + classes + ")" : classes) + ")");
        }
        JsonNode choices = rules.path("enum");
        boolean chosen = choices.isMissingNode() || choices.valueStream().anyMatch(value::equals);
        return chosen
                ? Optional.empty()
                : Optional.of(given + " is not in allowed set (" + PythonText.repr(Json.value(choices)) + ")");
    }

    /** The names of the parameters that have no default. */
    static Set<String> required(JsonNode schema) {
        return schema.path("required").valueStream().map(JsonNode::asText).collect(Collectors.toSet());
    }

    /** The types a parameter may have, by Python's names; none if it may have any. Null is none of them: it counts as missing. */
    static List<String> types(JsonNode rules) {
        JsonNode type = rules.path("type");
        return (type.isArray() ? type.valueStream() : Stream.of(type))
                .map(name -> PYTHON_TYPES.get(name.asText()))
                .filter(Objects::nonNull)
                .toList();
    }
}
