package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(name = "show", description = "Shows everything about a session except its output.")
final class ShowCommand extends Subcommand {

    /** Characters; more would bury what else there is. */
    private static final int MAX_DATA = 300;

    @Parameters(paramLabel = "SESSION", description = "Its number.")
    private int session;

    @Override
    public Integer call() {
        ControllerClient client = client();
        return print(client.session(session), found -> tell(new SessionReport(found), client.base()));
    }

    private void tell(SessionReport report, String base) {
        JsonNode found = report.session();
        out().println(report.title() + ": " + report.state() + "\n");
        TextTable facts = new TextTable()
                .row("parameters", found.path("params").toString())
                .row("asked for by", report.requester())
                .row("started", report.started());
        add(facts, "took", report.took());
        add(facts, "exit code", found.path("exit_code").asText(""));
        add(facts, "aborted by", SessionReport.requester(found.at("/abort/by").asText()));
        add(facts, "signals", report.signals());
        add(facts, "data", data(found, base));
        facts.row("files", Integer.toString(found.path("files").size())).printBlock(out());
        report.print(out(), base);
        TextTable messages = new TextTable();
        found.path("messages")
                .forEach(message -> messages.row(
                        SessionReport.time(message.path(0)), message.path(1).asText()));
        messages.print(out());
    }

    private static String data(JsonNode found, String base) {
        JsonNode data = found.path("data");
        String text = data.isEmpty() ? "" : data.toString();
        return text.length() <= MAX_DATA
                ? text
                : data.size() + " entries, see " + base + "/api/v1/sessions/"
                        + found.path("session_id").asText();
    }

    private static void add(TextTable facts, String name, String value) {
        if (!value.isEmpty() && !value.equals("null")) {
            facts.row(name, value);
        }
    }
}
