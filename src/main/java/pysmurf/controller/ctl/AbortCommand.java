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

    @Parameters(
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
        if (session != null) {
            // As at a start, there is no waiting for a controller that is not there at all.
            client.session(session);
        }
        Reply abort = session == null
                ? client.start("abort", params, Ctl.NAME + "-" + UUID.randomUUID())
                : client.abort(session, params);
        Reply ended = client.awaitEnd(abort.id());
        print(
                ended,
                json -> tell(new SessionReport(
                        client.session(json.at("/data/session_id").asInt()).json())));
        return ended.exitCode();
    }

    private void tell(SessionReport aborted) {
        String by = aborted.signals().isEmpty() ? "" : ", by " + aborted.signals();
        out().println(aborted.title() + " has ended: " + aborted.state() + by + ".");
        int survivors = aborted.session().at("/abort/survivors").asInt();
        if (survivors > 0) {
            err().println(survivors + " of its processes could not be ended.");
        }
    }
}
