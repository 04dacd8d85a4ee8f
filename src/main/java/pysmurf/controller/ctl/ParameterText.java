package pysmurf.controller.ctl;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.Set;
import pysmurf.controller.session.Json;

/**
 * A parameter as it is typed, read as its JSON Schema has it. Only the kind of value is decided here; whether the value is
 * right the controller says.
 */
final class ParameterText {

    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private ParameterText() {}

    /**
     * The value.
     *
     * @param schema of the parameter; without types or choices in it, the text is JSON if it can be, and else itself
     * @throws IllegalArgumentException saying which kinds of value there may be
     */
    static JsonNode read(String text, JsonNode schema) {
        for (JsonNode choice : schema.path("enum")) {
            if (choice.asText().equals(text)) {
                return choice;
            }
        }
        Set<String> types = types(schema);
        if (types.isEmpty()) {
            // a choice that is none of these goes to the controller, which names the right ones
            return schema.has("enum") ? NODES.textNode(text) : jsonOr(text);
        }
        JsonNode json = json(text);
        for (String type : types) {
            JsonNode value = as(type, text, json, schema);
            if (value != null) {
                return value;
            }
        }
        if (types.contains("string")) {
            return NODES.textNode(text);
        }
        throw new IllegalArgumentException("'" + text + "' is not of the type " + String.join(" or ", types));
    }

    private static Set<String> types(JsonNode schema) {
        Set<String> types = new LinkedHashSet<>();
        JsonNode type = schema.path("type");
        if (type.isTextual()) {
            types.add(type.asText());
        }
        type.forEach(each -> types.add(each.asText()));
        return types;
    }

    /** Null if the text is no value of this type. */
    private static JsonNode as(String type, String text, JsonNode json, JsonNode schema) {
        return switch (type) {
            case "integer" -> json.isIntegralNumber() ? json : null;
            case "number" -> json.isNumber() ? json : null;
            case "boolean" -> json.isBoolean() ? json : null;
            case "null" -> json.isNull() ? json : null;
            case "object" -> json.isObject() ? json : null;
            case "array" -> json.isArray() ? json : list(text, schema.path("items"));
            default -> null;
        };
    }

    private static ArrayNode list(String text, JsonNode items) {
        ArrayNode list = NODES.arrayNode();
        if (!text.isEmpty()) {
            for (String item : text.split(",", -1)) {
                // without a type an item stays as it was typed: 007 is no number of a script's
                list.add(items.isMissingNode() ? NODES.textNode(item.strip()) : read(item.strip(), items));
            }
        }
        return list;
    }

    private static JsonNode jsonOr(String text) {
        JsonNode json = json(text);
        return json.isMissingNode() ? NODES.textNode(text) : json;
    }

    private static JsonNode json(String text) {
        try {
            return Json.read(text.getBytes(StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            return NODES.missingNode();
        }
    }
}
