package pysmurf.controller.http;

import io.vertx.core.Future;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import org.apache.camel.CamelContext;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpServer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpServerConfiguration;
import org.apache.camel.component.vertx.common.VertxHelper;
import org.apache.camel.support.CamelContextHelper;
import pysmurf.controller.routing.Replacement;
import pysmurf.controller.session.Json;

/**
 * The HTTP server of the controller: Camel's router, with our answers to what no route answers in place before it listens. Camel's
 * own server only logs that it could not listen, and its outermost router has no words for a path that it cannot decode.
 */
public final class HttpServer extends VertxPlatformHttpServer {

    private static final String LIVE = "/observe/health/live";
    private static final HttpReply ALIVE = HttpReply.json(200, Json.object().put("status", "UP"));

    private final VertxPlatformHttpServerConfiguration configuration;
    private final FrontDoor door;
    private final Replacement replacement;
    private VertxPlatformHttpRouter router;
    private io.vertx.core.http.HttpServer server;

    /** Once and for all: routes that are reloaded are replaced one by one. */
    private volatile boolean ready;

    /** @param replacement says when a request that finds no route is to try again */
    public HttpServer(VertxPlatformHttpServerConfiguration configuration, FrontDoor door, Replacement replacement) {
        super(configuration);
        this.configuration = configuration;
        this.door = door;
        this.replacement = replacement;
    }

    @Override
    protected void initializeServer() {
        super.initializeServer();
        router = CamelContextHelper.findSingleByType(getCamelContext(), VertxPlatformHttpRouter.class);
        router.route().order(Integer.MIN_VALUE).handler(door);
        // no route: it has to be answered while routes are started and stopped, too, and when no thread is free for one
        router.get(LIVE)
                .method(HttpMethod.HEAD)
                .order(Integer.MIN_VALUE)
                .handler(context -> HttpConsumer.send(context.response(), ALIVE));
        RouterErrors.install(router, this::isReady, replacement);
    }

    /** @throws Exception if it cannot listen */
    @Override
    protected void startServer() throws Exception {
        // over HTTP/2 Vert.x would send a body for HEAD, too
        HttpServerOptions options = new HttpServerOptions().setHttp2ClearTextEnabled(false);
        if (configuration.getSslContextParameters() != null) {
            VertxHelper.setupSSLOptions(getCamelContext(), configuration.getSslContextParameters(), options);
        }
        server = await(getVertx()
                .createHttpServer(options)
                .requestHandler(this::take)
                .listen(configuration.getBindPort(), configuration.getBindHost()));
    }

    private void take(HttpServerRequest request) {
        if (FrontDoor.isText(request.path())) {
            router.handle(request);
        } else {
            HttpConsumer.send(request.response(), new HttpProblem(404, "this path is no text").reply());
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
