package pysmurf.controller.ctl;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import pysmurf.controller.session.Json;

/** Reads a parameter as its JSON Schema says. It finds the type only; the controller says whether the value is right. */
final class ParameterText {

    private ParameterText() {}

    /**
     * @param schema of the parameter; without types or choices in it, the text is JSON if it can be
     * @throws IllegalArgumentException saying which types there may be
     */
    static JsonNode read(String text, JsonNode schema) {
        JsonNode type = schema.path("type");
        List<String> types = List.of((type.isArray() ? SessionReport.joined(type, " ") : type.asText()).split(" "));
        JsonNode json = json(text);
        boolean isJson = schema.has("enum")
                ? SessionReport.each(schema.path("enum")).anyMatch(json::equals)
                : type.isMissingNode() || types.contains(type(json)) || json.isNumber() && types.contains("number");
        if (isJson && !json.isMissingNode()) {
            return json;
        }
        // The controller names the right choices to one who gives a wrong one.
        if (schema.has("enum") || type.isMissingNode() || types.contains("string") && !types.contains("array")) {
            return TextNode.valueOf(text);
        }
        if (!types.contains("array")) {
            throw new IllegalArgumentException("'" + text + "' is not of the type " + String.join(" or ", types));
        }
        ArrayNode list = Json.mapper().createArrayNode();
        JsonNode items = schema.path("items");
        for (String item : text.isEmpty() ? new String[0] : text.split(",", -1)) {
            // Without a type an item stays as it was typed: 007 must reach a script as 007.
            list.add(items.isMissingNode() ? TextNode.valueOf(item.strip()) : read(item.strip(), items));
        }
        return list;
    }

    /** A string in quotes is none: its quotes are a part of the text. */
    private static String type(JsonNode json) {
        String type = json.getNodeType().name().toLowerCase(Locale.ROOT);
        return json.isIntegralNumber() ? "integer" : json.isTextual() ? "" : type;
    }

    private static JsonNode json(String text) {
        try {
            return Json.read(text.getBytes(StandardCharsets.UTF_8));
        } catch (JsonProcessingException e) {
            return MissingNode.getInstance();
        }
    }
}
