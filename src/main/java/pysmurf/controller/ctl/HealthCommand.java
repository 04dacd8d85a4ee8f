package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine.Command;
import pysmurf.controller.ctl.ControllerClient.Reply;

@Command(
        name = "health",
        description =
                "Shows the health of each part of the controller. The exit code is 1 if it accepts no commands (DOWN).")
final class HealthCommand extends Subcommand {

    static final String PATH = "/observe/health";

    @Override
    public Integer call() {
        Reply health = client().look(PATH);
        print(health, this::tell);
        return exitCode(health.json());
    }

    private void tell(JsonNode health) {
        TextTable table = new TextTable().row("all", health.path("status").asText(), "");
        health.path("checks")
                .properties()
                .forEach(check -> table.row(
                        check.getKey(),
                        check.getValue().path("status").asText(),
                        check.getValue().path("detail").asText("")));
        table.print(out());
    }

    /** A controller that is degraded takes commands. */
    static int exitCode(JsonNode health) {
        return health.path("status").asText().matches("UP|DEGRADED") ? ExitCode.SUCCEEDED : ExitCode.FAILED;
    }
}
