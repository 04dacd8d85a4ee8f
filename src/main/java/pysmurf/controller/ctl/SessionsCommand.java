package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

@Command(name = "sessions", description = "Lists sessions, the newest first.")
final class SessionsCommand extends Subcommand {

    @Option(
            names = "--op",
            paramLabel = "OPERATION",
            defaultValue = "",
            completionCandidates = CompletionCommand.Operations.class,
            description = "Only those of this operation.")
    private String operation;

    @Option(names = "--outcome", paramLabel = "WORD", defaultValue = "", description = "Only those with this outcome.")
    private String outcome;

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "20",
            description = "At most so many (${DEFAULT-VALUE}).")
    private int limit;

    @Override
    public Integer call() {
        if (limit < 0) {
            throw usage("--limit: not a number from 0");
        }
        return print(
                client().get("/api/v1/sessions?limit=" + limit
                        + (operation.isEmpty() ? "" : "&op=" + ControllerClient.quoted(operation))
                        + (outcome.isEmpty() ? "" : "&outcome=" + ControllerClient.quoted(outcome))),
                this::list);
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
