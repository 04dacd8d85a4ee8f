package pysmurf.controller.http;

import java.util.function.Predicate;
import org.apache.camel.Processor;
import org.apache.camel.component.platform.http.PlatformHttpEndpoint;
import org.apache.camel.component.platform.http.spi.PlatformHttpConsumer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpEngine;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;

/** The engine behind {@code platform-http:}, with {@link HttpConsumer} in place of Camel's own; what takes GET takes HEAD, too. */
public final class HttpEngine extends VertxPlatformHttpEngine {

    /** Asked for again and again by all who wait for a session. */
    private static final String SHOW_SESSION = "/api/v1/sessions/{id}";

    private final Predicate<HttpRequest> sessionAtHand;

    /** @param sessionAtHand whether the session that a request is for can be shown without waiting for anything */
    HttpEngine(Predicate<HttpRequest> sessionAtHand) {
        this.sessionAtHand = sessionAtHand;
    }

    @Override
    public PlatformHttpConsumer createConsumer(PlatformHttpEndpoint endpoint, Processor processor) {
        String methods = endpoint.getHttpMethodRestrict();
        if (methods != null && methods.contains("GET") && !methods.contains("HEAD")) {
            endpoint.setHttpMethodRestrict(methods + ",HEAD");
        }
        return new HttpConsumer(
                endpoint,
                processor,
                getHandlers(),
                VertxPlatformHttpRouter.PLATFORM_HTTP_ROUTER_NAME_ZERO,
                SHOW_SESSION.equals(endpoint.getPath()) ? sessionAtHand : request -> false);
    }
}
