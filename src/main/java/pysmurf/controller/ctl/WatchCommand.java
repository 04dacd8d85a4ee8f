package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
        try (Follower.Events events = Follower.events(client(), terminal())) {
            events.listen(this::show);
            boolean ended = false;
            while (!ended && !out().checkError()) {
                ended = events.sawEnd();
            }
            events.check();
        }
        return ExitCode.SUCCEEDED;
    }

    private boolean show(Event event) {
        JsonNode data = event.data();
        String session = event.sessionId() < 0 ? "-" : Integer.toString(event.sessionId());
        String operation = data.path("op_name").asText();
        if (json()) {
            ObjectNode line = Json.object().put("id", event.id()).put("event", event.name());
            out().println(line.set("data", data).toString());
            return out().checkError();
        }
        switch (event.name()) {
            case "session" ->
                say("session " + session + "  " + operation + "  " + new SessionReport(data).state() + stage(data));
            case "output" -> showOutput(session, data);
            case "data" -> say("data " + session + "  " + data.path("type").asText() + "  " + data.path("payload"));
            case "file" -> {
                String digest = data.path("sha256").asText("");
                say("file " + session + "  " + data.path("path").asText()
                        + (digest.isEmpty() ? "" : "  sha256 " + digest));
            }
            case "status" ->
                say(data.path("busy").asBoolean() ? "busy with session " + session + " of " + operation : "idle");
            default -> say(event.name());
        }
        return out().checkError();
    }

    private void say(String line) {
        out().println(Terminal.plain(line));
    }

    private void showOutput(String session, JsonNode output) {
        if (output.has("dropped")) {
            say("(" + output.path("dropped").asLong() + " lines are left out)");
        }
        for (JsonNode line : output.path("lines")) {
            // A line with a carriage return at its end is a progress bar, which the next line replaces.
            if (!line.asText().endsWith("\r")) {
                say("output " + session + "  " + line.asText());
            }
        }
    }

    private static String stage(JsonNode session) {
        for (JsonNode stage : session.path("stages")) {
            if (stage.path("status").asText().equals("running")) {
                return "  " + stage.path("name").asText();
            }
        }
        return "";
    }
}
