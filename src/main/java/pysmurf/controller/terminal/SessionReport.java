package pysmurf.controller.terminal;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/** What an ended session came to, for the person who started it. Immutable. */
public final class SessionReport {

    private static final int LAST_MESSAGES = 5;

    private final JsonNode session;
    private final String http;

    /**
     * @param session the session when it is done
     * @param http    URL of the controller's HTTP server, without a slash at its end
     */
    public SessionReport(JsonNode session, String http) {
        this.session = session;
        this.http = http;
    }

    /** Whether it succeeded. */
    public boolean succeeded() {
        return session.path("outcome").asText().equals("succeeded");
    }

    /** How it ended, in a line. */
    public String headline() {
        double seconds = session.path("end_time")
                .decimalValue()
                .subtract(session.path("start_time").decimalValue())
                .doubleValue();
        return String.format(
                Locale.ROOT,
                "%s %s after %.1f s (session %d)",
                session.path("op_name").asText(),
                session.path("outcome").asText().replace('_', ' '),
                seconds,
                session.path("session_id").asInt());
    }

    /** Writes what there is: results, stages, the last messages unless it succeeded, plots. */
    public void print(PrintStream out) {
        ResultTable results = new ResultTable(session);
        if (!results.isEmpty()) {
            block(results.lines(), out);
        }
        List<String> stages = new StageTable(session).lines();
        if (!stages.isEmpty()) {
            block(stages, out);
        }
        if (!succeeded()) {
            out.println("The last messages:");
            block(lastMessages(), out);
        }
        plots().forEach((folder, table) -> {
            out.println("  plots in " + folder);
            block(table.lines(), out);
        });
    }

    /** Writes lines set off from what is before and behind. */
    public static void block(List<String> lines, PrintStream out) {
        lines.forEach(line -> out.println("  " + line));
        out.println();
    }

    /** The plots, by folder. */
    private Map<String, TextTable> plots() {
        Map<String, TextTable> folders = new LinkedHashMap<>();
        JsonNode files = session.path("files");
        for (int i = 0; i < files.size(); i++) {
            Path path = Path.of(files.get(i).path("path").asText());
            if (files.get(i).path("plot").asBoolean() && path.getParent() != null) {
                folders.computeIfAbsent(shorter(path.getParent()), folder -> TextTable.ofWords())
                        .row(List.of(path.getFileName().toString(), url("files/" + i)));
            }
        }
        return folders;
    }

    private List<String> lastMessages() {
        JsonNode messages = session.path("messages");
        int first = Math.max(0, messages.size() - LAST_MESSAGES);
        return IntStream.range(first, messages.size())
                .mapToObj(i -> messages.get(i).path(1).asText())
                .toList();
    }

    /** The session's URL, or that of something below it. */
    public String url(String below) {
        String url = http + "/api/v1/sessions/" + session.path("session_id").asInt();
        return below.isEmpty() ? url : url + "/" + below;
    }

    /** The path as it can be typed here. */
    public static String shorter(Path path) {
        Path here = Path.of("").toAbsolutePath();
        Path there = path.toAbsolutePath().normalize();
        return (there.startsWith(here) ? here.relativize(there) : there).toString();
    }
}
