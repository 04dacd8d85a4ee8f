package pysmurf.controller.http;

import io.vertx.ext.web.RoutingContext;
import pysmurf.controller.access.Role;

/**
 * Who sent a request.
 *
 * @param name         the token's name, or else the address
 * @param role         what they may do; null for nobody known
 * @param tokenRefused whether they sent a token that nobody has
 */
record Caller(String name, Role role, boolean tokenRefused) {

    private static final String KEY = Caller.class.getName();

    void attachTo(RoutingContext context) {
        context.put(KEY, this);
    }

    static Caller of(RoutingContext context) {
        Caller caller = context.get(KEY);
        return caller != null ? caller : new Caller(Arrival.of(context).address(), null, false);
    }
}
