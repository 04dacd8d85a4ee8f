package pysmurf.controller.http;

import org.apache.camel.CamelContext;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpServer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpServerConfiguration;
import org.apache.camel.support.CamelContextHelper;
import pysmurf.controller.routing.Replacement;
import pysmurf.controller.session.Json;

/** The HTTP server of the controller: Camel's, with our answers to what no route answers in place before it listens. */
public final class HttpServer extends VertxPlatformHttpServer {

    /** Once and for all: routes that are reloaded are replaced one by one. */
    private volatile boolean ready;

    private static final String LIVE = "/observe/health/live";
    private static final HttpReply ALIVE = HttpReply.json(200, Json.object().put("status", "UP"));

    private final Replacement replacement;

    /** @param replacement says when a request that finds no route is to try again */
    public HttpServer(VertxPlatformHttpServerConfiguration configuration, Replacement replacement) {
        super(configuration);
        this.replacement = replacement;
    }

    @Override
    protected void initializeServer() {
        super.initializeServer();
        VertxPlatformHttpRouter router =
                CamelContextHelper.findSingleByType(getCamelContext(), VertxPlatformHttpRouter.class);
        // no route: it has to be answered while routes are started and stopped, too, and when no thread is free for one
        router.get(LIVE).order(Integer.MIN_VALUE).handler(context -> HttpConsumer.send(context.response(), ALIVE));
        RouterErrors.install(router, this::isReady, replacement);
    }

    /**
     * Routes are started one after another, and each is known to Camel only from then on; a command that came between two of them
     * would find half a controller. One that cannot be started has had its turn, and is tried again later.
     */
    public boolean isReady() {
        if (!ready) {
            CamelContext context = getCamelContext();
            ready = context.isStarted() && !context.getRouteController().isStartingRoutes();
        }
        return ready;
    }
}
