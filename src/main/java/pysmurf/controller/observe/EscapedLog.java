package pysmurf.controller.observe;

import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.pattern.ExtendedThrowableProxyConverter;
import ch.qos.logback.classic.pattern.MessageConverter;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * The controller's own log, in which names, parameters and output of scripts are shown and never obeyed: nothing in them adds a
 * line, colours one, moves the cursor or turns the direction of the text. The same escapes in both formats, those of JSON.
 */
public final class EscapedLog {

    private EscapedLog() {}

    /** The text with an escape for each character that is no mark on the screen, but for the tabulator. */
    public static String escaped(String text) {
        if (text == null || text.chars().allMatch(EscapedLog::isPlain)) {
            return text;
        }
        StringBuilder escaped = new StringBuilder();
        text.chars().forEach(character -> {
            if (isPlain(character)) {
                escaped.append((char) character);
            } else {
                escaped.append(String.format(Locale.ROOT, "\\u%04x", character));
            }
        });
        return escaped.toString();
    }

    private static boolean isPlain(int character) {
        return switch (Character.getType(character)) {
            case Character.CONTROL -> character == '\t';
            case Character.FORMAT, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR -> false;
            default -> true;
        };
    }

    /** {@code %text}: the message. */
    public static final class Message extends MessageConverter {

        @Override
        public String convert(ILoggingEvent event) {
            return escaped(super.convert(event));
        }
    }

    /** {@code %fault}: what was thrown, whose stack trace has lines of its own. */
    public static final class Fault extends ExtendedThrowableProxyConverter {

        @Override
        protected String throwableProxyToString(IThrowableProxy fault) {
            return super.throwableProxyToString(new Escaped(fault));
        }
    }

    private record Escaped(IThrowableProxy fault) implements IThrowableProxy {

        @Override
        public String getMessage() {
            return escaped(fault.getMessage());
        }

        @Override
        public String getOverridingMessage() {
            return escaped(fault.getOverridingMessage());
        }

        @Override
        public String getClassName() {
            return fault.getClassName();
        }

        @Override
        public StackTraceElementProxy[] getStackTraceElementProxyArray() {
            return fault.getStackTraceElementProxyArray();
        }

        @Override
        public int getCommonFrames() {
            return fault.getCommonFrames();
        }

        @Override
        public IThrowableProxy getCause() {
            return fault.getCause() == null ? null : new Escaped(fault.getCause());
        }

        @Override
        public IThrowableProxy[] getSuppressed() {
            return Stream.of(fault.getSuppressed()).map(Escaped::new).toArray(IThrowableProxy[]::new);
        }

        @Override
        public boolean isCyclic() {
            return fault.isCyclic();
        }
    }

    /** A JSON object a line; JSON itself demands escapes for some of these characters only. */
    public static final class Json extends JsonEncoder {

        @Override
        public byte[] encode(ILoggingEvent event) {
            String line = new String(super.encode(event), StandardCharsets.UTF_8);
            return (escaped(line.stripTrailing()) + '\n').getBytes(StandardCharsets.UTF_8);
        }
    }
}
