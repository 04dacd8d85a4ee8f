package pysmurf.controller.terminal;

import java.io.PrintStream;
import java.time.Duration;

/** Shows a progress: one line that is redrawn on a terminal, elsewhere plain lines and not too many. Not thread-safe. */
public final class ProgressDisplay {

    private static final Duration PLAIN_EVERY = Duration.ofMillis(500);
    private static final String TO_START_OF_LINE = "\r";
    private static final String CLEAR_TO_END = "\033[K";

    /** On a terminal, takes away the line that is drawn, so that another can be written in its place. */
    public static final String CLEARED_LINE = TO_START_OF_LINE + CLEAR_TO_END;

    private final Progress progress;
    private final PrintStream out;
    private final int columns;
    private Duration lastPlain = Duration.ZERO;

    /** @param columns width of the terminal; 0 if there is none */
    public ProgressDisplay(Progress progress, PrintStream out, int columns) {
        this.progress = progress;
        this.out = out;
        this.columns = columns;
    }

    /** The session has changed. */
    public void session(boolean newStage, Duration elapsed) {
        if (newStage && columns == 0) {
            line(elapsed);
        }
    }

    /** There was progress within a stage. */
    public void advanced(Duration elapsed) {
        if (columns == 0 && elapsed.minus(lastPlain).compareTo(PLAIN_EVERY) >= 0) {
            line(elapsed);
        }
    }

    private void line(Duration elapsed) {
        lastPlain = elapsed;
        out.println(progress.plain(elapsed));
        out.flush();
    }

    /** Time goes by. */
    public void redraw(Duration elapsed) {
        if (columns > 0) {
            // the last column is left free: some terminals go to the next line once it is written
            out.print(TO_START_OF_LINE + progress.bar(elapsed, columns - 1) + CLEAR_TO_END);
            out.flush();
        }
    }

    /** Takes the line away. */
    public void clear() {
        if (columns > 0) {
            out.print(CLEARED_LINE);
            out.flush();
        }
    }
}
