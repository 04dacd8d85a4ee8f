package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintStream;
import java.util.concurrent.Callable;
import java.util.function.Consumer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** What each command has at hand. */
abstract class Subcommand implements Callable<Integer> {

    @ParentCommand
    private Ctl ctl;

    @Spec
    CommandSpec spec;

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

    /** Prints an answer as it came, if JSON is wanted, else in words. */
    int print(ControllerClient.Reply reply, Consumer<JsonNode> words) {
        if (json()) {
            out().println(reply.text());
        } else {
            words.accept(reply.json());
        }
        return ExitCode.SUCCEEDED;
    }

    ParameterException usage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}
