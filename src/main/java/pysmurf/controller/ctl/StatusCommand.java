package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import pysmurf.controller.session.Json;
import pysmurf.controller.terminal.TextTable;

/** {@code status}: which controller it is, how it is, what runs. */
@Command(name = "status", description = "Shows which controller this is, its health, and what runs.")
final class StatusCommand extends Subcommand {

    /** What runs is among the newest: one operation at a time, beside it plans and aborts. */
    private static final int NEWEST = 20;

    @Override
    public Integer call() throws Refusal, Unreachable, InterruptedException {
        ControllerClient client = client();
        JsonNode controller = client.get("/api/v1/controller").json();
        JsonNode health = client.look(HealthCommand.PATH).json();
        List<JsonNode> running = new ArrayList<>();
        client.get("/api/v1/sessions?limit=" + NEWEST).json().forEach(session -> {
            if (!session.path("status").asText().equals("done")) {
                running.add(session);
            }
        });
        if (json()) {
            ObjectNode all = Json.object();
            all.set("controller", controller);
            all.set("health", health);
            all.putArray("running").addAll(running);
            out().println(all);
        } else {
            tell(client, controller, health, running);
        }
        return HealthCommand.exitCode(health);
    }

    private void tell(ControllerClient client, JsonNode controller, JsonNode health, List<JsonNode> running) {
        TextTable table = TextTable.ofWords()
                .row(List.of("controller", controller.path("id").asText() + " at " + client.base()))
                .row(List.of("version", controller.path("version").asText()))
                .row(List.of("up since", Times.text(controller.path("start_time"))))
                .row(List.of("broker", controller.path("broker").asText("-")))
                .row(List.of("health", health.path("status").asText()));
        if (running.isEmpty()) {
            table.row(List.of("runs", "nothing"));
        }
        for (JsonNode session : running) {
            table.row(List.of(
                    "runs",
                    "session " + session.path("session_id").asText() + " of "
                            + session.path("op_name").asText() + ", "
                            + SessionsCommand.state(session) + " since " + Times.text(session.path("start_time"))));
        }
        table.lines().forEach(out()::println);
    }
}
