package pysmurf.controller.ctl;

import java.util.ArrayList;
import java.util.List;
import picocli.AutoComplete;
import picocli.CommandLine.Command;

@Command(
        name = "completion",
        description = {
            "Prints a script that lets bash or zsh complete commands, options, operations and scripts:",
            "  source <(pysmurf-ctl completion)"
        })
final class CompletionCommand extends Subcommand {

    /** Stands for the names of operations, until the shell asks the controller for them. */
    static final class Operations extends ArrayList<String> {

        Operations() {
            super(List.of("NAMES_OF_OPERATIONS"));
        }
    }

    /** Stands for the names of scripts, until the shell asks the controller for them. */
    static final class Scripts extends ArrayList<String> {

        Scripts() {
            super(List.of("NAMES_OF_SCRIPTS"));
        }
    }

    @Override
    public Integer call() {
        String script = AutoComplete.bash(Ctl.NAME, spec.parent().commandLine());
        // The shell asks by the command as it is being typed, which may be a path.
        String asked = "\\$(\"\\${COMP_WORDS[0]}\" %s 2>/dev/null)";
        out().print(script.replaceAll("\"NAMES_OF_OPERATIONS\"", asked.formatted("operations --names"))
                .replaceAll("\"NAMES_OF_SCRIPTS\"", asked.formatted("scripts")));
        return ExitCode.SUCCEEDED;
    }
}
