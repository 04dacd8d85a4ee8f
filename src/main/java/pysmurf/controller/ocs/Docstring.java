package pysmurf.controller.ocs;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import pysmurf.controller.operation.Operation;
import pysmurf.controller.script.PythonText;
import pysmurf.controller.session.Json;

/**
 * An operation as a Python docstring, which {@code help(client.run.start)} shows: call, description, parameters. OCS
 * marks what can be aborted by "(abortable)".
 */
final class Docstring {

    private Docstring() {}

    static String of(Operation operation, boolean abortable) {
        JsonNode schema = operation.parameters().json();
        Set<String> required = OcsParams.required(schema);
        List<String> needed = new ArrayList<>();
        List<String> optional = new ArrayList<>();
        List<String> lines = new ArrayList<>();
        schema.path("properties").properties().forEach(property -> {
            String name = property.getKey();
            JsonNode rules = property.getValue();
            String value = PythonText.repr(Json.value(rules.path("default")));
            (required.contains(name) ? needed : optional).add(required.contains(name) ? name : name + "=" + value);
            lines.add("    " + name + " (" + types(rules) + (required.contains(name) ? "" : ", optional") + "): "
                    + rules.path("description").asText()
                    + (required.contains(name) ? "" : " Defaults to " + value + "."));
        });
        needed.addAll(optional);
        String head = operation.name() + "(" + String.join(", ", needed) + ")\n\n"
                + (operation.parameters().isProcess() ? "**Process** - " : "**Task** - ") + operation.description()
                + (abortable ? " (abortable)" : "") + "\n";
        return lines.isEmpty() ? head : head + "\nParameters:\n" + String.join("\n", lines) + "\n";
    }

    private static String types(JsonNode rules) {
        String text = String.join("/", OcsParams.types(rules));
        return text.isEmpty() ? "object" : text;
    }
}
