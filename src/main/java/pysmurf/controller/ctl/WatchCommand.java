package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine.Command;
import pysmurf.controller.ctl.Follower.Event;
import pysmurf.controller.session.Json;

@Command(
        name = "watch",
        description = {
            "Shows everything that happens, until Ctrl-C. With --json each event is a line of JSON.",
            "After a lost connection it reconnects and goes on after the last event it received."
        })
final class WatchCommand extends Subcommand {

    @Override
    public Integer call() throws InterruptedException {
        Follower events = new Follower.Events(client(), terminal()).listen(this::show);
        try {
            events.join();
        } finally {
            events.interrupt();
        }
        events.check();
        return ExitCode.SUCCEEDED;
    }

    /** Returns true if the output has no reader any more. */
    private boolean show(Event event) {
        JsonNode data = event.data();
        if (json()) {
            out().println(Json.object()
                    .put("id", event.id())
                    .put("event", event.name())
                    .set("data", data)
                    .toString());
            return out().checkError();
        }
        // A line with a carriage return at its end is a progress bar, which the next line replaces.
        SessionReport.each(data.path("lines"))
                .map(JsonNode::asText)
                .filter(line -> !line.endsWith("\r"))
                .forEach(line -> say(data, "output", line));
        switch (event.name()) {
            case "session" -> {
                String stage = SessionReport.each(data.path("stages"))
                        .filter(each -> each.path("status").asText().equals("running"))
                        .map(each -> "  " + each.path("name").asText())
                        .findFirst()
                        .orElse("");
                say(data, "session", data.path("op_name").asText() + "  " + new SessionReport(data).state() + stage);
            }
            case "output" -> {
                if (data.has("dropped")) {
                    out().println("(" + data.path("dropped").asLong() + " lines are left out)");
                }
            }
            case "data" -> say(data, "data", data.path("type").asText() + "  " + data.path("payload"));
            case "file" ->
                say(
                        data,
                        "file",
                        data.path("path").asText() + "  " + data.path("sha256").asText(""));
            case "status" ->
                out().println(Terminal.plain(
                        data.path("busy").asBoolean() ? "busy with " + new SessionReport(data).name() : "idle"));
            default -> out().println(Terminal.plain(event.name()));
        }
        return out().checkError();
    }

    private void say(JsonNode event, String kind, String text) {
        out().println(Terminal.plain(
                (kind + " " + event.path("session_id").asText("-") + "  " + text).stripTrailing()));
    }
}
