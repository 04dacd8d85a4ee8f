package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.util.List;
import java.util.UUID;
import picocli.CommandLine.Option;
import pysmurf.controller.ctl.ControllerClient.Reply;
import pysmurf.controller.ctl.Follower.Event;
import pysmurf.controller.session.Json;

/** A command that starts an operation and stays until its session has ended. */
abstract class StartingCommand extends Subcommand {

    @Option(names = "--detach", description = "Do not wait for the end; print the session's number.")
    private boolean detach;

    /** Starts the operation; unless detached, shows what its scripts write, or its progress, and what came of it. */
    int start(String operation, ObjectNode params, boolean asProgress) throws InterruptedException {
        ControllerClient client = client();
        String key = Ctl.NAME + "-" + UUID.randomUUID();
        if (detach) {
            return print(client.start(operation, params, key), session -> out().println(started(session)));
        }
        AbortByInterrupt abort = new AbortByInterrupt(client, terminal());
        boolean showsOutput = !asProgress && !json();
        // Output that is kept nowhere comes as events, which are asked for before the start, so that none is missed.
        Follower.Events events = showsOutput && params.path("log").equals(BooleanNode.FALSE)
                ? new Follower.Events(client, terminal())
                : null;
        Reply accepted = client.start(operation, params, key);
        if (!json()) {
            err().println(started(accepted.json()));
        }
        int id = accepted.id();
        abort.started(id);
        Reply ended;
        if (events != null) {
            ended = events.listen(event -> showLines(event, id)).untilEndOf(id, key);
        } else if (showsOutput) {
            Follower output = new Follower.Output(client, terminal(), id, true);
            output.start();
            ended = output.untilEndOf(id, key);
        } else {
            ended = showProgress(client, id, key, asProgress && !json());
        }
        print(ended, session -> report(new SessionReport(session), client.base()));
        return ended.exitCode();
    }

    private static String started(JsonNode session) {
        return new SessionReport(session).title() + " has started.";
    }

    /** How progress is shown. */
    Display display(PrintStream out, int columns) {
        return new Progress(out, columns);
    }

    /** Parameters given as name=value, each of the type that the operation's schema says. */
    ObjectNode assigned(String operation, List<String> assignments) {
        ObjectNode params = Json.object();
        // Of an unknown operation there is none, and the controller has better words for that.
        JsonNode schema = assignments.isEmpty()
                ? params
                : OperationsCommand.find(client(), operation).at("/parameters/properties");
        for (String assignment : assignments) {
            int equals = assignment.indexOf('=');
            String name = assignment.substring(0, Math.max(0, equals));
            if (name.isEmpty() || params.has(name)) {
                throw usage("Not like name=value, or given twice: '" + assignment + "'");
            }
            try {
                params.set(name, ParameterText.read(assignment.substring(equals + 1), schema.path(name)));
            } catch (IllegalArgumentException e) {
                throw usage(name + ": " + e.getMessage());
            }
        }
        return params;
    }

    private Reply showProgress(ControllerClient client, int id, String key, boolean shown) throws InterruptedException {
        long start = System.nanoTime();
        Display progress = display(err(), shown ? terminal().columns() : 0);
        ControllerClient.Watch watch = session -> {
            if (shown) {
                progress.show(session, (System.nanoTime() - start) / 1e9);
            }
            Thread.sleep(ControllerClient.BETWEEN_LOOKS_MS);
        };
        try {
            Reply ended = client.awaitEnd(id, key, watch);
            watch.see(ended.json());
            return ended;
        } finally {
            progress.clear();
        }
    }

    /** Returns whether the session has ended. */
    private boolean showLines(Event event, int id) {
        JsonNode data = event.data();
        if (data.has("dropped")) {
            err().println(data.path("dropped").asLong() + " lines are left out here.");
        }
        boolean isOurs = data.path("session_id").asInt(-1) == id;
        if (isOurs) {
            // A line with a carriage return at its end is a progress bar of the script, which the next line replaces.
            data.path("lines")
                    .forEach(line -> out().print(line.asText() + (line.asText().endsWith("\r") ? "" : "\n")));
            out().flush();
        }
        return isOurs && data.path("status").asText().equals("done");
    }

    private void report(SessionReport report, String base) {
        JsonNode session = report.session();
        JsonNode plan = session.at("/data/plan");
        // Of a script only its output is asked for; how it ended goes beside it.
        boolean onlyOutput = session.path("stages").isEmpty() && plan.isMissingNode();
        PrintStream target = onlyOutput ? err() : out();
        out().flush();
        int code = session.path("exit_code").asInt();
        target.println(session.path("op_name").asText() + " " + report.state() + " after " + report.took()
                + " (session " + session.path("session_id").asInt() + ")" + (code == 0 ? "" : ", exit code " + code));
        if (!onlyOutput || !report.succeeded()) {
            target.println();
            report.print(target, base);
        }
        if (!report.succeeded()) {
            report.printLastMessages(target);
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
