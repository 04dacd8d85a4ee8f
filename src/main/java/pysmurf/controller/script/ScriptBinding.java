package pysmurf.controller.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.Charset;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.apache.camel.component.exec.ExecBinding;
import org.apache.camel.component.exec.ExecCommand;
import org.apache.camel.component.exec.ExecEndpoint;
import org.apache.camel.component.exec.ExecResult;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.OperationFailure;
import pysmurf.controller.session.Outcome;

/**
 * Makes the command out of what the {@code script} block was given in a route. Message headers are not looked at: in Camel
 * 4.17 any {@code CamelExec*} header would override the endpoint, executable included.
 *
 * <p>
 * Script and arguments are written in the route as words of Camel's simple language. The text is split into words first and
 * each word is evaluated after, so no value of a parameter can become two arguments; a word that is a list becomes as many
 * arguments as it has elements, and one without a value none. JSON among these elements is one argument. Nothing passes through a shell. Thread-safe.
 */
public final class ScriptBinding implements ExecBinding {

    /** Exchange property: the session, set where an operation begins. */
    public static final String SESSION = "session";

    static final String SCRIPT = "script";
    static final String ARGS = "scriptArgs";
    static final String STAGE = "stage";
    static final String TIMEOUT = "scriptTimeout";
    /** Exchange property: the script is a safeguard, which is run although the operation failed or is aborted. */
    public static final String ALWAYS = "always";

    private static final Pattern WORD =
            Pattern.compile("\\G\\s*(?:'([^']*)'|\"([^\"]*)\"|((?:\\$\\{[^}]*}|[^\\s'\"])+))");

    private final ScriptRoots roots;

    public ScriptBinding(ScriptRoots roots) {
        this.roots = roots;
    }

    @Override
    public ExecCommand readInput(Exchange exchange, ExecEndpoint endpoint) {
        LiveSession session = exchange.getProperty(SESSION, LiveSession.class);
        if (session == null) {
            throw new IllegalStateException("a script runs in a session; begin the route at direct:operation-NAME");
        }
        String script = PythonText.str(evaluate(exchange, exchange.getProperty(SCRIPT, String.class)));
        List<String> args = new ArrayList<>();
        for (String word : words(exchange.getProperty(ARGS, "", String.class))) {
            Object value = evaluate(exchange, word);
            if (value instanceof List<?> list) {
                list.forEach(element -> args.add(
                        element instanceof JsonNode json
                                ? PythonText.json(Json.value(json))
                                : PythonText.str(element)));
            } else if (value != null) {
                args.add(PythonText.str(value));
            }
        }
        ScriptArguments.fault(args).ifPresent(fault -> {
            throw new OperationFailure(Outcome.FAILED, "args: " + fault);
        });
        args.stream().filter(arg -> !canBePassedOn(arg)).findFirst().ifPresent(arg -> {
            throw new OperationFailure(
                    Outcome.FAILED,
                    "args: \"" + arg
                            + "\" cannot be passed on, since the controller was started without a locale that has"
                            + " its letters; start it with LANG=C.UTF-8");
        });
        String stage = exchange.getProperty(STAGE, String.class);
        try {
            return new ScriptCommand(
                    session,
                    endpoint.getExecutable(),
                    roots.resolve(script),
                    args,
                    limit(exchange),
                    exchange.getProperty(ALWAYS, false, Boolean.class),
                    stage == null || stage.isBlank() ? null : stage);
        } catch (ScriptRoots.ScriptRefused e) {
            throw new OperationFailure(Outcome.FAILED, e.getMessage());
        }
    }

    /** Java puts a question mark for what the platform's charset lacks, and says nothing. */
    private static boolean canBePassedOn(String arg) {
        return Charset.forName(System.getProperty("sun.jnu.encoding"))
                        .newEncoder()
                        .canEncode(arg)
                && Charset.defaultCharset().newEncoder().canEncode(arg);
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

    private static Object evaluate(Exchange exchange, String word) {
        if (word == null || !word.contains("${")) {
            return word;
        }
        Expression expression = exchange.getContext().resolveLanguage("simple").createExpression(word);
        expression.init(exchange.getContext());
        return expression.evaluate(exchange, Object.class);
    }

    private static Duration limit(Exchange exchange) {
        Double seconds = exchange.getProperty(TIMEOUT, Double.class);
        return seconds == null ? null : Duration.ofMillis(Math.round(seconds * 1000));
    }

    @Override
    public void writeOutput(Exchange exchange, ExecResult result) {
        if (result instanceof ScriptResult ended) {
            // here, since the route's next step would be refused in the words that the session has already
            ended.requireNotAborted();
        }
        exchange.getMessage().setBody(result);
    }
}
