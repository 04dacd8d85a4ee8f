package pysmurf.controller.ctl;

import picocli.CommandLine.Command;

/** {@code scripts}: what {@code run} can run. */
@Command(name = "scripts", description = "Lists the scripts that can be run, as the command run takes them.")
final class ScriptsCommand extends Subcommand {

    @Override
    public Integer call() throws Refusal, Unreachable, InterruptedException {
        Reply scripts = client().get("/api/v1/scripts");
        if (json()) {
            out().println(scripts.text());
        } else {
            scripts.json().path("scripts").forEach(script -> out().println(Terminal.plain(script.asText())));
        }
        return ExitCode.SUCCEEDED;
    }
}
