package pysmurf.controller.ocs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.access.Requester;
import pysmurf.controller.access.Role;
import pysmurf.controller.access.TokenOwner;
import pysmurf.controller.access.Tokens;
import pysmurf.controller.audit.Audit;
import pysmurf.controller.command.Command;
import pysmurf.controller.http.HttpRequest;
import pysmurf.controller.script.PythonText;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.Verdict;
import pysmurf.controller.wamp.Call;
import pysmurf.controller.wamp.CallFault;

/**
 * The steps of every call of an OCS client: decides what it comes to, and answers in OCS's words. What is started or aborted passes
 * admission like any other command. Thread-safe.
 */
public final class OcsCalls {

    private static final Logger LOG = LoggerFactory.getLogger(OcsCalls.class);

    private static final String TRANSPORT = "ocs";
    private static final String ACTION = "ocsAction";
    private static final String OPS = ".ops";
    private static final String UNKNOWN_TOKEN = "unknown token";
    private static final PythonSignature MANAGEMENT =
            new PythonSignature("OCSAgent._management_handler", 1, java.util.List.of("q"), true);

    private final ControllerAgent controller;
    private final Map<String, OcsAgent> agents;
    private final Tokens tokens;
    private final WrongPasswords wrongPasswords;

    /** @param registry what there is of a registry; where the controller itself has that name, there is none */
    OcsCalls(ControllerAgent controller, RegistryAgent registry, Tokens tokens, WrongPasswords wrongPasswords) {
        this.controller = controller;
        this.tokens = tokens;
        this.wrongPasswords = wrongPasswords;
        agents = controller.address.equals(registry.address)
                ? Map.of(controller.address, controller)
                : Map.of(controller.address, controller, registry.address, registry);
    }

    /**
     * Decides what a call comes to.
     *
     * @param  request   that brought it; null for one through the router
     * @return           the command that has to pass admission, or else the result; only that of a wait is not there at
     *                   once, and until it is no thread is held
     * @throws CallFault if it fails as a whole
     */
    public CompletableFuture<Object> decide(
            @Body Call call, @ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request, Exchange exchange) {
        boolean ops = call.procedure().endsWith(OPS);
        OcsAgent agent = agents.get(
                ops ? call.procedure().substring(0, call.procedure().length() - OPS.length()) : call.procedure());
        if (agent == null) {
            throw CallFault.noSuchProcedure(call.procedure());
        }
        Object decided =
                ops ? operate(agent, OpsRequest.of(call), request, exchange) : describe(agent, call, request, exchange);
        return decided instanceof CompletableFuture<?> later
                ? later.thenApply(reply -> reply)
                : CompletableFuture.completedFuture(decided);
    }

    private static JsonNode describe(OcsAgent agent, Call call, HttpRequest request, Exchange exchange) {
        refuseUnknownToken(request, exchange);
        return agent.describe(PythonText.str(Json.value(MANAGEMENT.bind(call).get("q"))));
    }

    private Object operate(OcsAgent agent, OpsRequest asked, HttpRequest request, Exchange exchange) {
        Requester requester = requester(request, asked.password());
        if (asked.isCommand()) {
            exchange.setProperty(Requester.PROPERTY, requester);
            exchange.setProperty("operation", asked.opName());
            exchange.setProperty(ACTION, asked.action());
        }
        refuseUnknownToken(request, exchange);
        CredLevel level = tokens.open() ? CredLevel.BASIC : CredLevel.of(requester.role());
        Object decided = agent.decide(asked, requester, level);
        if (decided instanceof OcsReply reply && reply.reason() != null) {
            exchange.setProperty(Audit.REFUSAL, Verdict.refused(reply.reason(), reply.message()));
        }
        return decided;
    }

    private static void refuseUnknownToken(HttpRequest request, Exchange exchange) {
        if (request != null && request.tokenRefused()) {
            exchange.setProperty(Audit.REFUSAL, Verdict.refused(Verdict.Reason.UNAUTHORIZED, UNKNOWN_TOKEN));
            throw new CallFault("wamp.error.not_authorized", UNKNOWN_TOKEN);
        }
    }

    /**
     * By the header, which any HTTP client can send, or the password, which is all that an OCS client can send. The router does not
     * tell who calls.
     */
    private Requester requester(HttpRequest request, JsonNode password) {
        Requester known = request == null
                ? new Requester(TRANSPORT, "wamp", tokens.open() ? Role.ADMIN : null, null)
                : request.requester();
        Optional<TokenOwner> owner = Optional.empty();
        if (!tokens.open() && password.isTextual()) {
            owner = tokens.ownerOf(password.textValue());
            if (owner.isEmpty() && request == null) {
                wrongPasswords.add();
            }
        }
        // the better of the two counts; of equal ones the password, which is sent with this very call
        owner = owner.filter(found -> !known.is(found.role()) || known.role() == found.role());
        return new Requester(
                TRANSPORT,
                owner.map(TokenOwner::name).orElse(known.client()),
                owner.map(TokenOwner::role).orElse(known.role()),
                known.address());
    }

    /** How long a call through the router has to wait, in milliseconds. */
    public long penalty(@Body Call call) {
        boolean guess =
                !tokens.open() && (call.kwargs().has("password") || call.args().size() > 4);
        return guess ? wrongPasswords.delayMillis() : 0;
    }

    /** The answer to a call that came to a command. */
    public OcsReply answer(
            @Body Verdict verdict,
            @ExchangeProperty("command") Command command,
            @ExchangeProperty(ACTION) String action) {
        return controller.answer(action, command, verdict);
    }

    /** The error that a call ends with. */
    public CallFault fault(@ExchangeProperty(Exchange.EXCEPTION_CAUGHT) Throwable caught) {
        // what is thrown where a future goes on is wrapped
        Throwable fault =
                caught instanceof CompletionException && caught.getCause() != null ? caught.getCause() : caught;
        if (fault instanceof CallFault known) {
            return known;
        }
        LOG.error("A call failed", fault);
        return CallFault.raised("The controller has encountered a problem; its log tells more.");
    }

    /** The reply as clients of the router can take it. */
    public Object fit(@Body Object reply) {
        return reply instanceof CallFault ? reply : ReplySize.fit(Json.tree(reply));
    }

    /** An event of the feed {@code heartbeat}: how each operation stands, and which feed this is. */
    public ArrayNode heartbeat() {
        return Json.mapper()
                .createArrayNode()
                .add(controller.opCodes())
                .add(controller.feed(ControllerAgent.HEARTBEAT, false));
    }
}
