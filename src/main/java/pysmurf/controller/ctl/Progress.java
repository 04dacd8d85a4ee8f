package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.stream.StreamSupport;

/** How far an operation of stages is: one line that is redrawn on a terminal, elsewhere a few plain lines. */
final class Progress implements Display {

    private static final int MAX_BAR = 30;
    private static final int MIN_BAR = 8;
    private static final double BETWEEN_LINES_S = 0.5;

    private final PrintStream out;
    private final int columns;
    private int toldStages;
    private String told = "";
    private double toldAt;

    /** @param columns width of the terminal; 0 if there is none */
    Progress(PrintStream out, int columns) {
        this.out = out;
        this.columns = columns;
    }

    @Override
    public void show(JsonNode session, double elapsed) {
        String time = String.format(Locale.ROOT, "%5.1f s", elapsed);
        List<JsonNode> stages = StreamSupport.stream(session.path("stages").spliterator(), false)
                .filter(Progress::isOnTheWay)
                .toList();
        String words = "starting";
        JsonNode progress = session.at("/data/progress");
        long done = 0;
        long total = 0;
        for (int n = 1; n <= stages.size(); n++) {
            if (isIn(stages.get(n - 1), "not_run")) {
                continue;
            }
            String name = stages.get(n - 1).path("name").asText();
            words = "stage " + n + " of " + stages.size() + "  " + name;
            if (columns == 0 && n > toldStages) {
                out.println(time + "  " + words);
                toldStages = n;
                toldAt = elapsed;
            }
            // What the stage before told last stays there until this one tells something.
            boolean isItsOwn = progress.path("stage").asText().equals(name);
            words += isItsOwn ? "  band " + progress.path("band").asText() : "";
            done = isItsOwn ? progress.path("done").asLong() : 0;
            total = isItsOwn ? progress.path("total").asLong() : 0;
        }
        if (columns > 0) {
            // The last column is left free: some terminals go to the next line once it is written.
            out.print("\r" + bar(words, done, total, time, columns - 1) + "\033[K");
        } else if (total > 0 && elapsed - toldAt >= BETWEEN_LINES_S && !told.equals(words + done)) {
            out.println(time + "  " + words + ", " + done + " of " + total);
            told = words + done;
            toldAt = elapsed;
        }
        out.flush();
    }

    /** The last stage of every tune is run only when another fails. */
    private static boolean isOnTheWay(JsonNode stage) {
        return !isIn(stage, "skipped")
                && !(isIn(stage, "not_run") && stage.path("name").asText().equals("safe_state"));
    }

    private static boolean isIn(JsonNode stage, String status) {
        return stage.path("status").asText().equals(status);
    }

    private static String bar(String before, long done, long total, String time, int width) {
        String after = (total > 0 ? done + " of " + total + "  " : "") + time;
        int room = Math.min(MAX_BAR, width - before.length() - after.length() - 6);
        int filled = total <= 0 ? 0 : (int) (room * Math.max(0, Math.min(done, total)) / total);
        String line = room < MIN_BAR
                ? before + "  " + after
                : before + "  [" + "#".repeat(filled) + ".".repeat(room - filled) + "]  " + after;
        return line.length() <= width ? line : line.substring(0, width);
    }

    @Override
    public void clear() {
        out.print(columns > 0 ? Terminal.CLEAR_LINE : "");
        out.flush();
    }
}
