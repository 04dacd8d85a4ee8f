package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import pysmurf.controller.terminal.ResultTable;
import pysmurf.controller.terminal.SessionReport;
import pysmurf.controller.terminal.StageTable;
import pysmurf.controller.terminal.TextTable;

/** {@code show}: all there is to know of one session. */
@Command(name = "show", description = "Shows everything about a session except its output.")
final class ShowCommand extends Subcommand {

    @Parameters(index = "0", paramLabel = "SESSION", description = "Its number.")
    private int session;

    @Override
    public Integer call() throws Refusal, Unreachable, InterruptedException {
        Reply reply = client().session(session);
        if (json()) {
            out().println(reply.text());
        } else {
            tell(reply.json());
        }
        return ExitCode.SUCCEEDED;
    }

    private void tell(JsonNode found) {
        out().println("Session " + session + " of " + found.path("op_name").asText() + ": "
                + SessionsCommand.state(found));
        out().println();
        SessionReport.block(facts(found).lines(), out());
        ResultTable results = new ResultTable(found);
        if (!results.isEmpty()) {
            SessionReport.block(results.lines(), out());
        }
        List<String> stages = new StageTable(found).lines();
        if (!stages.isEmpty()) {
            SessionReport.block(stages, out());
        }
        TextTable messages = TextTable.ofWords();
        found.path("messages")
                .forEach(message -> messages.row(List.of(
                        Times.text(message.path(0)),
                        Terminal.plain(message.path(1).asText()))));
        messages.lines().forEach(line -> out().println("  " + line));
    }

    private static TextTable facts(JsonNode found) {
        TextTable facts = TextTable.ofWords()
                .row(List.of("parameters", Terminal.plain(found.path("params").toString())))
                .row(List.of("asked for by", Requester.of(found.path("requested_by"))))
                .row(List.of("started", Times.text(found.path("start_time"))));
        add(facts, "took", Times.length(found));
        add(facts, "exit code", found.path("exit_code").asText(""));
        JsonNode abort = found.path("abort");
        if (abort.isObject()) {
            add(facts, "aborted by", Requester.of(abort.path("by").asText()));
            add(
                    facts,
                    "signals",
                    StreamSupport.stream(abort.path("signals").spliterator(), false)
                            .map(signal -> "SIG" + signal.asText())
                            .collect(Collectors.joining(", ")));
        }
        if (!found.path("data").isEmpty()) {
            add(facts, "data", found.path("data").toString());
        }
        if (!found.path("files").isEmpty()) {
            add(facts, "files", Integer.toString(found.path("files").size()));
        }
        return facts;
    }

    private static void add(TextTable facts, String name, String value) {
        if (!value.isEmpty() && !value.equals("null")) {
            facts.row(List.of(name, value));
        }
    }
}
