package pysmurf.controller.ctl;

import com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonInclude.Include;
import java.math.BigDecimal;
import java.util.List;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import pysmurf.controller.session.Json;

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

    @Mixin
    private final Params params = new Params();

    /** As the operation takes them. */
    @JsonAutoDetect(fieldVisibility = Visibility.ANY)
    @JsonInclude(Include.NON_NULL)
    static final class Params {

        @Parameters(
                index = "0",
                paramLabel = "SCRIPT",
                completionCandidates = CompletionCommand.Scripts.class,
                description = "The script, as the controller knows it: below one of its scripts.roots.")
        private String script;

        @Parameters(index = "1..*", paramLabel = "ARGS", arity = "0..*", description = "Its arguments.")
        private List<String> args = List.of();

        @ArgGroup
        private LogOption log;

        @Option(names = "--timeout", paramLabel = "SECONDS", description = "End the script after this time.")
        private BigDecimal timeout;
    }

    @Override
    public Integer call() throws InterruptedException {
        if (params.script.startsWith("-")) {
            throw usage("Unknown option: '" + params.script + "'");
        }
        return start("run", Json.tree(params), false);
    }
}
