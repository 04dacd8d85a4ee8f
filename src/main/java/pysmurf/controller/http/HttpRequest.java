package pysmurf.controller.http;

import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.RoutingContext;
import java.util.HashMap;
import java.util.Map;
import pysmurf.controller.access.Role;

/**
 * What a route may know of an HTTP request. Nothing of it becomes a message header, so no caller can steer a component.
 * Immutable.
 *
 * @param method         e.g. {@code POST}
 * @param path           path parameters by name
 * @param query          the first value of each query parameter
 * @param contentType    as sent, or null
 * @param idempotencyKey as sent, or null
 * @param lastEventId    as sent, or null
 * @param address        the remote address
 * @param client         the token's name, or else the remote address
 * @param role           what the client may do; null for nobody known
 * @param tokenRefused   whether it sent a token that nobody has
 * @param body           the body; empty if there is none
 */
public record HttpRequest(
        String method,
        Map<String, String> path,
        Map<String, String> query,
        String contentType,
        String idempotencyKey,
        String lastEventId,
        String address,
        String client,
        Role role,
        boolean tokenRefused,
        byte[] body) {

    /** The exchange property under which routes find it. */
    public static final String PROPERTY = "request";

    static HttpRequest of(RoutingContext context) {
        Buffer body = context.body() == null ? null : context.body().buffer();
        Caller caller = Caller.of(context);
        return new HttpRequest(
                context.request().method().name(),
                Map.copyOf(context.pathParams()),
                firstValues(context.queryParams()),
                context.request().getHeader("Content-Type"),
                context.request().getHeader("Idempotency-Key"),
                context.request().getHeader("Last-Event-ID"),
                context.request().remoteAddress().hostAddress(),
                caller.name(),
                caller.role(),
                caller.tokenRefused(),
                body == null ? new byte[0] : body.getBytes());
    }

    private static Map<String, String> firstValues(MultiMap values) {
        Map<String, String> first = new HashMap<>();
        values.forEach(entry -> first.putIfAbsent(entry.getKey(), entry.getValue()));
        return Map.copyOf(first);
    }

    /** Whether the client has that role, or one that includes it. */
    public boolean isFrom(Role needed) {
        return role != null && role.includes(needed);
    }

    /** A path parameter, for routes: {@code ${exchangeProperty.request.pathParam(id)}}. */
    public String pathParam(String name) {
        return path.get(name);
    }
}
