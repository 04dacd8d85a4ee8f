package pysmurf.controller.ocs;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.access.Holder;
import pysmurf.controller.access.Requester;
import pysmurf.controller.access.Tokens;
import pysmurf.controller.audit.Audit;
import pysmurf.controller.command.Command;
import pysmurf.controller.http.HttpReply;
import pysmurf.controller.http.HttpRequest;
import pysmurf.controller.operation.Operations;
import pysmurf.controller.script.PythonText;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.Verdict;

/**
 * The steps of {@code POST /call}: reads the call, decides what it comes to, answers in OCS's words. What is started or
 * aborted passes admission like any other command.
 */
public final class OcsBridge {

    private static final Logger LOG = LoggerFactory.getLogger(OcsBridge.class);
    private static final String CALL = "ocsCall";
    private static final String OPS = ".ops";
    private static final Set<String> COMMANDS = Set.of("start", "abort");
    private static final String UNKNOWN_TOKEN = "unknown token";
    private static final PythonSignature MANAGEMENT =
            new PythonSignature("OCSAgent._management_handler", 1, java.util.List.of("q"), true);

    private final ControllerAgent controller;
    private final Map<String, OcsAgent> agents;
    private final Tokens tokens;

    /**
     * Where the controller is, as OCS clients see it.
     *
     * @param root     address root
     * @param id       instance id
     * @param hostName host
     */
    public record Place(String root, String id, String hostName) {}

    public OcsBridge(Place place, Operations operations, Sessions sessions, Tokens tokens, Clock clock) {
        this.tokens = tokens;
        String address = place.root() + "." + place.id();
        String registry = place.root() + ".registry";
        controller = new ControllerAgent(operations, sessions, !tokens.open(), place.hostName(), clock);
        // a controller that is itself called registry is no registry
        agents = address.equals(registry)
                ? Map.of(address, controller)
                : Map.of(
                        address,
                        controller,
                        registry,
                        new RegistryAgent(address, controller::opCodes, place.hostName(), clock));
    }

    /**
     * The call in a request.
     *
     * @throws BridgeRefusal if there is none
     */
    public Call read(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) {
        return Call.of(request);
    }

    /**
     * Decides what a call comes to.
     *
     * @return           the command that has to pass admission, or else the result; only that of a wait is not there at
     *                   once, and until it is no thread is held
     * @throws CallFault if it fails as a whole
     */
    public CompletableFuture<Object> decide(
            @ExchangeProperty(CALL) Call call,
            @ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request,
            Exchange exchange) {
        Optional<OpsRequest> command = command(call);
        command.ifPresent(asked -> {
            exchange.setProperty(Requester.PROPERTY, requester(request, null));
            exchange.setProperty("operation", asked.opName());
        });
        if (request.tokenRefused()) {
            exchange.setProperty(Audit.REFUSAL, Verdict.refused(Verdict.Reason.UNAUTHORIZED, UNKNOWN_TOKEN));
            throw CallFault.notAuthorized(UNKNOWN_TOKEN);
        }
        OcsAgent described = agents.get(call.procedure());
        if (described != null) {
            return CompletableFuture.completedFuture(described.describe(
                    PythonText.str(Json.value(MANAGEMENT.bind(call).get("q")))));
        }
        OcsAgent agent = call.procedure().endsWith(OPS)
                ? agents.get(call.procedure().substring(0, call.procedure().length() - OPS.length()))
                : null;
        if (agent == null) {
            throw CallFault.noSuchProcedure(call.procedure());
        }
        OpsRequest ops = OpsRequest.of(call);
        Requester requester = requester(request, ops.password());
        exchange.setProperty(Requester.PROPERTY, command.isPresent() ? requester : null);
        CredLevel level = tokens.open() ? CredLevel.BASIC : CredLevel.of(requester.role());
        Object decided = agent.decide(ops, requester, level);
        if (decided instanceof OcsReply reply && reply.reason() != null) {
            exchange.setProperty(Audit.REFUSAL, Verdict.refused(reply.reason(), reply.message()));
        }
        return decided instanceof CompletableFuture<?> later
                ? later.thenApply(reply -> reply)
                : CompletableFuture.completedFuture(decided);
    }

    /** The request for a command in a call, if it holds one. */
    private static Optional<OpsRequest> command(Call call) {
        if (!call.procedure().endsWith(OPS)) {
            return Optional.empty();
        }
        try {
            return Optional.of(OpsRequest.of(call)).filter(ops -> COMMANDS.contains(ops.action()));
        } catch (CallFault e) {
            return Optional.empty(); // which is found, and told, when the call is carried out
        }
    }

    /**
     * By the header, which any HTTP client can send, or the password, which is all that an OCS client can send.
     *
     * @param password null for none
     */
    private Requester requester(HttpRequest request, JsonNode password) {
        Requester byHeader = request.requester();
        Optional<Holder> holder = tokens.open() || password == null || !password.isTextual()
                ? Optional.empty()
                : tokens.holderOf(password.textValue())
                        .filter(found -> !byHeader.is(found.role()) || byHeader.role() == found.role());
        return new Requester(
                ControllerAgent.TRANSPORT,
                holder.map(Holder::name).orElse(byHeader.client()),
                holder.map(Holder::role).orElse(byHeader.role()),
                byHeader.address());
    }

    /** The answer to a call that came to a command. */
    public OcsReply answer(
            @Body Verdict verdict, @ExchangeProperty(CALL) Call call, @ExchangeProperty("command") Command command) {
        return controller.answer(OpsRequest.of(call), command, verdict);
    }

    /** The reply that carries a result. */
    public HttpReply reply(@Body Object result) {
        return BridgeReply.result(result instanceof OcsReply reply ? reply.toJson() : (JsonNode) result);
    }

    /** The reply to a call that failed, or to a request that was none. */
    public HttpReply fault(@ExchangeProperty(Exchange.EXCEPTION_CAUGHT) Throwable caught) {
        // what is thrown where a future goes on is wrapped
        Throwable fault =
                caught instanceof CompletionException && caught.getCause() != null ? caught.getCause() : caught;
        if (fault instanceof CallFault call) {
            return BridgeReply.fault(call);
        }
        if (fault instanceof BridgeRefusal refusal) {
            return BridgeReply.refusal(refusal.status(), refusal.getMessage());
        }
        LOG.error("A call failed", fault);
        return BridgeReply.internalError();
    }
}
