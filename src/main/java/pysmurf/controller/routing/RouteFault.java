package pysmurf.controller.routing;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is wrong with a file in the routes folder.
 *
 * @param file   relative to the routes folder
 * @param line   from 1; null if it is not known
 * @param detail what is wrong
 */
public record RouteFault(String file, Integer line, String detail) {

    private static final Pattern LINE = Pattern.compile("line[: ]+(\\d+)");
    private static final int MOST_CHARS = 500;

    /** The fault that a parser's or the route engine's exception tells of: its innermost cause says what, any one where. */
    public static RouteFault of(String file, Throwable fault) {
        Integer line = null;
        Throwable innermost = fault;
        for (Throwable cause = fault; cause != null; cause = cause.getCause()) {
            Matcher matcher = LINE.matcher(String.valueOf(cause.getMessage()));
            if (line == null && matcher.find()) {
                line = Integer.valueOf(matcher.group(1));
            }
            innermost = cause;
        }
        String text = innermost.getMessage() == null ? innermost.toString() : innermost.getMessage();
        text = text.strip().replaceAll("\\s+", " ");
        return new RouteFault(file, line, text.length() > MOST_CHARS ? text.substring(0, MOST_CHARS) + "…" : text);
    }

    /** The same for those who may know that a file is broken, and not what it holds. */
    public RouteFault withoutDetail() {
        return new RouteFault(file, line, "cannot be used; an admin sees why");
    }

    @Override
    public String toString() {
        return file + (line == null ? "" : " line " + line) + ": " + detail;
    }
}
