package pysmurf.controller.operation;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * What is wrong with a file in the routes folder.
 *
 * @param file   relative to the routes folder
 * @param line   from 1; null if it is not known
 * @param detail what is wrong
 */
public record RouteFault(String file, Integer line, String detail) {

    private static final Pattern LINE = Pattern.compile("(?:in file:(\\S+), )?line[: ]+(\\d+)");

    /** What the route engine's messages name of a file, where they tell no line. */
    private static final List<Pattern> NAMED = List.of(
            Pattern.compile("Unknown parameters=\\[\\{(\\w+)="),
            Pattern.compile("No endpoint could be found for: ([^\\s?,]+)"),
            Pattern.compile("begins at ([^\\s?,]+)(?=: )"),
            Pattern.compile("/(kamelets/[^/\\s]+)\\.kamelet\\.yaml"),
            Pattern.compile("Route template (\\S+) the following mandatory parameters"),
            Pattern.compile("kamelet:\\S+ has no parameter ([^\\s,;]+)"),
            Pattern.compile("registry for: (\\S+)"),
            Pattern.compile("Method with name: (\\w+)"),
            Pattern.compile("Unknown function: (\\S+)"),
            Pattern.compile("(\\{\\{[^}]+}})"),
            Pattern.compile("the route id (\\S+)"),
            Pattern.compile("^([\\w.$]+)$"),
            Pattern.compile(">>> \\w+\\[([^\\s?\\]]+)"));

    /** A key that cannot be there; the engine tells the line of its value, or of what it is in. */
    private static final Pattern KEY = Pattern.compile("^(?:Unsupported field|Unknown node id|Field): (\\S+).*");

    /** What the engine says of a block that is not there. */
    private static final Pattern NO_BLOCK =
            Pattern.compile("Resource not found: \\S*/kamelets/([^/\\s]+)\\.kamelet\\.yaml.*");

    /** What the JSON parser says of its source, and of the place of what is not closed. */
    private static final Pattern JSON_SOURCE = Pattern.compile("\\[Source: [^;]*; line: (\\d+), column: \\d+]");

    private static final int MAX_CHARS = 500;

    /** Something is wrong with a line of a file. */
    public static final class InLine extends IllegalArgumentException {

        private static final long serialVersionUID = 1L;

        private final int line;

        /** @param line from 1 */
        public InLine(int line, String detail, Throwable cause) {
            super(detail, cause);
            this.line = line;
        }
    }

    /** The fault that a parser's or the route engine's exception tells of: its innermost cause says what, any one where. */
    public static RouteFault of(String file, Throwable fault) {
        return of(file, "", fault);
    }

    /** The same; where no cause tells the line, it is the one that holds what a cause complains of. */
    public static RouteFault of(String file, String content, Throwable fault) {
        if (fault instanceof InLine known) {
            return new RouteFault(file, known.line, shortened(known.getMessage()));
        }
        if (fault instanceof JsonProcessingException json) {
            Integer at = json.getLocation() == null
                    ? null
                    : Integer.valueOf(json.getLocation().getLineNr());
            String said = JSON_SOURCE.matcher(json.getOriginalMessage()).replaceAll("line $1");
            return new RouteFault(file, at, "is not JSON: " + shortened(said));
        }
        Integer line = null;
        Integer found = null;
        Throwable innermost = fault;
        for (Throwable cause = fault; cause != null; cause = cause.getCause()) {
            String message = String.valueOf(cause.getMessage());
            Matcher matcher = LINE.matcher(message);
            // the last one is where it went wrong, those before say within what
            while (line == null && matcher.find()) {
                // a line of the kamelet that it uses is none of its own
                boolean own = matcher.group(1) == null || matcher.group(1).endsWith(file);
                found = own ? Integer.valueOf(matcher.group(2)) : found;
            }
            line = found;
            innermost = cause;
        }
        for (Throwable cause = fault; line == null && cause != null; cause = cause.getCause()) {
            line = search(content, String.valueOf(cause.getMessage()));
        }
        String text = innermost.getMessage() == null ? innermost.toString() : innermost.getMessage();
        Matcher key = KEY.matcher(text);
        if (line != null && key.find()) {
            line = nearest(content, key.group(1), line).orElse(line);
            text = key.group();
        }
        text = NO_BLOCK.matcher(text).replaceFirst("there is no block kamelet:$1 (routes/kamelets/$1.kamelet.yaml)");
        return new RouteFault(file, line, shortened(text));
    }

    private static String shortened(String text) {
        String oneLine = text.strip().replaceAll("\\s+", " ");
        return oneLine.length() > MAX_CHARS ? oneLine.substring(0, MAX_CHARS) + "…" : oneLine;
    }

    /** The same for those who may know that a file is broken, and not what it holds. */
    public RouteFault withoutDetail() {
        return new RouteFault(file, line, "cannot be used; an admin sees why");
    }

    private static Integer search(String content, String message) {
        return NAMED.stream()
                .map(named -> named.matcher(message))
                .filter(Matcher::find)
                .map(named -> named.group(1).replace("://", ":").replace("kamelets/", "kamelet:"))
                .flatMap(text -> nearest(content, text, 1).stream())
                .findFirst()
                .orElse(null);
    }

    /** Of the lines that hold a word the one nearest to a line. */
    private static Optional<Integer> nearest(String content, String word, int line) {
        Predicate<String> holds = Pattern.compile("(?<![\\w-])" + Pattern.quote(word) + "(?![\\w-])")
                .asPredicate();
        List<String> lines = content.lines().toList();
        return IntStream.rangeClosed(1, lines.size())
                .filter(number -> holds.test(lines.get(number - 1)))
                .boxed()
                .min(Comparator.comparingInt(number -> Math.abs(number - line)));
    }

    @Override
    public String toString() {
        return file + (line == null ? "" : " line " + line) + ": " + detail;
    }
}
