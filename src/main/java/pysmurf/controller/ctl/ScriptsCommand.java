package pysmurf.controller.ctl;

import picocli.CommandLine.Command;

@Command(name = "scripts", description = "Lists the scripts that can be run, as the command run takes them.")
final class ScriptsCommand extends Subcommand {

    @Override
    public Integer call() {
        return print(client().get("/api/v1/scripts"), answer -> answer.path("scripts")
                .forEach(script -> out().println(Terminal.plain(script.asText()))));
    }
}
