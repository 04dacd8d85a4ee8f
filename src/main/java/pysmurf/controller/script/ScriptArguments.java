package pysmurf.controller.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.apache.camel.Predicate;
import org.apache.camel.spi.Language;
import org.apache.camel.support.ExpressionAdapter;
import pysmurf.controller.operation.ParameterFormat;
import pysmurf.controller.session.Json;

/**
 * The arguments of a script. As the format {@code script-args} of schemas, it checks what a process can be given; the kernel would
 * refuse more only when the script starts.
 *
 * <p>As the language {@code script-args} of routes, it makes a list of arguments out of words of Camel's simple language. The text is
 * split into words first and each word is evaluated after, so no value of a parameter can become two arguments. A word that is a list
 * becomes as many arguments as it has elements, one without a value becomes none. Nothing passes through a shell.
 */
public final class ScriptArguments implements ParameterFormat, Language {

    /** MAX_ARG_STRLEN of Linux's binfmts.h, 32 pages, less the zero at the end. */
    static final int MAX_BYTES_EACH = 32 * 4096 - 1;
    /** The kernel's limit for arguments and environment together is a quarter of the stack's, usually 2 MiB. */
    static final int MAX_BYTES = 1024 * 1024;
    /** The zero at the end and the pointer. */
    private static final int BYTES_BESIDE = 1 + 8;

    private static final Pattern WORD =
            Pattern.compile("\\G\\s*(?:'([^']*)'|\"([^\"]*)\"|((?:\\$\\{[^}]*}|[^\\s'\"])+))");

    @Override
    public String name() {
        return "script-args";
    }

    @Override
    public Optional<String> fault(JsonNode value) {
        return value.isArray()
                ? fault(((List<?>) Json.value(value))
                        .stream().map(PythonText::str).toList())
                : Optional.empty();
    }

    /** @return what is wrong with the arguments, in words for the client */
    static Optional<String> fault(List<String> args) {
        long total = 0;
        for (int i = 0; i < args.size(); i++) {
            int bytes = args.get(i).getBytes(StandardCharsets.UTF_8).length;
            if (bytes > MAX_BYTES_EACH) {
                return Optional.of("argument " + (i + 1) + " has " + bytes + " bytes; at most " + MAX_BYTES_EACH
                        + " can be given to a script");
            }
            if (args.get(i).indexOf('\0') >= 0) {
                return Optional.of("argument " + (i + 1) + " holds a zero byte, which no script can be given");
            }
            total += bytes + BYTES_BESIDE;
        }
        return total <= MAX_BYTES
                ? Optional.empty()
                : Optional.of("all arguments together have " + total + " bytes; at most " + MAX_BYTES
                        + " can be given to a script");
    }

    /** Java silently puts a question mark for what the platform's charset lacks. */
    static Optional<String> unencodable(List<String> args) {
        List<Charset> charsets =
                List.of(Charset.forName(System.getProperty("sun.jnu.encoding")), Charset.defaultCharset());
        return args.stream()
                .filter(arg -> charsets.stream()
                        .anyMatch(charset -> !charset.newEncoder().canEncode(arg)))
                .findFirst()
                .map(arg -> "\"" + arg
                        + "\" cannot be passed on, since the controller was started without a locale that has"
                        + " its letters; start it with LANG=C.UTF-8");
    }

    @Override
    public Expression createExpression(String text) {
        List<String> words = words(text);
        return new ExpressionAdapter() {

            private List<Expression> expressions;

            @Override
            public void init(CamelContext context) {
                expressions =
                        words.stream().map(word -> expression(context, word)).toList();
            }

            @Override
            public Object evaluate(Exchange exchange) {
                List<String> args = new ArrayList<>();
                for (Expression expression : expressions) {
                    add(args, expression.evaluate(exchange, Object.class));
                }
                return args;
            }
        };
    }

    private static Expression expression(CamelContext context, String word) {
        Expression expression = context.resolveLanguage(word.contains("${") ? "simple" : "constant")
                .createExpression(word);
        expression.init(context);
        return expression;
    }

    private static void add(List<String> args, Object value) {
        if (value instanceof List<?> list) {
            list.forEach(element -> args.add(
                    element instanceof JsonNode json ? PythonText.json(Json.value(json)) : PythonText.str(element)));
        } else if (value != null) {
            args.add(PythonText.str(value));
        }
    }

    @Override
    public Predicate createPredicate(String text) {
        throw new UnsupportedOperationException("a list of arguments is neither true nor false");
    }

    static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        Matcher matcher = WORD.matcher(text);
        int end = 0;
        while (matcher.find()) {
            words.add(
                    matcher.group(1) != null
                            ? matcher.group(1)
                            : matcher.group(2) != null ? matcher.group(2) : matcher.group(3));
            end = matcher.end();
        }
        if (!text.substring(end).isBlank()) {
            throw new IllegalArgumentException("args: a quote is not closed in: " + text);
        }
        return words;
    }
}
