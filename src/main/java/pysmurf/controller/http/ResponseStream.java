package pysmurf.controller.http;

import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.RoutingContext;
import java.util.Map;

/** What a route gives as its body to answer a request. */
@FunctionalInterface
public interface ResponseStream {

    /** Takes over the response, of which nothing has been written yet, and ends it; on the event loop, so it must not block. */
    void writeTo(RoutingContext context);

    /** Begins a response of which the length is not known; returns whether it has a body. */
    static boolean begin(RoutingContext context, Map<String, String> headers) {
        headers.forEach(context.response()::putHeader);
        context.response().setChunked(true);
        if (context.request().method() == HttpMethod.HEAD) {
            context.response().end();
            return false;
        }
        return true;
    }
}
