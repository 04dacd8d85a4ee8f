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

    static HttpReply of(int status, String contentType, String text, Map<String, String> more) {
        Map<String, String> headers = new HashMap<>(more);
        headers.put("Content-Type", contentType);
        return new HttpReply(status, headers, text.getBytes(StandardCharsets.UTF_8));
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
        // for HEAD as well
        response.putHeader("Content-Length", Integer.toString(body.length));
        response.end(Buffer.buffer(body));
    }
}
