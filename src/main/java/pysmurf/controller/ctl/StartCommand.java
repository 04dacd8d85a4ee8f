package pysmurf.controller.ctl;

import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
        name = "start",
        description = {
            "Starts any operation and shows what its scripts write.",
            "Ctrl-C aborts it; a second Ctrl-C leaves it to itself."
        },
        footer = {
            "",
            "A value is read as the operation's parameter is (see: pysmurf-ctl operations OPERATION): a list is 0,1 or"
                    + " JSON, an object is JSON.",
            "  pysmurf-ctl start tune_squids bands=0,1 preset=check",
            "  pysmurf-ctl start run script=blink.py 'args=[3, \"a b\"]' timeout=60"
        })
final class StartCommand extends StartingCommand {

    @Parameters(
            index = "0",
            paramLabel = "OPERATION",
            completionCandidates = CompletionCommand.Operations.class,
            description = "Its name.")
    private String operation;

    @Parameters(index = "1..*", paramLabel = "name=value", arity = "0..*", description = "Its parameters.")
    private List<String> assignments = List.of();

    @Override
    public Integer call() throws InterruptedException {
        return start(operation, assigned(operation, assignments), false);
    }
}
