package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import picocli.CommandLine.Command;
import pysmurf.controller.terminal.TextTable;

/** {@code health}: how each part of the controller is. */
@Command(
        name = "health",
        description =
                "Shows the health of each part of the controller. The exit code is 1 if it accepts no commands (DOWN).")
final class HealthCommand extends Subcommand {

    static final String PATH = "/observe/health";

    @Override
    public Integer call() throws Unreachable, InterruptedException {
        Reply health = client().look(PATH);
        if (json()) {
            out().println(health.text());
        } else {
            TextTable table = TextTable.ofWords()
                    .row(List.of("all", health.json().path("status").asText(), ""));
            health.json()
                    .path("checks")
                    .properties()
                    .forEach(check -> table.row(List.of(
                            check.getKey(),
                            check.getValue().path("status").asText(),
                            Terminal.plain(check.getValue().path("detail").asText("")))));
            table.lines().forEach(out()::println);
        }
        return exitCode(health.json());
    }

    /** A controller that is degraded takes commands. */
    static int exitCode(JsonNode health) {
        String status = health.path("status").asText();
        return status.equals("UP") || status.equals("DEGRADED") ? ExitCode.SUCCEEDED : ExitCode.FAILED;
    }
}
