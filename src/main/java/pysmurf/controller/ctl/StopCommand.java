package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.UUID;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import pysmurf.controller.ctl.ControllerClient.Reply;
import pysmurf.controller.session.Json;

@Command(name = "stop", description = "Asks a process to end cleanly, and waits until it has.")
final class StopCommand extends Subcommand {

    @Parameters(
            arity = "0..1",
            paramLabel = "SESSION",
            description = "Stop this session; without it, the one that holds the lock.")
    private Integer session;

    @Override
    public Integer call() throws InterruptedException {
        ControllerClient client = client();
        ObjectNode params = session == null ? Json.object() : Json.object().put("session_id", session);
        Reply stop = client.start("stop", params, Ctl.NAME + "-" + UUID.randomUUID());
        Reply ended = client.awaitEnd(stop.id());
        print(ended, json -> {
            SessionReport stopped = new SessionReport(
                    client.session(json.at("/data/session_id").asInt()).json());
            out().println(stopped.title() + " has ended: " + stopped.state() + ".");
        });
        return ended.exitCode();
    }
}
