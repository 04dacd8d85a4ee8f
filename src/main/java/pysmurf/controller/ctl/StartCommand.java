package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import pysmurf.controller.session.Json;

@Command(
        name = "start",
        description = {
            "Starts any operation and shows what its scripts write.",
            "Ctrl-C aborts it; a second Ctrl-C leaves it to itself."
        },
        footer = {
            "",
            "A value is read as the operation's parameter is (see: pysmurf-ctl operations OPERATION): a list is 0,1 or"
                    + " JSON, an object is JSON.",
            "  pysmurf-ctl start tune_squids bands=0,1 preset=check",
            "  pysmurf-ctl start run script=blink.py 'args=[3, \"a b\"]' timeout=60"
        })
final class StartCommand extends StartingCommand {

    @Parameters(
            index = "0",
            paramLabel = "OPERATION",
            completionCandidates = CompletionCommand.Operations.class,
            description = "Its name.")
    private String operation;

    @Parameters(index = "1..*", paramLabel = "name=value", arity = "0..*", description = "Its parameters.")
    private List<String> assignments = List.of();

    @Override
    public Integer call() throws InterruptedException {
        ObjectNode params = Json.object();
        // Of an unknown operation there is none, and the controller has better words for that.
        JsonNode schema = assignments.isEmpty()
                ? params
                : OperationsCommand.find(client(), operation).at("/parameters/properties");
        for (String assignment : assignments) {
            int equals = assignment.indexOf('=');
            String name = assignment.substring(0, Math.max(0, equals));
            if (name.isEmpty() || params.has(name)) {
                throw usage("Not like name=value, or given twice: '" + assignment + "'");
            }
            try {
                params.set(name, ParameterText.read(assignment.substring(equals + 1), schema.path(name)));
            } catch (IllegalArgumentException e) {
                throw usage(name + ": " + e.getMessage());
            }
        }
        return start(operation, params, false);
    }
}
