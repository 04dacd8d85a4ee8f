package pysmurf.controller.session;

import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.regex.Pattern;

/**
 * How a restarted controller finds a script that its earlier life started. Immutable.
 *
 * @param marker     {@code NAME=VALUE}, an entry of the environment of all that the script starts, and of nothing else
 * @param pid        the script's own process; null until it has been started; the first script of a session is noted only then
 * @param startTicks when that process began, in the kernel's clock ticks since boot: a pid alone may be used again; null with pid
 * @param script     the script's path
 * @param stage      the stage it is; null if it is none
 * @param until      when its time is over, unix seconds; null for never
 * @param resultFile where it may leave its results
 * @param port       where it sends its Publisher messages
 */
public record ScriptMark(
        String marker,
        Long pid,
        Long startTicks,
        String script,
        String stage,
        BigDecimal until,
        String resultFile,
        int port) {

    /** Its value is unique, so that the processes of a session are never mistaken for those of another controller's. */
    public static final String VARIABLE = "PYSMURF_SESSION_MARK";

    private static final Pattern RESULT_END = Pattern.compile("\\.result\\.json$");

    /** The entry of the environment with this value. */
    public static String marker(String unique) {
        return VARIABLE + "=" + unique;
    }

    /** The same, with the process. */
    public ScriptMark startedAs(long processId, long ticks) {
        return new ScriptMark(marker, processId, ticks, script, stage, until, resultFile, port);
    }

    /** Where its launcher, if it has one, leaves its exit code. */
    public Path exitFile() {
        return Path.of(RESULT_END.matcher(resultFile).replaceFirst("") + ".exit");
    }
}
