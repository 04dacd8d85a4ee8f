package pysmurf.controller.http;

import io.vertx.core.Handler;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import org.apache.camel.CamelContext;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import pysmurf.controller.operation.RouteSwap;

/** Where the HTTP routes of one controller join in. */
final class ControllerRouter extends VertxPlatformHttpRouter {

    private static final String STAMP = "replacement";

    private final CamelContext context;

    /** Once and for all: routes that are reloaded are replaced one by one. */
    private volatile boolean ready;

    /** @param swap says whether a route that is missing will be back in a moment */
    ControllerRouter(HttpServer server, FrontDoor door, CamelContext context, RouteSwap swap) {
        super(null, server.vertx(), Router.router(server.vertx()), PLATFORM_HTTP_ROUTER_NAME_ZERO);
        this.context = context;
        route().order(Integer.MIN_VALUE).handler(request -> {
            request.put(STAMP, swap.stamp());
            request.next();
        });
        get("/").method(HttpMethod.HEAD).handler(request -> request.reroute("/page/index.html"));
        RouterFrame.install(
                this,
                door,
                server.pageFiles(),
                this::isReady,
                request -> isStopping() || swap.isSince(request.get(STAMP)));
    }

    /** Its routes go one by one. */
    private boolean isStopping() {
        return context.isStopping() || context.isStopped();
    }

    @Override
    public Handler<RoutingContext> bodyHandler() {
        BodyHandler whole = HttpServer.bodyHandler();
        return request -> {
            request.request().resume();
            whole.handle(request);
        };
    }

    /**
     * Routes are started one after another, and each is known to Camel only from then on; a command that came between two of them
     * would find half a controller. One that cannot be started has had its turn, and is tried again later.
     */
    boolean isReady() {
        if (!ready) {
            ready = context.isStarted() && !context.getRouteController().isStartingRoutes();
        }
        return ready;
    }
}
