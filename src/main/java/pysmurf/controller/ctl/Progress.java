package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Locale;

/** How far an operation of stages is: one line that is redrawn on a terminal, elsewhere a few plain lines. Thread-safe. */
final class Progress {

    private static final int MAX_BAR = 30;
    private static final int MIN_BAR = 8;
    private static final Duration BETWEEN_LINES = Duration.ofMillis(500);

    /** The last stage of every tune, which is run only when another fails. */
    private static final String SAFE_STATE = "safe_state";

    private final PrintStream out;
    private final int columns;
    private final long start = System.nanoTime();
    private Duration lastLine = Duration.ZERO;
    private boolean cleared;
    private int number;
    private int count;
    private String stage = "";
    private String band = "";
    private long done;
    private long total;

    /** @param columns width of the terminal; 0 if there is none */
    Progress(PrintStream out, int columns) {
        this.out = out;
        this.columns = columns;
    }

    private Duration elapsed() {
        return Duration.ofNanos(System.nanoTime() - start);
    }

    void session(JsonNode session) {
        session(session, elapsed());
    }

    synchronized void session(JsonNode session, Duration elapsed) {
        String running = stage;
        count = 0;
        for (JsonNode each : session.path("stages")) {
            String status = each.path("status").asText();
            String name = each.path("name").asText();
            if (status.equals("skipped") || name.equals(SAFE_STATE) && status.equals("not_run")) {
                continue;
            }
            count++;
            if (status.equals("running")) {
                running = name;
                number = count;
            }
        }
        if (!running.equals(stage)) {
            stage = running;
            band = "";
            done = 0;
            total = 0;
            line(elapsed);
        }
        redraw();
    }

    void data(JsonNode message) {
        data(message, elapsed());
    }

    /** Takes a message in the Publisher's envelope; one that tells of no progress changes nothing. */
    synchronized void data(JsonNode message, Duration elapsed) {
        JsonNode progress = message.path("payload").path("progress");
        // A straggler of the stage before would make the bar jump back.
        if (progress.isObject() && progress.path("stage").asText().equals(stage)) {
            band = progress.path("band").asText();
            done = progress.path("done").asLong();
            total = progress.path("total").asLong();
            if (elapsed.minus(lastLine).compareTo(BETWEEN_LINES) >= 0) {
                line(elapsed);
            }
            redraw();
        }
    }

    private void line(Duration elapsed) {
        if (columns == 0) {
            lastLine = elapsed;
            out.println(plain(elapsed));
            out.flush();
        }
    }

    synchronized void redraw() {
        if (columns > 0 && !cleared) {
            // The last column is left free: some terminals go to the next line once it is written.
            out.print("\r" + bar(elapsed(), columns - 1) + "\033[K");
            out.flush();
        }
    }

    synchronized void clear() {
        cleared = true;
        if (columns > 0) {
            out.print(Terminal.CLEAR_LINE);
            out.flush();
        }
    }

    String bar(Duration elapsed, int width) {
        String before = words();
        String after = (total > 0 ? done + " of " + total + "  " : "") + seconds(elapsed);
        int room = Math.min(MAX_BAR, width - before.length() - after.length() - 6);
        int filled = total <= 0 ? 0 : (int) (room * Math.max(0, Math.min(done, total)) / total);
        String line = room < MIN_BAR
                ? before + "  " + after
                : before + "  [" + "#".repeat(filled) + ".".repeat(room - filled) + "]  " + after;
        return line.length() <= width ? line : line.substring(0, width);
    }

    String plain(Duration elapsed) {
        return seconds(elapsed) + "  " + words() + (total > 0 ? ", " + done + " of " + total : "");
    }

    private String words() {
        return (number > 0 ? "stage " + number + " of " + count + "  " : "")
                + (stage.isEmpty() ? "starting" : stage)
                + (band.isEmpty() ? "" : "  band " + band);
    }

    private static String seconds(Duration elapsed) {
        return String.format(Locale.ROOT, "%5.1f s", elapsed.toMillis() / 1e3);
    }
}
