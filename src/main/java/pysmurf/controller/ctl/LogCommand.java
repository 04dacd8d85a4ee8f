package pysmurf.controller.ctl;

import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code log}: a session's output. */
@Command(name = "log", description = "Prints a session's output, byte for byte.")
final class LogCommand extends Subcommand {

    private static final Duration UNTIL_THERE = Duration.ofSeconds(30);

    @Parameters(index = "0", paramLabel = "SESSION", description = "Its number.")
    private int session;

    @Option(
            names = {"-f", "--follow"},
            description = "Go on until the session ends; the exit code is then that of its outcome.")
    private boolean follow;

    @Override
    public Integer call() throws Refusal, Unreachable, InterruptedException {
        ControllerClient client = client();
        // before anything of it is printed: whether there is such a session
        client.session(session);
        try (LogCopy copy = LogCopy.start(client, session, follow, out(), terminal()::note)) {
            if (follow) {
                Reply ended = Following.toEnd(client, session, null, copy);
                if (copy.refusal() != null) {
                    throw copy.refusal();
                }
                return ExitCode.of(ended.json().path("outcome").asText());
            }
            if (!copy.awaitEnd(UNTIL_THERE)) {
                throw new Unreachable("The output of session " + session + " does not come.");
            }
            if (copy.refusal() != null) {
                throw copy.refusal();
            }
            return ExitCode.SUCCEEDED;
        }
    }
}
