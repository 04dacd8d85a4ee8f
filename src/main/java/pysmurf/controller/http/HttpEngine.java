package pysmurf.controller.http;

import org.apache.camel.Processor;
import org.apache.camel.component.platform.http.PlatformHttpEndpoint;
import org.apache.camel.component.platform.http.spi.PlatformHttpConsumer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpEngine;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;

/** The engine behind {@code platform-http:}, with {@link HttpConsumer} in place of Camel's own; what takes GET takes HEAD, too. */
public final class HttpEngine extends VertxPlatformHttpEngine {

    @Override
    public PlatformHttpConsumer createConsumer(PlatformHttpEndpoint endpoint, Processor processor) {
        String methods = endpoint.getHttpMethodRestrict();
        if (methods != null && methods.contains("GET") && !methods.contains("HEAD")) {
            endpoint.setHttpMethodRestrict(methods + ",HEAD");
        }
        return new HttpConsumer(
                endpoint, processor, getHandlers(), VertxPlatformHttpRouter.PLATFORM_HTTP_ROUTER_NAME_ZERO);
    }
}
