package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "sessions", description = "Lists sessions, the newest first.")
final class SessionsCommand extends Subcommand {

    @Option(
            names = "--op",
            paramLabel = "OPERATION",
            completionCandidates = CompletionCommand.Operations.class,
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
    public Integer call() throws InterruptedException {
        if (limit < 0) {
            throw usage("--limit: not a number from 0");
        }
        String query = "?limit=" + limit
                + (operation == null ? "" : "&op=" + ControllerClient.quoted(operation))
                + (outcome == null ? "" : "&outcome=" + ControllerClient.quoted(outcome));
        print(client().get("/api/v1/sessions" + query), this::list);
        return ExitCode.SUCCEEDED;
    }

    private void list(JsonNode sessions) {
        TextTable table = new TextTable().row("session", "operation", "state", "started", "took", "by");
        for (JsonNode each : sessions) {
            SessionReport session = new SessionReport(each);
            table.row(
                    each.path("session_id").asText(),
                    each.path("op_name").asText(),
                    session.state(),
                    session.started(),
                    session.took(),
                    session.requester());
        }
        table.print(out());
    }
}
