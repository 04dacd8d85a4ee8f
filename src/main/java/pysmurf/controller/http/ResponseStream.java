package pysmurf.controller.http;

import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;

/** A reply that is written bit by bit; a route gives it as its body. */
@FunctionalInterface
public interface ResponseStream {

    /**
     * Takes the response over, on the event loop; must not block. It ends the response itself.
     *
     * @param context  the request
     * @param response its response, nothing of it written yet
     */
    void writeTo(RoutingContext context, HttpServerResponse response);
}
