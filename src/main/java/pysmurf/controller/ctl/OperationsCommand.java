package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import pysmurf.controller.terminal.TextTable;

/** {@code operations}: what the controller can do. */
@Command(name = "operations", description = "Lists the operations, or one operation with its parameters.")
final class OperationsCommand extends Subcommand {

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "OPERATION",
            completionCandidates = NamesOnController.Operations.class,
            description = "Show this operation and its parameters.")
    private String operation;

    @Option(names = "--names", description = "Only the names, one a line.")
    private boolean names;

    @Override
    public Integer call() throws Refusal, Unreachable, InterruptedException, Failure {
        Reply operations = client().operations();
        if (operation != null) {
            JsonNode found = find(operations.json());
            if (json()) {
                out().println(found);
            } else {
                describe(found);
            }
        } else if (json()) {
            out().println(operations.text());
        } else {
            list(operations.json());
        }
        return ExitCode.SUCCEEDED;
    }

    private JsonNode find(JsonNode operations) throws Failure {
        for (JsonNode each : operations) {
            if (each.path("name").asText().equals(operation)) {
                return each;
            }
        }
        throw new Failure("There is no operation " + operation + ".");
    }

    private void list(JsonNode operations) {
        TextTable table = TextTable.ofWords();
        for (JsonNode each : operations) {
            String name = each.path("name").asText();
            table.row(
                    names
                            ? List.of(name)
                            : List.of(name, each.path("description").asText()));
        }
        table.lines().forEach(out()::println);
    }

    private void describe(JsonNode found) {
        out().println(found.path("description").asText());
        JsonNode schema = found.path("parameters");
        List<String> required = new ArrayList<>();
        schema.path("required").forEach(name -> required.add(name.asText()));
        TextTable table = TextTable.ofWords();
        schema.path("properties")
                .properties()
                .forEach(entry -> table.row(List.of(
                        entry.getKey(),
                        kind(entry.getValue()),
                        required.contains(entry.getKey()) ? "(required)" : byDefault(entry.getValue()),
                        entry.getValue().path("description").asText())));
        if (!table.lines().isEmpty()) {
            out().println();
            table.lines().forEach(line -> out().println("  " + line));
        }
    }

    private static String kind(JsonNode schema) {
        if (schema.has("enum")) {
            return joined(schema.path("enum"), "|");
        }
        JsonNode type = schema.path("type");
        if (type.isArray()) {
            return joined(type, "|");
        }
        return type.asText("any") + (schema.path("items").has("type") ? " of " + kind(schema.path("items")) : "");
    }

    private static String byDefault(JsonNode schema) {
        return schema.has("default") ? schema.path("default").toString() : "";
    }

    private static String joined(JsonNode list, String by) {
        return StreamSupport.stream(list.spliterator(), false)
                .map(JsonNode::asText)
                .collect(Collectors.joining(by));
    }
}
