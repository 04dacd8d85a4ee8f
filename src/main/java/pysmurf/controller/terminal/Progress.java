package pysmurf.controller.terminal;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Locale;

/** How far a tune, or another operation of stages, is, from what its controller tells. Not thread-safe. */
public final class Progress {

    private static final int WIDEST_BAR = 30;
    private static final int NARROWEST_BAR = 8;
    /** Stands at the end of every tune's stages and is run only when one of the others fails. */
    private static final String SAFE_STATE = "safe_state";

    private int number;
    private int count;
    private String stage = "";
    private String band = "";
    private long done;
    private long total;

    /**
     * Takes in the session as it is now.
     *
     * @return whether another stage is running than before
     */
    public boolean session(JsonNode session) {
        int place = 0;
        String running = null;
        for (JsonNode each : session.path("stages")) {
            String status = each.path("status").asText();
            if (status.equals("skipped") || each.path("name").asText().equals(SAFE_STATE) && status.equals("not_run")) {
                continue;
            }
            place++;
            if (status.equals("running")) {
                running = each.path("name").asText();
                number = place;
            }
        }
        count = place;
        return running != null && enter(running);
    }

    private boolean enter(String name) {
        if (name.equals(stage)) {
            return false;
        }
        stage = name;
        band = "";
        done = 0;
        total = 0;
        return true;
    }

    /**
     * Takes in a message of a script.
     *
     * @param message in the Publisher's envelope; one that tells of no progress changes nothing
     * @return        whether it told of progress
     */
    public boolean data(JsonNode message) {
        JsonNode progress = message.path("payload").path("progress");
        // a straggler of the stage before would make the bar jump back
        if (!progress.isObject() || !progress.path("stage").asText().equals(stage)) {
            return false;
        }
        band = progress.path("band").asText();
        done = progress.path("done").asLong();
        total = progress.path("total").asLong();
        return true;
    }

    /** One line with a bar, at most this wide. */
    public String bar(Duration elapsed, int columns) {
        String before = words();
        String after = (total > 0 ? done + " of " + total + "  " : "") + seconds(elapsed);
        int room = Math.min(WIDEST_BAR, columns - before.length() - after.length() - 6);
        String line = room < NARROWEST_BAR
                ? before + "  " + after
                : before + "  [" + "#".repeat(filled(room)) + ".".repeat(room - filled(room)) + "]  " + after;
        return line.length() <= columns ? line : line.substring(0, columns);
    }

    /** The same without a bar. */
    public String plain(Duration elapsed) {
        return seconds(elapsed) + "  " + words() + (total > 0 ? ", " + done + " of " + total : "");
    }

    private String words() {
        return (number > 0 ? "stage " + number + " of " + count + "  " : "")
                + (stage.isEmpty() ? "starting" : stage)
                + (band.isEmpty() ? "" : "  band " + band);
    }

    private int filled(int room) {
        return total <= 0 ? 0 : (int) (room * Math.max(0, Math.min(done, total)) / total);
    }

    private static String seconds(Duration elapsed) {
        return String.format(Locale.ROOT, "%5.1f s", elapsed.toMillis() / 1e3);
    }
}
