package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.Set;
import picocli.CommandLine.Command;
import pysmurf.controller.session.Json;

/** {@code watch}: everything that happens, as it does. */
@Command(
        name = "watch",
        description = {
            "Shows everything that happens, until Ctrl-C. With --json each event is a line of JSON.",
            "After a lost connection it reconnects and goes on after the last event it received."
        })
final class WatchCommand extends Subcommand {

    private static final Set<String> ALL = Set.of("session", "output", "data", "file", "status");
    private static final Duration A_WHILE = Duration.ofSeconds(1);

    @Override
    public Integer call() throws Refusal, Unreachable, InterruptedException {
        try (EventFeed feed = EventFeed.open(client(), ALL, terminal()::note)) {
            while (!out().checkError()) {
                EventFeed.Event event = feed.next(A_WHILE);
                if (event != null) {
                    show(event);
                }
            }
        }
        return ExitCode.SUCCEEDED;
    }

    private void show(EventFeed.Event event) {
        if (json()) {
            ObjectNode line = Json.object().put("id", event.id()).put("event", event.name());
            out().println(line.set("data", event.data()).toString());
            return;
        }
        JsonNode data = event.data();
        switch (event.name()) {
            case "session" ->
                out().println("session " + event.sessionId() + "  "
                        + data.path("op_name").asText() + "  " + SessionsCommand.state(data) + stage(data));
            case "output" -> showOutput(event);
            case "data" ->
                out().println("data " + session(event) + "  "
                        + data.path("type").asText() + "  "
                        + Terminal.plain(data.path("payload").toString()));
            case "file" ->
                out().println("file " + session(event) + "  "
                        + Terminal.plain(data.path("path").asText())
                        + (data.path("sha256").isTextual()
                                ? "  sha256 " + data.path("sha256").asText()
                                : ""));
            default ->
                out().println(
                                data.path("busy").asBoolean()
                                        ? "busy with session " + event.sessionId() + " of "
                                                + data.path("op_name").asText()
                                        : "idle");
        }
    }

    private void showOutput(EventFeed.Event event) {
        if (event.data().has("dropped")) {
            out().println("(" + event.data().path("dropped").asLong() + " lines are left out)");
        }
        for (JsonNode line : event.data().path("lines")) {
            if (!isUnfinished(line)) {
                out().println("output " + session(event) + "  " + Terminal.plain(line.asText()));
            }
        }
    }

    private static String session(EventFeed.Event event) {
        return event.sessionId() < 0 ? "-" : Integer.toString(event.sessionId());
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
