package pysmurf.controller.script;

import com.fasterxml.jackson.core.io.NumberOutput;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import pysmurf.controller.session.Json;

/** Values as Python's {@code str()} would make them: the original agent gives scripts {@code map(str, args)}. */
public final class PythonText {

    private PythonText() {}

    /** {@code str(value)}. */
    public static String str(Object value) {
        return value instanceof CharSequence text ? text.toString() : repr(value);
    }

    /** {@code repr(value)}. */
    public static String repr(Object value) {
        if (value == null) {
            return "None";
        }
        if (value instanceof Boolean truth) {
            return truth ? "True" : "False";
        }
        return text(value, PythonText::repr, PythonText::repr, PythonText::quoted);
    }

    /** {@code json.dumps(value, ensure_ascii=False)}. */
    static String json(Object value) {
        return text(value, PythonText::json, Json::text, Json::text);
    }

    private static String text(
            Object value,
            Function<Object, String> element,
            Function<Object, String> key,
            Function<Object, String> other) {
        if (value instanceof Double || value instanceof Float || value instanceof BigDecimal) {
            return floatText(((Number) value).doubleValue());
        }
        if (value instanceof List<?> list) {
            return list.stream().map(element).collect(Collectors.joining(", ", "[", "]"));
        }
        if (value instanceof Map<?, ?> map) {
            return map.entrySet().stream()
                    .map(entry -> key.apply(entry.getKey()) + ": " + element.apply(entry.getValue()))
                    .collect(Collectors.joining(", ", "{", "}"));
        }
        return other.apply(value);
    }

    /** Python's float repr: the shortest digits that read back the same, as a plain number from 1e-4 up to 1e16. */
    private static String floatText(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        // Double.toString gives more digits than needed before Java 19 (JDK-4511638), and always two.
        BigDecimal digits = new BigDecimal(NumberOutput.toString(value, true)).stripTrailingZeros();
        BigDecimal digit = digits.round(new MathContext(1)).stripTrailingZeros();
        digits = digit.doubleValue() == value ? digit : digits;
        int exponent = digits.precision() - digits.scale() - 1;
        if (exponent >= -4 && exponent < 16) {
            String plain = digits.toPlainString();
            return plain.contains(".") ? plain : plain + ".0";
        }
        String mantissa = digits.movePointLeft(exponent).toPlainString();
        return String.format("%se%s%02d", mantissa, exponent < 0 ? "-" : "+", Math.abs(exponent));
    }

    private static String quoted(Object value) {
        if (!(value instanceof CharSequence)) {
            return value.toString();
        }
        String text = value.toString();
        String mark = text.contains("'") && !text.contains("\"") ? "\"" : "'";
        StringBuilder quoted = new StringBuilder(mark);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\\' -> quoted.append("\\\\");
                case '\n' -> quoted.append("\\n");
                case '\r' -> quoted.append("\\r");
                case '\t' -> quoted.append("\\t");
                default -> {
                    if (c == mark.charAt(0)) {
                        quoted.append('\\');
                    }
                    quoted.append(isPrintable(c) ? Character.toString(c) : escaped(c));
                }
            }
        });
        return quoted.append(mark).toString();
    }

    /** Python's str.isprintable: neither control, format, surrogate, private, unassigned nor a separator but the blank. */
    private static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            case Character.SPACE_SEPARATOR -> c == ' ';
            default -> true;
        };
    }

    private static String escaped(int c) {
        return String.format(Locale.ROOT, c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x", c);
    }
}
