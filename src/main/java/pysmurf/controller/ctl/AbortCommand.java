package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.UUID;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import pysmurf.controller.ctl.ControllerClient.Reply;
import pysmurf.controller.session.Json;

@Command(
        name = "abort",
        description = "Aborts a session and everything it started, and waits until none of its processes is alive.")
final class AbortCommand extends Subcommand {

    private static final long BETWEEN_LOOKS_MS = 100;

    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "SESSION",
            description = "Abort this session; without it, the one that holds the lock.")
    private Integer session;

    @Option(names = "--force", description = "Send SIGKILL at once; the script cannot clean up.")
    private boolean force;

    @Override
    public Integer call() throws InterruptedException {
        ControllerClient client = client();
        ObjectNode params = force ? Json.object().put("force", true) : Json.object();
        Reply abort = session == null
                ? client.start("abort", params, Ctl.NAME + "-" + UUID.randomUUID())
                : client.abort(session, params);
        Reply ended = client.awaitEnd(abort.id(), null, () -> {
            Thread.sleep(BETWEEN_LOOKS_MS);
            return true;
        });
        if (json()) {
            out().println(ended.text());
        } else {
            tell(client.session(ended.json().at("/data/session_id").asInt()));
        }
        return ended.exitCode();
    }

    private void tell(Reply reply) {
        SessionReport aborted = new SessionReport(reply.json());
        out().println("Session " + reply.id() + " of "
                + reply.json().path("op_name").asText() + " has ended: " + aborted.state()
                + (aborted.signals().isEmpty() ? "" : ", by " + aborted.signals()) + ".");
        int survivors = reply.json().at("/abort/survivors").asInt();
        if (survivors > 0) {
            err().println(survivors + " of its processes could not be ended.");
        }
    }
}
