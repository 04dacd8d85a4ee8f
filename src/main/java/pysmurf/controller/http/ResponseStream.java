package pysmurf.controller.http;

import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.util.Map;

/** What a route gives as its body to answer a request. */
@FunctionalInterface
public interface ResponseStream {

    /** Takes over the response, of which nothing has been written yet, and ends it; on the event loop, so it must not block. */
    void writeTo(RoutingContext context);

    /** Nothing is kept by a proxy or a browser, unless the headers say otherwise, and nothing is taken for what it is not. */
    static void describe(HttpServerResponse response, Map<String, String> headers) {
        response.putHeader("Cache-Control", "no-store").putHeader("X-Content-Type-Options", "nosniff");
        headers.forEach(response::putHeader);
    }

    /** Begins a response of which the length is not known; returns whether it has a body. */
    static boolean begin(RoutingContext context, Map<String, String> headers) {
        describe(context.response(), headers);
        context.response().setChunked(true);
        if (context.request().method() == HttpMethod.HEAD) {
            context.response().end();
            return false;
        }
        return true;
    }
}
