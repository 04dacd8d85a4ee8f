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
public final class CallEndpoint {

    /** The path of the bridge. */
    public static final String PATH = "/call";

    private static final Set<HttpMethod> METHODS = Set.of(HttpMethod.POST, HttpMethod.PUT);
    private static final int TOO_LARGE = 413;

    private CallEndpoint() {}

    /**
     * Adds itself to a router, in front of all routes that come later.
     *
     * @param mostBytes the largest body taken
     */
    public static void install(Router router, long mostBytes) {
        router.route(PATH)
                .order(Integer.MIN_VALUE)
                .handler(CallEndpoint::handle)
                .failureHandler(context -> failed(context, mostBytes));
    }

    private static void handle(RoutingContext context) {
        HttpServerResponse response = context.response();
        String origin = context.request().getHeader("Origin");
        response.putHeader("Access-Control-Allow-Origin", origin == null || origin.equals("null") ? "*" : origin);
        response.putHeader("Access-Control-Allow-Credentials", "true");
        String headers = context.request().getHeader("Access-Control-Request-Headers");
        if (headers != null) {
            response.putHeader("Access-Control-Allow-Headers", headers);
        }
        HttpMethod method = context.request().method();
        if (METHODS.contains(method)) {
            context.next();
        } else if (method == HttpMethod.OPTIONS) {
            response.putHeader("Allow", "POST,PUT,OPTIONS");
            response.putHeader("Access-Control-Allow-Methods", "POST,PUT,OPTIONS");
            send(response, BridgeReply.empty());
        } else {
            response.putHeader("Allow", "POST,PUT,OPTIONS");
            send(
                    response,
                    BridgeReply.refusal(
                            405,
                            "Method not accepted by the REST bridge. (b'" + method.name()
                                    + "' not allowed, only POST, PUT)"));
        }
    }

    private static void failed(RoutingContext context, long mostBytes) {
        if (context.statusCode() != TOO_LARGE || context.response().ended()) {
            context.next();
            return;
        }
        String length = context.request().getHeader("Content-Length");
        send(
                context.response(),
                BridgeReply.refusal(
                        TOO_LARGE,
                        "Request too long. (" + (length == null ? "it" : length) + " is longer than accepted "
                                + mostBytes + ")"));
    }

    private static void send(HttpServerResponse response, HttpReply reply) {
        reply.headers().forEach(response::putHeader);
        response.setStatusCode(reply.status()).end(Buffer.buffer(reply.body()));
    }
}
