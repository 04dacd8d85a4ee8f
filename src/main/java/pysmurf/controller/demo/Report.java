package pysmurf.controller.demo;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.PrintStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.util.List;
import pysmurf.controller.terminal.SessionReport;
import pysmurf.controller.terminal.TextTable;

/** What a tune came to, and where to look further, for the person who ran the demo. */
final class Report {

    private static final int TIMEOUT_MS = 2000;

    private final SessionReport report;
    private final Options options;
    private final PrintStream out;

    /** @param session the session when it is done */
    Report(JsonNode session, Options options, PrintStream out) {
        this.report = new SessionReport(session, options.http());
        this.options = options;
        this.out = out;
    }

    /** Whether the tune succeeded. */
    boolean succeeded() {
        return report.succeeded();
    }

    /** Writes it. */
    void print() {
        out.println(report.headline());
        out.println();
        report.print(out);
        SessionReport.block(places().lines(), out);
    }

    private TextTable places() {
        TextTable table = TextTable.ofWords();
        if (pageIsServed()) {
            table.row(List.of("page", options.http() + "/"));
        }
        table.row(List.of("session", report.url("")));
        table.row(List.of("script output", report.url("log")));
        if (options.log() != null) {
            table.row(List.of("controller's log", SessionReport.shorter(options.log())));
        }
        return table;
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
