package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintStream;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** One of the commands; its result is the exit code. */
abstract class Subcommand implements Callable<Integer> {

    @ParentCommand
    private Ctl ctl;

    @Spec
    private CommandSpec spec;

    /** Whether what the controller answers is to be written as it is. */
    boolean json() {
        return ctl.json();
    }

    ControllerClient client() {
        return ctl.client();
    }

    Terminal terminal() {
        return ctl.terminal();
    }

    PrintStream out() {
        return terminal().out();
    }

    PrintStream err() {
        return terminal().err();
    }

    /** For a fault in the command line. */
    ParameterException usage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    /** Whether a line of output is a progress bar, whose place the next line takes. */
    static boolean isUnfinished(JsonNode line) {
        return line.asText().endsWith("\r");
    }

    CommandSpec spec() {
        return spec;
    }
}
