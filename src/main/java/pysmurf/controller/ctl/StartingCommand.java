package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Option;
import pysmurf.controller.terminal.Progress;
import pysmurf.controller.terminal.ProgressDisplay;
import pysmurf.controller.terminal.SessionReport;
import pysmurf.controller.terminal.TextTable;

/** A command that starts an operation and stays until its session has ended. */
abstract class StartingCommand extends Subcommand {

    private static final Set<String> OUTPUT_EVENTS = Set.of("session", "output");
    private static final Set<String> PROGRESS_EVENTS = Set.of("session", "data");
    private static final Set<String> END_EVENTS = Set.of("session");

    /** What is shown of the session while it runs. */
    enum View {
        /** What its scripts write. */
        OUTPUT,
        /** How far it is. */
        PROGRESS
    }

    @Option(names = "--detach", description = "Do not wait for the end; print the session's number.")
    private boolean detach;

    /** Starts the operation and, unless detached, shows how it goes and what came of it. */
    int start(String operation, ObjectNode params, View view) throws Refusal, Unreachable, InterruptedException {
        ControllerClient client = client();
        String key = Ctl.NAME + "-" + UUID.randomUUID();
        if (detach) {
            Reply accepted = client.start(operation, params, key);
            if (json()) {
                out().println(accepted.text());
            } else {
                out().println("Session " + accepted.sessionId() + " of " + operation + " has started.");
            }
            return ExitCode.SUCCEEDED;
        }
        AbortByInterrupt abort = AbortByInterrupt.install(client, terminal());
        Reply ended = outputIsInTheLog(view, params)
                ? followLog(client, abort, operation, params, key)
                : followEvents(client, abort, operation, params, key, view);
        report(ended, client);
        return ExitCode.of(ended.json().path("outcome").asText());
    }

    /** Without one the output is only streamed; nobody asks for it where JSON is asked for. */
    private boolean outputIsInTheLog(View view, ObjectNode params) {
        boolean kept = !params.path("log").isBoolean() || params.path("log").asBoolean();
        return view == View.OUTPUT && kept && !json();
    }

    private Reply followLog(
            ControllerClient client, AbortByInterrupt abort, String operation, ObjectNode params, String key)
            throws Refusal, Unreachable, InterruptedException {
        int id = started(client.start(operation, params, key), abort, operation);
        try (LogCopy copy = LogCopy.start(client, id, true, out(), terminal()::note)) {
            return Following.toEnd(client, id, key, copy);
        }
    }

    private Reply followEvents(
            ControllerClient client, AbortByInterrupt abort, String operation, ObjectNode params, String key, View view)
            throws Refusal, Unreachable, InterruptedException {
        Set<String> wanted = json() ? END_EVENTS : view == View.OUTPUT ? OUTPUT_EVENTS : PROGRESS_EVENTS;
        try (EventFeed feed = EventFeed.open(client, wanted, terminal()::note)) {
            int id = started(client.start(operation, params, key), abort, operation);
            try (Watching watching = watching(feed, id, view)) {
                return Following.toEnd(client, id, key, watching);
            }
        }
    }

    private int started(Reply accepted, AbortByInterrupt abort, String operation) {
        if (!json()) {
            err().println("Session " + accepted.sessionId() + " of " + operation + " has started.");
        }
        abort.started(accepted.sessionId());
        return accepted.sessionId();
    }

    private Watching watching(EventFeed feed, int id, View view) {
        if (json()) {
            return new EventWatching(feed, id, event -> {}, () -> {});
        }
        return view == View.OUTPUT ? new EventWatching(feed, id, this::showLines, () -> {}) : progress(feed, id);
    }

    private void showLines(EventFeed.Event event) {
        if (event.data().has("dropped")) {
            err().println(event.data().path("dropped").asLong() + " lines are left out here.");
        }
        // one that is still written over ends with a carriage return, as the script's own output does
        event.data().path("lines").forEach(line -> out().print(line.asText() + (isUnfinished(line) ? "" : "\n")));
        out().flush();
    }

    private Watching progress(EventFeed feed, int id) {
        long start = System.nanoTime();
        Progress progress = new Progress();
        ProgressDisplay display =
                new ProgressDisplay(progress, err(), terminal().columns());
        EventWatching watching = new EventWatching(
                feed,
                id,
                event -> {
                    if (event.name().equals("session")) {
                        display.session(progress.session(event.data()), since(start));
                    } else if (progress.data(event.data())) {
                        display.advanced(since(start));
                    }
                },
                () -> display.redraw(since(start)));
        return new Watching() {

            @Override
            public boolean awaitEnd(Duration atMost) throws InterruptedException {
                return watching.awaitEnd(atMost);
            }

            @Override
            public void close() {
                display.clear();
            }
        };
    }

    private static Duration since(long start) {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    private void report(Reply ended, ControllerClient client) {
        if (json()) {
            out().println(ended.text());
            return;
        }
        SessionReport report = new SessionReport(ended.json(), client.base());
        JsonNode plan = ended.json().at("/data/plan");
        // a script's output is all that is asked for of one; how it ended stands beside it
        boolean onlyOutput = ended.json().path("stages").isEmpty() && plan.isMissingNode();
        PrintStream target = onlyOutput ? err() : out();
        out().flush();
        target.println(report.headline() + exitCode(ended.json()));
        if (!onlyOutput || !report.succeeded()) {
            target.println();
            report.print(target);
        }
        if (plan.isObject()) {
            SessionReport.block(planned(plan), target);
        }
    }

    private static String exitCode(JsonNode session) {
        int code = session.path("exit_code").asInt(0);
        return code == 0 ? "" : ", exit code " + code;
    }

    private static List<String> planned(JsonNode plan) {
        return TextTable.ofWords()
                .row(List.of("stages", joined(plan.path("stages"))))
                .row(List.of("bands", joined(plan.path("bands"))))
                .row(List.of("about", plan.path("estimate_s").asText() + " s"))
                .lines();
    }

    private static String joined(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .map(JsonNode::asText)
                .collect(Collectors.joining(", "));
    }
}
