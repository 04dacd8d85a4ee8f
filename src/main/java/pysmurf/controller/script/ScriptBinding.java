package pysmurf.controller.script;

import java.time.Duration;
import java.util.List;
import org.apache.camel.Exchange;
import org.apache.camel.component.exec.ExecBinding;
import org.apache.camel.component.exec.ExecCommand;
import org.apache.camel.component.exec.ExecEndpoint;
import org.apache.camel.component.exec.ExecResult;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.OperationFailure;
import pysmurf.controller.session.Outcome;

/**
 * Between the block {@code script} and camel-exec: the command comes from exchange properties, the result goes into one. Message
 * headers are not looked at: in Camel 4.17 any {@code CamelExec*} header would override the endpoint, executable included.
 */
public final class ScriptBinding implements ExecBinding {

    /** Exchange property: the session, set where an operation begins. */
    public static final String SESSION = "session";
    /** Exchange property: how the script ended. */
    public static final String RESULT = "result";
    /** Exchange property: the script is a safeguard, which also runs when the operation failed or is aborted. */
    public static final String ALWAYS = "always";

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
        @SuppressWarnings("unchecked")
        List<String> args = exchange.getProperty("args", List.class);
        ScriptArguments.fault(args).or(() -> ScriptArguments.unencodable(args)).ifPresent(fault -> {
            throw new OperationFailure(Outcome.FAILED, "args: " + fault);
        });
        String stage = exchange.getProperty("stage", String.class);
        Double limit = exchange.getProperty("timeLimit", Double.class);
        return new ScriptCommand(
                session,
                endpoint.getExecutable(),
                roots.resolve(exchange.getProperty("script", "", String.class)),
                args,
                limit == null ? null : Duration.ofMillis(Math.round(limit * 1000)),
                exchange.getProperty(ALWAYS, false, Boolean.class),
                stage == null || stage.isBlank() ? null : stage);
    }

    @Override
    public void writeOutput(Exchange exchange, ExecResult result) {
        if (result instanceof ScriptResult ended) {
            // The route's next step would only be refused, in words that the session has already.
            ended.requireNotAborted();
        }
        exchange.setProperty(RESULT, result);
    }
}
