package pysmurf.controller.ocs;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Set;
import pysmurf.controller.http.HttpReply;

/**
 * What crossbar's bridge does around a call, before it looks at the body: CORS headers on every reply, OPTIONS, methods
 * that it does not take, bodies that are too large.
 */
final class CallEndpoint {

    private static final String METHODS = "POST,PUT,OPTIONS";
    private static final Set<HttpMethod> CALLING = Set.of(HttpMethod.POST, HttpMethod.PUT);
    private static final int TOO_LARGE = 413;

    private final OcsBridge bridge;
    private final long maxBytes;

    /** @param maxBytes the largest body taken */
    CallEndpoint(OcsBridge bridge, long maxBytes) {
        this.bridge = bridge;
        this.maxBytes = maxBytes;
    }

    /** Adds itself to a router, in front of all routes that come later. */
    void install(Router router) {
        router.route("/call").order(Integer.MIN_VALUE).handler(this::handle).failureHandler(this::failed);
    }

    private void handle(RoutingContext context) {
        HttpServerResponse response = context.response();
        String origin = context.request().getHeader("Origin");
        response.putHeader("Access-Control-Allow-Origin", origin == null || origin.equals("null") ? "*" : origin);
        response.putHeader("Access-Control-Allow-Credentials", "true");
        String headers = context.request().getHeader("Access-Control-Request-Headers");
        if (headers != null) {
            response.putHeader("Access-Control-Allow-Headers", headers);
        }
        HttpMethod method = context.request().method();
        if (CALLING.contains(method)) {
            context.next();
            return;
        }
        response.putHeader("Allow", METHODS);
        if (method == HttpMethod.OPTIONS) {
            response.putHeader("Access-Control-Allow-Methods", METHODS);
            send(response, bridge.empty());
        } else {
            String words = "Method not accepted by the REST bridge. (b'%s' not allowed, only POST, PUT)";
            refuse(response, 405, words.formatted(method.name()));
        }
    }

    private void failed(RoutingContext context) {
        if (context.statusCode() != TOO_LARGE || context.response().ended()) {
            context.next();
            return;
        }
        String length = context.request().getHeader("Content-Length");
        refuse(
                context.response(),
                TOO_LARGE,
                "Request too long. (" + (length == null ? "it" : length) + " is longer than accepted " + maxBytes
                        + ")");
    }

    private void refuse(HttpServerResponse response, int status, String text) {
        send(response, bridge.refuse(new BridgeRefusal(status, text)));
    }

    private static void send(HttpServerResponse response, HttpReply reply) {
        reply.headers().forEach(response::putHeader);
        response.setStatusCode(reply.status()).end(Buffer.buffer(reply.body()));
    }
}
