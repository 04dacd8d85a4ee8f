package pysmurf.controller.ctl;

import picocli.AutoComplete;
import picocli.CommandLine.Command;

/** {@code completion}: a script with which bash or zsh completes what is typed. */
@Command(
        name = "completion",
        description = {
            "Prints a script that lets bash or zsh complete commands, options, operations and scripts:",
            "  source <(pysmurf-ctl completion)"
        })
final class CompletionCommand extends Subcommand {

    @Override
    public Integer call() {
        String script = AutoComplete.bash(Ctl.NAME, spec().parent().commandLine());
        out().print(asking(
                asking(script, NamesOnController.Operations.MARK, "operations --names"),
                NamesOnController.Scripts.MARK,
                "scripts"));
        return ExitCode.SUCCEEDED;
    }

    /** Has the shell ask the controller, by the command as it is being typed, at the moment the names are needed. */
    private static String asking(String script, String mark, String command) {
        return script.replace("\"" + mark + "\"", "$(\"${COMP_WORDS[0]}\" " + command + " 2>/dev/null)");
    }
}
