package pysmurf.controller.http;

import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.RoutingContext;

/** Keeps a request that came while its route was being replaced, and has it look for its route again. Stateless. */
final class Retry {

    private static final String UNTIL = "retry-until";
    private static final long EVERY_MS = 10;
    /** Longer than any route takes to be replaced. */
    private static final long LONGEST_NANOS = 5_000_000_000L;

    private Retry() {}

    /**
     * Tries a request again in a moment; to be called on its event loop.
     *
     * @return false if that was tried for long enough
     */
    static boolean later(RoutingContext context) {
        Long until = context.get(UNTIL);
        if (until == null) {
            context.put(UNTIL, System.nanoTime() + LONGEST_NANOS);
        } else if (System.nanoTime() - until > 0) {
            return false;
        }
        HttpServerRequest request = context.request();
        boolean unread = !request.isEnded();
        if (unread) {
            // its body is for the route to read
            request.pause();
        }
        context.vertx().setTimer(EVERY_MS, timer -> {
            if (context.response().closed()) {
                return;
            }
            if (unread) {
                request.resume();
            }
            String query = request.query();
            context.reroute(request.path() + (query == null ? "" : "?" + query));
        });
        return true;
    }
}
