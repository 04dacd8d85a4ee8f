package pysmurf.controller.http;

import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;

/** What a route gives as its body to answer a request. */
@FunctionalInterface
public interface ResponseStream {

    /** Takes over the response, of which nothing has been written yet, and ends it; on the event loop, so it must not block. */
    void writeTo(RoutingContext context, HttpServerResponse response);
}
