package pysmurf.controller.http;

import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.function.Supplier;
import pysmurf.controller.observe.Health;
import pysmurf.controller.observe.Metrics;

/** What concerns all controllers of the process: their list, and above them health and metrics. */
final class HostRouter {

    private final Router router;

    HostRouter(HttpServer server, Health health, Metrics metrics, Supplier<?> list) {
        router = Router.router(server.vertx());
        // no command is below these paths, so none can be refused
        RouterFrame.install(
                router,
                server.door((requester, operation, refusal) -> CompletableFuture.completedStage(null)),
                server.pageFiles(),
                "controllers.html",
                () -> health.hindrance().isEmpty(),
                request -> false);
        ObserveViews observe = new ObserveViews(health, metrics);
        serve("/controllers", request -> HttpReply.json(200, list.get()));
        serve("/observe/health", observe::health);
        serve("/observe/health/ready", request -> observe.ready());
        serve("/observe/metrics", request -> observe.metrics());
        router.get("/controllers/:id").method(HttpMethod.HEAD).handler(request -> {
            String id = request.pathParam("id");
            if (server.has(id)) {
                // the page's own links need the slash
                HttpReply.of(308, "text/plain", "", Map.of("Location", id + "/"))
                        .writeTo(request);
            } else {
                request.next();
            }
        });
    }

    Router router() {
        return router;
    }

    private void serve(String path, Function<HttpRequest, HttpReply> view) {
        // a look may wait for a disk
        router.get(path).method(HttpMethod.HEAD).handler(request -> request.vertx()
                .executeBlocking(() -> view.apply(HttpRequest.of(request)), false)
                .onSuccess(reply -> reply.writeTo(request))
                .onFailure(request::fail));
    }
}
