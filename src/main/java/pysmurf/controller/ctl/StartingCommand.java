package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.util.UUID;
import picocli.CommandLine.Option;
import pysmurf.controller.ctl.ControllerClient.Reply;
import pysmurf.controller.ctl.Follower.Event;

/** A command that starts an operation and stays until its session has ended. */
abstract class StartingCommand extends Subcommand {

    @Option(names = "--detach", description = "Do not wait for the end; print the session's number.")
    private boolean detach;

    /** Starts the operation; unless detached, shows what its scripts write, or its progress, and what came of it. */
    int start(String operation, ObjectNode params, boolean asProgress) throws InterruptedException {
        ControllerClient client = client();
        String key = Ctl.NAME + "-" + UUID.randomUUID();
        if (detach) {
            print(client.start(operation, params, key), session -> out().println(started(session)));
            return ExitCode.SUCCEEDED;
        }
        AbortByInterrupt abort = new AbortByInterrupt(client, terminal());
        boolean hasLog = !params.path("log").isBoolean() || params.path("log").asBoolean();
        Reply ended;
        if (hasLog && !asProgress && !json()) {
            int id = start(client, operation, params, key, abort);
            try (Follower output = Follower.output(client, id, true, terminal())) {
                ended = client.awaitEnd(id, key, output);
            }
        } else {
            Progress progress =
                    asProgress && !json() ? new Progress(err(), terminal().columns()) : null;
            // The events are asked for before the start, so that none is missed.
            try (Follower.Events events = Follower.events(client, terminal())) {
                int id = start(client, operation, params, key, abort);
                events.listen(event -> heard(event, id, progress));
                ended = client.awaitEnd(id, key, () -> {
                    if (progress != null) {
                        progress.redraw();
                    }
                    return events.sawEnd();
                });
            } finally {
                if (progress != null) {
                    progress.clear();
                }
            }
        }
        print(ended, session -> report(session, client.base()));
        return ended.exitCode();
    }

    private int start(ControllerClient client, String operation, ObjectNode params, String key, AbortByInterrupt abort)
            throws InterruptedException {
        Reply accepted = client.start(operation, params, key);
        if (!json()) {
            err().println(started(accepted.json()));
        }
        abort.started(accepted.id());
        return accepted.id();
    }

    private static String started(JsonNode session) {
        return "Session " + session.path("session_id").asInt() + " of "
                + session.path("op_name").asText() + " has started.";
    }

    private boolean heard(Event event, int id, Progress progress) {
        if (event.sessionId() != id && !event.data().has("dropped")) {
            return false;
        }
        if (event.name().equals("session")) {
            if (progress != null) {
                progress.session(event.data());
            }
            return event.data().path("status").asText().equals("done");
        }
        if (progress != null && event.name().equals("data")) {
            progress.data(event.data());
        } else if (progress == null && event.name().equals("output") && !json()) {
            showLines(event.data());
        }
        return false;
    }

    private void showLines(JsonNode output) {
        if (output.has("dropped")) {
            err().println(output.path("dropped").asLong() + " lines are left out here.");
        }
        // A line with a carriage return at its end is a progress bar of the script, which the next line replaces.
        output.path("lines")
                .forEach(line -> out().print(line.asText() + (line.asText().endsWith("\r") ? "" : "\n")));
        out().flush();
    }

    private void report(JsonNode ended, String base) {
        SessionReport session = new SessionReport(ended);
        JsonNode plan = ended.at("/data/plan");
        // Of a script only its output is asked for; how it ended goes beside it.
        boolean onlyOutput = ended.path("stages").isEmpty() && plan.isMissingNode();
        PrintStream target = onlyOutput ? err() : out();
        out().flush();
        int code = ended.path("exit_code").asInt();
        target.println(session.headline() + (code == 0 ? "" : ", exit code " + code));
        if (!onlyOutput || !session.succeeded()) {
            target.println();
            session.print(target, base);
        }
        if (plan.isObject()) {
            new TextTable()
                    .row("stages", SessionReport.joined(plan.path("stages"), ", "))
                    .row("bands", SessionReport.joined(plan.path("bands"), ", "))
                    .row("about", plan.path("estimate_s").asText() + " s")
                    .printBlock(target);
        }
    }
}
