package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import picocli.CommandLine.Command;
import pysmurf.controller.session.Json;

@Command(name = "status", description = "Shows which controller this is, its health, and what runs.")
final class StatusCommand extends Subcommand {

    @Override
    public Integer call() {
        ControllerClient client = client();
        JsonNode controller = client.get("/api/v1/controller").json();
        JsonNode health = client.look(HealthCommand.PATH).json();
        ObjectNode all = Json.object();
        all.set("controller", controller);
        all.set("health", health);
        TextTable table = new TextTable()
                .row("controller", controller.path("id").asText() + " at " + client.base())
                .row("version", controller.path("version").asText())
                .row("up since", SessionReport.time(controller.path("start_time")))
                .row("broker", controller.path("broker").asText("-"))
                .row("health", health.path("status").asText());
        ArrayNode running = all.putArray("running");
        for (JsonNode id : controller.path("running")) {
            JsonNode session = client.session(id.asInt()).json();
            running.add(session);
            SessionReport report = new SessionReport(session);
            table.row("runs", report.name() + ", " + report.state() + " since " + report.started());
        }
        if (running.isEmpty()) {
            table.row("runs", "nothing");
        }
        if (json()) {
            out().println(all);
        } else {
            table.print(out());
        }
        return HealthCommand.exitCode(health);
    }
}
