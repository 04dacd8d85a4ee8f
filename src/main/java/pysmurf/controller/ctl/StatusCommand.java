package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import picocli.CommandLine.Command;
import pysmurf.controller.session.Json;

@Command(name = "status", description = "Shows which controller this is, its health, and what runs.")
final class StatusCommand extends Subcommand {

    /** What runs is among the newest: one operation at a time, beside it plans and aborts. */
    private static final int NEWEST = 20;

    @Override
    public Integer call() throws InterruptedException {
        ControllerClient client = client();
        ObjectNode all = Json.object();
        all.set("controller", client.get("/api/v1/controller").json());
        all.set("health", client.look(HealthCommand.PATH).json());
        ArrayNode running = all.putArray("running");
        client.get("/api/v1/sessions?limit=" + NEWEST).json().forEach(session -> {
            if (!session.path("status").asText().equals("done")) {
                running.add(session);
            }
        });
        if (json()) {
            out().println(all);
        } else {
            tell(all.path("controller"), all.path("health"), running, client.base());
        }
        return HealthCommand.exitCode(all.path("health"));
    }

    private void tell(JsonNode controller, JsonNode health, JsonNode running, String base) {
        TextTable table = new TextTable()
                .row("controller", controller.path("id").asText() + " at " + base)
                .row("version", controller.path("version").asText())
                .row("up since", SessionReport.time(controller.path("start_time")))
                .row("broker", controller.path("broker").asText("-"))
                .row("health", health.path("status").asText());
        if (running.isEmpty()) {
            table.row("runs", "nothing");
        }
        for (JsonNode each : running) {
            SessionReport session = new SessionReport(each);
            table.row(
                    "runs",
                    "session " + each.path("session_id").asText() + " of "
                            + each.path("op_name").asText() + ", " + session.state() + " since " + session.started());
        }
        table.print(out());
    }
}
