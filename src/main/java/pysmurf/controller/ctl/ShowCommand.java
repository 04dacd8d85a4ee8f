package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(name = "show", description = "Shows everything about a session except its output.")
final class ShowCommand extends Subcommand {

    @Parameters(index = "0", paramLabel = "SESSION", description = "Its number.")
    private int session;

    @Override
    public Integer call() throws InterruptedException {
        ControllerClient client = client();
        print(client.session(session), found -> tell(found, client.base()));
        return ExitCode.SUCCEEDED;
    }

    private void tell(JsonNode found, String base) {
        SessionReport report = new SessionReport(found);
        out().println("Session " + session + " of " + found.path("op_name").asText() + ": " + report.state());
        out().println();
        facts(report).printBlock(out());
        report.results().printBlock(out());
        report.stages().printBlock(out());
        report.printPlots(out(), base);
        TextTable messages = new TextTable();
        found.path("messages")
                .forEach(message -> messages.row(
                        SessionReport.time(message.path(0)), message.path(1).asText()));
        messages.printIndented(out());
    }

    private static TextTable facts(SessionReport report) {
        JsonNode found = report.session();
        TextTable facts = new TextTable()
                .row("parameters", found.path("params").toString())
                .row("asked for by", report.requester())
                .row("started", report.started());
        add(facts, "took", report.took());
        add(facts, "exit code", found.path("exit_code").asText(""));
        add(facts, "aborted by", SessionReport.requester(found.at("/abort/by").asText()));
        add(facts, "signals", report.signals());
        JsonNode data = found.path("data");
        add(facts, "data", data.isEmpty() ? "" : data.toString());
        JsonNode files = found.path("files");
        add(facts, "files", files.isEmpty() ? "" : Integer.toString(files.size()));
        return facts;
    }

    private static void add(TextTable facts, String name, String value) {
        if (!value.isEmpty() && !value.equals("null")) {
            facts.row(name, value);
        }
    }
}
