package pysmurf.controller.http;

import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.ext.web.RoutingContext;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import pysmurf.controller.access.Requester;

/**
 * What a route may know of an HTTP request.
 *
 * @param path           the path's parameters by name
 * @param lastLevel      what is behind the last slash of the path
 * @param query          the first value of each query parameter
 * @param prefix         the path that the controller is below, as the client sees it; empty for none
 * @param contentType    as sent, or null
 * @param idempotencyKey as sent, or null
 * @param lastEventId    as sent, or null
 * @param ifNoneMatch    as sent, several joined; empty for none
 * @param requester     who asks
 * @param tokenRefused   whether it sent an unknown token
 */
public record HttpRequest(
        Map<String, String> path,
        String lastLevel,
        Map<String, String> query,
        String prefix,
        String contentType,
        String idempotencyKey,
        String lastEventId,
        String ifNoneMatch,
        Requester requester,
        boolean tokenRefused,
        byte[] body) {

    /** The exchange property under which routes find it. */
    public static final String PROPERTY = "request";

    /** Without the W/ of one that is weak. */
    private static final Pattern ENTITY_TAG = Pattern.compile("\"[^\"]*\"");

    private static final Pattern SECONDS = Pattern.compile("[0-9]{1,9}(\\.[0-9]*)?|\\.[0-9]+");

    public static HttpRequest of(RoutingContext context) {
        Buffer body = context.body() == null ? null : context.body().buffer();
        Arrival arrival = Arrival.of(context);
        return new HttpRequest(
                Map.copyOf(context.pathParams()),
                FrontDoor.lastLevel(context),
                firstValues(context.queryParams()),
                arrival.prefix(),
                FrontDoor.contentType(context),
                context.request().getHeader("Idempotency-Key"),
                context.request().getHeader("Last-Event-ID"),
                String.join(",", context.request().headers().getAll("If-None-Match")),
                context.get(Requester.PROPERTY),
                FrontDoor.isTokenRefused(context),
                body == null ? new byte[0] : body.getBytes());
    }

    private static Map<String, String> firstValues(MultiMap values) {
        Map<String, String> first = new HashMap<>();
        values.forEach(entry -> first.putIfAbsent(entry.getKey(), entry.getValue()));
        return Map.copyOf(first);
    }

    /** Whether the client says that it has what has this entity tag (RFC 9110, 13.1.2); strong or weak is the same here. */
    public boolean has(String tag) {
        return ifNoneMatch.strip().equals("*")
                || ENTITY_TAG.matcher(ifNoneMatch).results().anyMatch(known -> known.group()
                        .equals(tag));
    }

    /**
     * Whether the query has this, which needs no value: {@code ?follow}.
     *
     * @throws HttpProblem 400 if its value says neither yes nor no
     */
    public boolean flag(String name) {
        return switch (query.getOrDefault(name, "false").toLowerCase(Locale.ROOT)) {
            case "", "true", "1", "yes", "on" -> true;
            case "false", "0", "no", "off" -> false;
            default -> throw HttpProblem.wrong(name, "true or false");
        };
    }

    /**
     * A whole number in the query.
     *
     * @param  otherwise   where it is not there
     * @throws HttpProblem 400 if it is something else
     */
    public int number(String name, int min, int max, int otherwise) {
        String text = query.get(name);
        if (text == null) {
            return otherwise;
        }
        if (text.matches("[0-9]{1,9}") && Integer.parseInt(text) >= min && Integer.parseInt(text) <= max) {
            return Integer.parseInt(text);
        }
        throw HttpProblem.wrong(name, "a whole number from " + min + " to " + max);
    }

    /**
     * Seconds in the query, fractions allowed; 0 where they are not there.
     *
     * @throws HttpProblem 400 if it is something else
     */
    public double seconds(String name, int max) {
        String text = query.getOrDefault(name, "0");
        if (SECONDS.matcher(text).matches() && Double.parseDouble(text) <= max) {
            return Double.parseDouble(text);
        }
        throw HttpProblem.wrong(name, "seconds from 0 to " + max);
    }

    /** A path parameter, for routes: {@code ${exchangeProperty.request.pathParam(id)}}. */
    public String pathParam(String name) {
        return path.get(name);
    }

    /**
     * A number in the path.
     *
     * @throws HttpProblem 404 if it is something else
     */
    public int pathNumber(String name) {
        try {
            return Integer.parseInt(path.get(name));
        } catch (NumberFormatException e) {
            throw new HttpProblem(404, "nothing is numbered \"" + path.get(name) + "\"");
        }
    }
}
