package pysmurf.controller.http;

import org.apache.camel.ServiceStatus;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpServer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpServerConfiguration;
import org.apache.camel.support.CamelContextHelper;
import pysmurf.controller.session.Json;

/** The HTTP server of the controller: Camel's, with our answers to what no route answers in place before it listens. */
public final class HttpServer extends VertxPlatformHttpServer {

    private static final String COMMAND_ROUTE = "command";
    private static final String LIVE = "/observe/health/live";
    private static final HttpReply ALIVE = HttpReply.json(200, Json.object().put("status", "UP"));

    public HttpServer(VertxPlatformHttpServerConfiguration configuration) {
        super(configuration);
    }

    @Override
    protected void initializeServer() {
        super.initializeServer();
        VertxPlatformHttpRouter router =
                CamelContextHelper.findSingleByType(getCamelContext(), VertxPlatformHttpRouter.class);
        // no route: it has to be answered while routes are started and stopped, too, and when no thread is free for one
        router.get(LIVE).handler(context -> HttpConsumer.send(context.response(), ALIVE));
        RouterErrors.install(router, this::isReady);
    }

    /**
     * Whether the routes are there that commands need. Routes are started one after another, and by a controller that tries
     * again; without this one there is nothing to do.
     */
    public boolean isReady() {
        ServiceStatus status = getCamelContext().getRouteController().getRouteStatus(COMMAND_ROUTE);
        return status != null && status.isStarted();
    }
}
