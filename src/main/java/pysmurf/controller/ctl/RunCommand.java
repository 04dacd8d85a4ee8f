package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.List;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import pysmurf.controller.session.Json;

/** {@code run}: one script, its output, and how it ended. */
@Command(
        name = "run",
        description = {
            "Runs a script and shows what it writes.",
            "Ctrl-C aborts it; a second Ctrl-C leaves it to itself."
        },
        footer = {
            "",
            "An option that is not one of these goes to the script as an argument. Behind -- everything does:",
            "  pysmurf-ctl run take_data.py -- --timeout 5"
        })
final class RunCommand extends StartingCommand {

    @Parameters(
            index = "0",
            paramLabel = "SCRIPT",
            completionCandidates = NamesOnController.Scripts.class,
            description = "The script, as the controller knows it: below one of its scripts.roots.")
    private String script;

    @Parameters(index = "1..*", paramLabel = "ARGS", arity = "0..*", description = "Its arguments.")
    private List<String> args = List.of();

    @ArgGroup
    private LogOption log;

    @Option(names = "--timeout", paramLabel = "SECONDS", description = "End the script after this time.")
    private BigDecimal timeout;

    @Override
    public Integer call() throws Refusal, Unreachable, InterruptedException {
        if (script.startsWith("-")) {
            throw usage("Unknown option: '" + script + "'");
        }
        ObjectNode params = Json.object().put("script", script);
        ArrayNode list = params.putArray("args");
        args.forEach(list::add);
        LogOption.put(log, params);
        if (timeout != null) {
            params.put("timeout", timeout);
        }
        return start("run", params, View.OUTPUT);
    }
}
