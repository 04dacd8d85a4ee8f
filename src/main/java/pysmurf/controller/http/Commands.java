package pysmurf.controller.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import pysmurf.controller.command.Command;
import pysmurf.controller.command.Origin;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.RequestedBy;
import pysmurf.controller.session.StoreUnavailable;
import pysmurf.controller.session.Verdict;

/** Between HTTP requests and commands: reads the one, answers with what became of the other. Stateless. */
public final class Commands {

    private static final String TRANSPORT = "http";
    private static final int LONGEST_WAIT_S = 3600;

    /**
     * The command in {@code POST /api/v1/operations/{op}}.
     *
     * @throws HttpProblem 400 if the body is no JSON object
     */
    public Command read(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request, Exchange exchange) {
        exchange.setProperty(Origin.PROPERTY, origin(request, request.pathParam("op")));
        waitSeconds(request);
        return command(request, request.pathParam("op"), params(request.body()));
    }

    /**
     * The command in {@code POST /api/v1/sessions/{id}/abort}.
     *
     * @throws HttpProblem 400 if the body is no JSON object, 404 if the id is none
     */
    public Command readAbort(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request, Exchange exchange) {
        exchange.setProperty(Origin.PROPERTY, origin(request, Command.ABORT));
        waitSeconds(request);
        ObjectNode params = params(request.body());
        return command(request, Command.ABORT, params.put(Command.ABORT_TARGET, SessionViews.id(request)));
    }

    private static Origin origin(HttpRequest request, String operation) {
        return new Origin(TRANSPORT, request.client(), request.role(), request.address(), operation);
    }

    private static Command command(HttpRequest request, String operation, ObjectNode params) {
        String key = request.idempotencyKey();
        if (key != null && (key.isBlank() || key.length() > 200)) {
            throw new HttpProblem(400, "Idempotency-Key: from 1 to 200 characters");
        }
        return new Command(operation, params, key, null, false, false, new RequestedBy(TRANSPORT, request.client()));
    }

    private static ObjectNode params(byte[] body) {
        if (new String(body, java.nio.charset.StandardCharsets.ISO_8859_1).isBlank()) {
            return Json.object();
        }
        JsonNode json;
        try {
            json = Json.read(body);
        } catch (JsonProcessingException e) {
            throw new HttpProblem(400, "the body is not valid JSON: " + e.getOriginalMessage() + where(e));
        }
        if (json instanceof ObjectNode object) {
            return object;
        }
        throw new HttpProblem(400, "the body is not a JSON object");
    }

    private static String where(JsonProcessingException e) {
        return e.getLocation() == null
                ? ""
                : " (line " + e.getLocation().getLineNr() + ", column "
                        + e.getLocation().getColumnNr() + ")";
    }

    /**
     * The reply to a command. With {@code ?wait=SECONDS} it comes when the session has ended or the time is over; meanwhile
     * nothing is held but the connection.
     */
    public CompletableFuture<HttpReply> reply(
            @Body Verdict verdict, @ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) {
        LiveSession session = verdict.session();
        boolean repeated = verdict.reason() == Verdict.Reason.DUPLICATE;
        if (!verdict.isAccepted() && !repeated) {
            throw refusal(verdict);
        }
        double seconds = waitSeconds(request);
        if (seconds <= 0) {
            return CompletableFuture.completedFuture(sessionReply(repeated ? 200 : 202, session, request));
        }
        return session.ended()
                .copy()
                .completeOnTimeout(session, Math.round(seconds * 1000), TimeUnit.MILLISECONDS)
                .thenApply(done -> sessionReply(done.isDone() || repeated ? 200 : 202, done, request));
    }

    private static double waitSeconds(HttpRequest request) {
        return request.seconds("wait", LONGEST_WAIT_S);
    }

    private static HttpReply sessionReply(int status, LiveSession session, HttpRequest request) {
        String place = request.prefix() + "/api/v1/sessions/" + session.id();
        return HttpReply.of(
                status, "application/json", session.json(SessionViews.DEFAULT_MESSAGES), Map.of("Location", place));
    }

    private static HttpProblem refusal(Verdict verdict) {
        LiveSession holder = verdict.session();
        return switch (verdict.reason()) {
            case UNKNOWN_OPERATION, UNKNOWN_SESSION -> new HttpProblem(404, verdict.detail());
            case INVALID -> new HttpProblem(400, verdict.detail()).with("errors", verdict.errors());
            case BUSY ->
                new HttpProblem(409, verdict.detail())
                        .with("session_id", holder.id())
                        .with("op_name", holder.opName());
            case NOTHING_TO_ABORT -> new HttpProblem(409, verdict.detail());
            case CONFLICT -> new HttpProblem(422, verdict.detail()).with("session_id", holder.id());
            case STOPPING, UNAVAILABLE -> new HttpProblem(503, verdict.detail());
            default -> new HttpProblem(400, verdict.detail());
        };
    }

    /** The reply to a request that needs a store which cannot be read. */
    public HttpReply unavailable(@ExchangeProperty(org.apache.camel.Exchange.EXCEPTION_CAUGHT) StoreUnavailable fault) {
        return new HttpProblem(503, fault.getMessage()).reply();
    }

    /** The reply to a request that cannot be served. */
    public HttpReply problem(@ExchangeProperty(Exchange.EXCEPTION_CAUGHT) HttpProblem problem) {
        return problem.reply();
    }
}
