package pysmurf.controller.http;

import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import pysmurf.controller.observe.Health;
import pysmurf.controller.observe.Metrics;

/** What concerns all controllers of the process: their list and its page, and above them health and metrics. */
final class HostRouter {

    private final HttpServer server;
    private final Router router;

    /** @param list what is known of each controller, as JSON */
    HostRouter(HttpServer server, Health health, Metrics metrics, BooleanSupplier started, Supplier<?> list) {
        this.server = server;
        router = Router.router(server.vertx());
        RouterFrame.install(
                router,
                // no command is below these paths, so none can be refused
                server.door((requester, operation, refusal) -> CompletableFuture.completedStage(null)),
                server.pageFiles(),
                started,
                request -> false);
        get("/").handler(request -> lead(request, "controllers/"));
        get(FrontDoor.PAGE_OF_ALL).handler(HostRouter::page);
        get("/controllers/:id").handler(this::controller);
        router.route("/api/*").handler(this::whose);
        ObserveViews observe = new ObserveViews(health, metrics);
        serve("/controllers", request -> HttpReply.json(200, list.get()));
        serve("/observe/health", observe::health);
        serve("/observe/health/ready", request -> observe.ready());
        serve("/observe/metrics", request -> observe.metrics());
    }

    Router router() {
        return router;
    }

    private Route get(String path) {
        return router.get(path).method(HttpMethod.HEAD);
    }

    private void serve(String path, Function<HttpRequest, HttpReply> view) {
        // a look may wait for a disk
        get(path).handler(request -> request.vertx()
                .executeBlocking(() -> view.apply(HttpRequest.of(request)), false)
                .onSuccess(reply -> reply.writeTo(request))
                .onFailure(request::fail));
    }

    /** Vert.x takes a path with or without its last slash; here only the page has one. */
    private static void page(RoutingContext request) {
        if (request.normalizedPath().equals(FrontDoor.PAGE_OF_ALL)) {
            request.reroute("/page/controllers.html");
        } else {
            request.next();
        }
    }

    /** What is of one controller is not here. */
    private void whose(RoutingContext request) {
        String ids = String.join(", ", server.ids());
        HttpProblem problem = ids.isEmpty()
                ? new HttpProblem(503, "no controller runs at the moment")
                : new HttpProblem(404, "each controller is below /controllers/ID: " + ids);
        problem.answer(request);
    }

    /** A controller's page, whose own links need the slash. */
    private void controller(RoutingContext request) {
        String id = request.pathParam("id");
        if (server.ids().contains(id)) {
            lead(request, id + "/");
        } else {
            request.next();
        }
    }

    private static void lead(RoutingContext request, String where) {
        HttpReply.of(302, "text/plain", "", Map.of("Location", where)).writeTo(request);
    }
}
