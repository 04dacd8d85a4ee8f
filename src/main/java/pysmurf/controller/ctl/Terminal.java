package pysmurf.controller.ctl;

import java.io.PrintStream;
import java.util.Map;
import pysmurf.controller.terminal.ProgressDisplay;

/**
 * Where a command line was typed.
 *
 * @param out         for what was asked for
 * @param err         for everything else
 * @param columns     width of the terminal that {@code err} is; 0 if it is none
 * @param environment its variables
 * @param interrupts  its Ctrl-C
 */
record Terminal(PrintStream out, PrintStream err, int columns, Map<String, String> environment, Interrupts interrupts) {

    /** Says something beside what was asked for; in place of a progress, if one is drawn there. */
    void note(String text) {
        err.println((columns > 0 ? ProgressDisplay.CLEARED_LINE : "") + text);
        err.flush();
    }

    /** Text without what a terminal would obey: such text comes from scripts. */
    static String plain(String text) {
        return text.replaceAll("[\\p{Cntrl}&&[^\\t]]", "?");
    }
}
