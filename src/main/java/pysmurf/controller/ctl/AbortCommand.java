package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import pysmurf.controller.session.Json;

/** {@code abort}: ends what runs, and says when nothing of it lives any more. */
@Command(
        name = "abort",
        description = "Aborts a session and everything it started, and waits until none of its processes is alive.")
final class AbortCommand extends Subcommand {

    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(100);

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "SESSION",
            description = "Abort this session; without it, the one that holds the lock.")
    private Integer session;

    @Option(names = "--force", description = "Send SIGKILL at once; the script cannot clean up.")
    private boolean force;

    @Override
    public Integer call() throws Refusal, Unreachable, InterruptedException {
        ControllerClient client = client();
        ObjectNode params = Json.object();
        if (force) {
            params.put("force", true);
        }
        Reply abort = session == null
                ? client.start("abort", params, Ctl.NAME + "-" + UUID.randomUUID())
                : client.abort(session, params);
        Reply ended = Following.toEnd(client, abort.sessionId(), null, new Pause());
        if (json()) {
            out().println(ended.text());
        } else {
            tell(client, ended.json());
        }
        return ExitCode.of(ended.json().path("outcome").asText());
    }

    private void tell(ControllerClient client, JsonNode abort) throws Refusal, Unreachable, InterruptedException {
        int victim = abort.at("/data/session_id").asInt();
        JsonNode aborted = client.session(victim).json();
        String signals = StreamSupport.stream(aborted.at("/abort/signals").spliterator(), false)
                .map(signal -> "SIG" + signal.asText())
                .collect(Collectors.joining(", "));
        out().println("Session " + victim + " of " + aborted.path("op_name").asText() + " has ended: "
                + aborted.path("outcome").asText().replace('_', ' ')
                + (signals.isEmpty() ? "" : ", by " + signals) + ".");
        int survivors = aborted.at("/abort/survivors").asInt();
        if (survivors > 0) {
            err().println(survivors + " of its processes could not be ended.");
        }
    }

    /** An abort has no output; it is asked for until it is done. */
    private static final class Pause implements Watching {

        @Override
        public boolean awaitEnd(Duration atMost) throws InterruptedException {
            Thread.sleep(BETWEEN_LOOKS.toMillis());
            return false;
        }

        @Override
        public void close() {
            // holds nothing
        }
    }
}
