package pysmurf.controller.http;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import pysmurf.controller.session.Json;

/** A whole HTTP reply. */
public record HttpReply(int status, Map<String, String> headers, byte[] body) implements ResponseStream {

    /** A reply whose body is the value as JSON. */
    public static HttpReply json(int status, Object value) {
        return of(status, "application/json", Json.text(value), Map.of());
    }

    /** A reply whose body is JSON already; not to be changed. */
    static HttpReply json(int status, byte[] json, Map<String, String> more) {
        return of(status, "application/json", json, more);
    }

    static HttpReply of(int status, String contentType, String text, Map<String, String> more) {
        return of(status, contentType, text.getBytes(StandardCharsets.UTF_8), more);
    }

    private static HttpReply of(int status, String contentType, byte[] body, Map<String, String> more) {
        Map<String, String> headers = new HashMap<>(more);
        headers.put("Content-Type", contentType);
        return new HttpReply(status, headers, body);
    }

    /** Tells a client that what it has is what there is. */
    static HttpReply notModified(Map<String, String> headers) {
        return new HttpReply(304, headers, new byte[0]);
    }

    @Override
    public void writeTo(RoutingContext context) {
        writeTo(context.response());
    }

    void writeTo(HttpServerResponse response) {
        if (response.ended() || response.closed()) {
            return;
        }
        response.setStatusCode(status);
        ResponseStream.describe(response, headers);
        if (status != 304) {
            // for HEAD as well; of a 304 it would be the length of what is not sent
            response.putHeader("Content-Length", Integer.toString(body.length));
        }
        response.end(Buffer.buffer(body));
    }
}
