package pysmurf.controller.http;

import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.StaticHandler;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.apache.camel.CamelContext;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpServer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpServerConfiguration;
import org.apache.camel.support.CamelContextHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.operation.RouteSwap;
import pysmurf.controller.session.Json;

/**
 * The HTTP server of the controller: Camel's router, with the operator's page and our answers to what no route answers. Camel's own
 * server only logs that it could not listen, and its outermost router has no words for a path that it cannot decode.
 */
public final class HttpServer extends VertxPlatformHttpServer {

    private static final Logger LOG = LoggerFactory.getLogger(HttpServer.class);

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

    private final VertxPlatformHttpServerConfiguration configuration;
    private final KeyCertOptions keys;
    private final FrontDoor door;
    private final RouteSwap swap;
    private VertxPlatformHttpRouter router;
    private io.vertx.core.http.HttpServer server;

    /** Once and for all: routes that are reloaded are replaced one by one. */
    private volatile boolean ready;

    /**
     * @param keys null for HTTP that is not encrypted
     * @param swap says whether a route that is missing will be back in a moment
     */
    public HttpServer(
            VertxPlatformHttpServerConfiguration configuration, KeyCertOptions keys, FrontDoor door, RouteSwap swap) {
        super(configuration);
        this.configuration = configuration;
        this.keys = keys;
        this.door = door;
        this.swap = swap;
    }

    @Override
    protected void initializeServer() {
        super.initializeServer();
        router = CamelContextHelper.findSingleByType(getCamelContext(), VertxPlatformHttpRouter.class);
        router.route().order(Integer.MIN_VALUE).handler(door::receive);
        // no route: it has to be answered while routes are started and stopped, too, and when no thread is free for one
        router.get(LIVE).method(HttpMethod.HEAD).order(Integer.MIN_VALUE).handler(ALIVE::writeTo);
        router.route().order(Integer.MIN_VALUE).handler(this::begin);
        router.route().order(Integer.MIN_VALUE).handler(door::admit);
        router.get("/")
                .method(HttpMethod.HEAD)
                .order(Integer.MIN_VALUE)
                .handler(context -> context.reroute("/page/index.html"));
        router.get("/page/:file")
                .method(HttpMethod.HEAD)
                .order(Integer.MIN_VALUE)
                .handler(HttpServer::describePage)
                .handler(StaticHandler.create(PAGE_ROOT)
                        .setDirectoryListing(false)
                        .setDefaultContentEncoding(StandardCharsets.UTF_8.name()));
        // after those of single paths, which have their own words
        router.route().order(Integer.MIN_VALUE + 1).failureHandler(HttpServer::failed);
        router.route().last().handler(this::noRoute);
    }

    private static void describePage(RoutingContext context) {
        context.response()
                .putHeader("Cache-Control", "no-cache")
                .putHeader("Content-Security-Policy", PAGE_POLICY)
                .putHeader("X-Content-Type-Options", "nosniff")
                .putHeader("Referrer-Policy", "no-referrer");
        context.next();
    }

    private void begin(RoutingContext context) {
        context.put(STAMP, swap.stamp());
        if (isReady()) {
            context.next();
        } else {
            new HttpProblem(503, "the controller is starting").answer(context);
        }
    }

    private static void failed(RoutingContext context) {
        int status = context.statusCode() > 0 ? context.statusCode() : 500;
        if (status >= 500) {
            LOG.error("{} failed", context.normalizedPath(), context.failure());
        }
        new HttpProblem(status, DETAILS.getOrDefault(status, "the request failed")).answer(context);
    }

    private void noRoute(RoutingContext context) {
        if (swap.isSince(context.get(STAMP))) {
            new HttpProblem(503, "routes are being replaced").answer(context);
            return;
        }
        List<String> allowed = router.getRoutes().stream()
                .filter(route -> route.getPath() != null && route.methods() != null)
                .filter(route ->
                        context.normalizedPath().matches(route.getPath().replaceAll(":[^/]+", "[^/]+")))
                .flatMap(route -> route.methods().stream())
                .map(HttpMethod::name)
                .distinct()
                .sorted()
                .toList();
        if (allowed.isEmpty() || allowed.contains(context.request().method().name())) {
            new HttpProblem(404, "nothing at " + context.normalizedPath()).answer(context);
        } else {
            context.response().putHeader("Allow", String.join(", ", allowed));
            new HttpProblem(405, "this path takes " + String.join(", ", allowed)).answer(context);
        }
    }

    /** @throws Exception if it cannot listen */
    @Override
    protected void startServer() throws Exception {
        // over HTTP/2 Vert.x would send a body for HEAD, too
        HttpServerOptions options = new HttpServerOptions().setHttp2ClearTextEnabled(false);
        if (keys != null) {
            options.setSsl(true).setKeyCertOptions(keys);
        }
        server = await(getVertx()
                .createHttpServer(options)
                .requestHandler(this::take)
                .listen(configuration.getBindPort(), configuration.getBindHost()));
    }

    private void take(HttpServerRequest request) {
        if (isText(request.path())) {
            router.handle(request);
        } else {
            new HttpProblem(404, "this path is no text").reply().writeTo(request.response());
        }
    }

    /** Whether a path can be decoded, and holds letters only: no zero byte, no other control character. */
    private static boolean isText(String path) {
        try {
            return path == null
                    || URLDecoder.decode(path, StandardCharsets.UTF_8)
                            .chars()
                            .noneMatch(letter -> Character.isISOControl(letter) || letter == '\uFFFD');
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    @Override
    protected void stopServer() {
        await(server.close());
    }

    @Override
    protected void stopVertx() {
        await(getVertx().close());
    }

    private static <T> T await(Future<T> future) {
        return future.toCompletionStage().toCompletableFuture().join();
    }

    @Override
    public io.vertx.core.http.HttpServer getServer() {
        return server;
    }

    @Override
    public int getPort() {
        return server.actualPort();
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
