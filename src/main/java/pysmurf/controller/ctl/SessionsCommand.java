package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import pysmurf.controller.terminal.TextTable;

/** {@code sessions}: what was run, the newest first. */
@Command(name = "sessions", description = "Lists sessions, the newest first.")
final class SessionsCommand extends Subcommand {

    @Option(
            names = "--op",
            paramLabel = "OPERATION",
            completionCandidates = NamesOnController.Operations.class,
            description = "Only those of this operation.")
    private String operation;

    @Option(
            names = "--outcome",
            paramLabel = "WORD",
            description = "Only those with this outcome: succeeded, failed, partial, aborted, timed_out, interrupted.")
    private String outcome;

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "20",
            description = "At most so many (${DEFAULT-VALUE}).")
    private int limit;

    @Override
    public Integer call() throws Refusal, Unreachable, InterruptedException {
        if (limit < 0) {
            throw usage("--limit: not a number from 0");
        }
        String query = "?limit=" + limit
                + (operation == null ? "" : "&op=" + ControllerClient.quoted(operation))
                + (outcome == null ? "" : "&outcome=" + ControllerClient.quoted(outcome));
        Reply sessions = client().get("/api/v1/sessions" + query);
        if (json()) {
            out().println(sessions.text());
            return ExitCode.SUCCEEDED;
        }
        TextTable table = TextTable.ofWords().row(List.of("session", "operation", "state", "started", "took", "by"));
        for (JsonNode session : sessions.json()) {
            table.row(List.of(
                    session.path("session_id").asText(),
                    session.path("op_name").asText(),
                    state(session),
                    Times.text(session.path("start_time")),
                    Times.length(session),
                    Requester.of(session.path("requested_by"))));
        }
        table.lines().forEach(out()::println);
        return ExitCode.SUCCEEDED;
    }

    /** Its outcome, or where it stands as long as it has none. */
    static String state(JsonNode session) {
        return session.path("outcome").asText(session.path("status").asText()).replace('_', ' ');
    }
}
