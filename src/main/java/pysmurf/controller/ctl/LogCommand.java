package pysmurf.controller.ctl;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "log", description = "Prints a session's output, byte for byte.")
final class LogCommand extends Subcommand {

    @Parameters(paramLabel = "SESSION", description = "Its number.")
    private int session;

    @Option(
            names = {"-f", "--follow"},
            description = "Go on until the session ends; the exit code is then that of its outcome.")
    private boolean follow;

    @Override
    public Integer call() throws InterruptedException {
        ControllerClient client = client();
        // If there is no such session, nothing is printed.
        client.session(session);
        Follower output = new Follower.Output(client, terminal(), session, follow);
        if (!follow) {
            output.readOnce();
            return ExitCode.SUCCEEDED;
        }
        output.start();
        int exitCode = output.untilEndOf(session, null).exitCode();
        output.check();
        return exitCode;
    }
}
