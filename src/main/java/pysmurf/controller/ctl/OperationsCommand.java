package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import pysmurf.controller.ctl.ControllerClient.Reply;

@Command(name = "operations", description = "Lists the operations, or one operation with its parameters.")
final class OperationsCommand extends Subcommand {

    private static final String PATH = "/api/v1/operations";

    @Parameters(
            arity = "0..1",
            paramLabel = "OPERATION",
            completionCandidates = CompletionCommand.Operations.class,
            description = "Show this operation and its parameters.")
    private String operation;

    @Option(names = "--names", description = "Only the names, one a line.")
    private boolean names;

    @Override
    public Integer call() {
        if (operation == null) {
            return print(client().get(PATH), this::list);
        }
        JsonNode found = find(client(), operation);
        if (found.isMissingNode()) {
            throw Failure.here("There is no operation " + operation + ".", ExitCode.FAILED);
        }
        return print(new Reply(200, found.toString(), found), this::describe);
    }

    static JsonNode find(ControllerClient client, String name) {
        return SessionReport.each(client.get(PATH).json())
                .filter(each -> each.path("name").asText().equals(name))
                .findFirst()
                .orElse(MissingNode.getInstance());
    }

    private void list(JsonNode operations) {
        TextTable table = new TextTable();
        for (JsonNode each : operations) {
            table.row(
                    each.path("name").asText(),
                    names ? "" : each.path("description").asText());
        }
        table.print(out());
    }

    private void describe(JsonNode found) {
        out().println(found.path("description").asText());
        JsonNode schema = found.path("parameters");
        List<String> required =
                List.of(SessionReport.joined(schema.path("required"), " ").split(" "));
        TextTable table = new TextTable();
        schema.path("properties").properties().forEach(entry -> {
            JsonNode parameter = entry.getValue();
            String byDefault =
                    parameter.has("default") ? parameter.path("default").toString() : "";
            table.row(
                    entry.getKey(),
                    kind(parameter),
                    required.contains(entry.getKey()) ? "(required)" : byDefault,
                    parameter.path("description").asText());
        });
        out().println();
        table.printBlock(out());
    }

    private static String kind(JsonNode schema) {
        JsonNode type = schema.path("type");
        if (schema.has("enum") || type.isArray()) {
            return SessionReport.joined(schema.has("enum") ? schema.path("enum") : type, "|");
        }
        JsonNode items = schema.path("items");
        return type.asText("any") + (items.has("type") ? " of " + kind(items) : "");
    }
}
