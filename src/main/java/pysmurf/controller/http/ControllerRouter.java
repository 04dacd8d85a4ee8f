package pysmurf.controller.http;

import io.vertx.core.Handler;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import io.vertx.ext.web.handler.StaticHandler;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.apache.camel.CamelContext;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.operation.RouteSwap;
import pysmurf.controller.session.Json;

/** Where the HTTP routes of one controller join in, with the operator's page and our answers to what no route answers. */
final class ControllerRouter extends VertxPlatformHttpRouter {

    private static final Logger LOG = LoggerFactory.getLogger(ControllerRouter.class);

    private static final String LIVE = "/observe/health/live";
    private static final HttpReply ALIVE = HttpReply.json(200, Json.object().put("status", "UP"));
    private static final Map<Integer, String> DETAILS =
            Map.of(400, "the request cannot be read", 413, "the body is over 1 MiB", 404, "the file is not there");

    /** On the class path, and above the folder page; a folder of this name in the working folder would take its place. */
    private static final String PAGE_ROOT = "pysmurf/controller";
    /** Own files only; pictures also from memory, since an image tag cannot send a token. */
    private static final String PAGE_POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                    + "img-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static final String STAMP = "replacement";

    private final CamelContext context;
    private final RouteSwap swap;

    /** Once and for all: routes that are reloaded are replaced one by one. */
    private volatile boolean ready;

    /** @param swap says whether a route that is missing will be back in a moment */
    ControllerRouter(HttpServer server, FrontDoor door, CamelContext context, RouteSwap swap) {
        super(null, server.vertx(), Router.router(server.vertx()), PLATFORM_HTTP_ROUTER_NAME_ZERO);
        this.context = context;
        this.swap = swap;
        route().order(Integer.MIN_VALUE).handler(door::receive);
        // no route: it has to be answered while routes are started and stopped, too, and when no thread is free for one
        get(LIVE).method(HttpMethod.HEAD).order(Integer.MIN_VALUE).handler(ALIVE::writeTo);
        route().order(Integer.MIN_VALUE).handler(this::begin);
        route().order(Integer.MIN_VALUE).handler(door::admit);
        get("/").method(HttpMethod.HEAD)
                .order(Integer.MIN_VALUE)
                .handler(request -> request.reroute("/page/index.html"));
        get("/page/:file")
                .method(HttpMethod.HEAD)
                .order(Integer.MIN_VALUE)
                .handler(ControllerRouter::describePage)
                .handler(StaticHandler.create(PAGE_ROOT)
                        .setDirectoryListing(false)
                        .setDefaultContentEncoding(StandardCharsets.UTF_8.name()));
        // after those of single paths, which have their own words
        route().order(Integer.MIN_VALUE + 1).failureHandler(ControllerRouter::failed);
        route().last().handler(this::noRoute);
    }

    @Override
    public Handler<RoutingContext> bodyHandler() {
        BodyHandler whole = BodyHandler.create(false).setBodyLimit(HttpServer.MAX_BODY_BYTES);
        return request -> {
            request.request().resume();
            whole.handle(request);
        };
    }

    private static void describePage(RoutingContext request) {
        request.response()
                .putHeader("Cache-Control", "no-cache")
                .putHeader("Content-Security-Policy", PAGE_POLICY)
                .putHeader("X-Content-Type-Options", "nosniff")
                .putHeader("Referrer-Policy", "no-referrer");
        request.next();
    }

    private void begin(RoutingContext request) {
        request.put(STAMP, swap.stamp());
        if (isReady()) {
            request.next();
        } else {
            new HttpProblem(503, "the controller is starting").answer(request);
        }
    }

    private static void failed(RoutingContext request) {
        int status = request.statusCode() > 0 ? request.statusCode() : 500;
        if (status >= 500) {
            LOG.error("{} failed", request.normalizedPath(), request.failure());
        }
        new HttpProblem(status, DETAILS.getOrDefault(status, "the request failed")).answer(request);
    }

    private void noRoute(RoutingContext request) {
        if (swap.isSince(request.get(STAMP))) {
            new HttpProblem(503, "routes are being replaced").answer(request);
            return;
        }
        List<String> allowed = getRoutes().stream()
                .filter(route -> route.getPath() != null && route.methods() != null)
                .filter(route ->
                        request.normalizedPath().matches(route.getPath().replaceAll(":[^/]+", "[^/]+")))
                .flatMap(route -> route.methods().stream())
                .map(HttpMethod::name)
                .distinct()
                .sorted()
                .toList();
        if (allowed.isEmpty() || allowed.contains(request.request().method().name())) {
            new HttpProblem(404, "nothing at " + request.normalizedPath()).answer(request);
        } else {
            request.response().putHeader("Allow", String.join(", ", allowed));
            new HttpProblem(405, "this path takes " + String.join(", ", allowed)).answer(request);
        }
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
