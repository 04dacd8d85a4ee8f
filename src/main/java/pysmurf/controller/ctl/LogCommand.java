package pysmurf.controller.ctl;

import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "log", description = "Prints a session's output, byte for byte.")
final class LogCommand extends Subcommand {

    private static final Duration MAX_WAIT = Duration.ofSeconds(30);

    @Parameters(index = "0", paramLabel = "SESSION", description = "Its number.")
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
        try (Follower output = Follower.output(client, session, follow, terminal())) {
            int exitCode = ExitCode.SUCCEEDED;
            if (follow) {
                exitCode = client.awaitEnd(session, null, output).exitCode();
            } else {
                long start = System.nanoTime();
                while (!output.sawEnd()) {
                    if (System.nanoTime() - start > MAX_WAIT.toNanos()) {
                        throw Failure.unreachable("The output of session " + session + " does not come.", null);
                    }
                }
            }
            output.check();
            return exitCode;
        }
    }
}
