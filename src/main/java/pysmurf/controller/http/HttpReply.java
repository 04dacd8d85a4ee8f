package pysmurf.controller.http;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import pysmurf.controller.session.Json;

/**
 * A whole HTTP reply. Immutable.
 *
 * @param status  HTTP status
 * @param headers header names and values
 * @param body    the body; not null
 */
public record HttpReply(int status, Map<String, String> headers, byte[] body) {

    /** A reply whose body is the value as JSON. */
    public static HttpReply json(int status, Object value) {
        return json(status, value, Map.of());
    }

    static HttpReply json(int status, Object value, Map<String, String> headers) {
        return of(status, "application/json", Json.text(value), headers);
    }

    static HttpReply of(int status, String contentType, String text, Map<String, String> more) {
        Map<String, String> headers = new java.util.HashMap<>(more);
        headers.put("Content-Type", contentType);
        return new HttpReply(status, Map.copyOf(headers), text.getBytes(StandardCharsets.UTF_8));
    }
}
