package pysmurf.controller.demo;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;

/** What a tune came to, for the person who ran it. */
final class Report {

    private static final int LAST_MESSAGES = 5;
    private static final int TIMEOUT_MS = 2000;

    private final JsonNode session;
    private final Options options;
    private final PrintStream out;

    /** @param session the session when it is done */
    Report(JsonNode session, Options options, PrintStream out) {
        this.session = session;
        this.options = options;
        this.out = out;
    }

    /** Whether the tune succeeded. */
    boolean succeeded() {
        return session.path("outcome").asText().equals("succeeded");
    }

    /** Writes it. */
    void print() {
        double seconds = session.path("end_time")
                .decimalValue()
                .subtract(session.path("start_time").decimalValue())
                .doubleValue();
        out.printf(
                Locale.ROOT,
                "tune_squids %s after %.1f s (session %d)%n%n",
                session.path("outcome").asText(),
                seconds,
                session.path("session_id").asInt());
        block(new ResultTable(session).lines());
        block(new StageTable(session).lines());
        if (!succeeded()) {
            out.println("The last messages:");
            block(lastMessages());
        }
        plots().forEach((folder, table) -> {
            out.println("  plots in " + folder);
            block(table.lines());
        });
        block(places().lines());
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

    private TextTable places() {
        TextTable table = TextTable.ofWords();
        if (pageIsServed()) {
            table.row(List.of("page", options.http() + "/"));
        }
        table.row(List.of("session", url("")));
        table.row(List.of("script output", url("log")));
        if (options.log() != null) {
            table.row(List.of("controller's log", shorter(options.log())));
        }
        return table;
    }

    private void block(List<String> lines) {
        lines.forEach(line -> out.println("  " + line));
        out.println();
    }

    private List<String> lastMessages() {
        JsonNode messages = session.path("messages");
        int first = Math.max(0, messages.size() - LAST_MESSAGES);
        return IntStream.range(first, messages.size())
                .mapToObj(i -> messages.get(i).path(1).asText())
                .toList();
    }

    private String url(String below) {
        String url = options.http() + "/api/v1/sessions/"
                + session.path("session_id").asInt();
        return below.isEmpty() ? url : url + "/" + below;
    }

    /** The path as it can be typed here. */
    private static String shorter(Path path) {
        Path here = Path.of("").toAbsolutePath();
        Path there = path.toAbsolutePath().normalize();
        return (there.startsWith(here) ? here.relativize(there) : there).toString();
    }

    private boolean pageIsServed() {
        try {
            HttpURLConnection connection =
                    (HttpURLConnection) URI.create(options.http() + "/").toURL().openConnection();
            connection.setConnectTimeout(TIMEOUT_MS);
            connection.setReadTimeout(TIMEOUT_MS);
            return connection.getResponseCode() == HttpURLConnection.HTTP_OK;
        } catch (IOException e) {
            // the report is complete without it
            return false;
        }
    }
}
