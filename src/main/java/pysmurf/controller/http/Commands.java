package pysmurf.controller.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.Context;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import pysmurf.controller.access.Requester;
import pysmurf.controller.command.Command;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Verdict;

/** Makes a command of an HTTP request, and a reply of what was decided about it. */
public final class Commands {

    private static final int MAX_WAIT_S = 3600;

    /**
     * The command in {@code POST /api/v1/operations/{op}} or {@code POST /api/v1/sessions/{id}/abort} or {@code /stop}.
     *
     * @throws HttpProblem 400 if the body is no JSON object, 404 if the id is none
     */
    public Command read(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request, Exchange exchange) {
        String named = request.pathParam("op");
        String operation = named == null ? request.lastLevel() : named;
        exchange.setProperty(Requester.PROPERTY, request.requester());
        exchange.setProperty("operation", operation);
        waitSeconds(request);
        ObjectNode params = params(request.body());
        if (named == null) {
            params.put(Command.TARGET, request.pathNumber("id"));
        }
        return command(request, operation, params);
    }

    private static Command command(HttpRequest request, String operation, ObjectNode params) {
        String key = request.idempotencyKey();
        if (key != null && (key.isBlank() || key.length() > 200)) {
            throw new HttpProblem(400, "Idempotency-Key: from 1 to 200 characters");
        }
        return new Command(operation, params, key, null, false, false, request.requester());
    }

    private static ObjectNode params(byte[] body) {
        if (new String(body, StandardCharsets.ISO_8859_1).isBlank()) {
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

    /** The answer; with {@code ?wait=SECONDS} it waits for the end of the session, and holds nothing but the connection. */
    public ResponseStream reply(@Body Verdict verdict, @ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) {
        LiveSession session = verdict.session();
        boolean repeated = verdict.reason() == Verdict.Reason.DUPLICATE;
        if (!verdict.isAccepted() && !repeated) {
            return refusal(verdict).reply();
        }
        double seconds = waitSeconds(request);
        if (seconds <= 0) {
            return sessionReply(repeated ? 200 : 202, session, request);
        }
        CompletableFuture<HttpReply> later = session.ended()
                .copy()
                .completeOnTimeout(session, Math.round(seconds * 1000), TimeUnit.MILLISECONDS)
                .thenApply(done -> sessionReply(done.isDone() || repeated ? 200 : 202, done, request));
        return context -> {
            Context eventLoop = context.vertx().getOrCreateContext();
            later.thenAccept(reply -> eventLoop.runOnContext(v -> reply.writeTo(context)));
        };
    }

    private static double waitSeconds(HttpRequest request) {
        return request.seconds("wait", MAX_WAIT_S);
    }

    private static HttpReply sessionReply(int status, LiveSession session, HttpRequest request) {
        return HttpReply.json(
                status,
                session.view(SessionViews.DEFAULT_MESSAGES).json(),
                Map.of("Location", request.prefix() + "/api/v1/sessions/" + session.id()));
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
}
