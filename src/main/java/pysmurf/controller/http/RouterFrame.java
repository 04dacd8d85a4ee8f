package pysmurf.controller.http;

import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.StaticHandler;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.session.Json;

/** What a router has before and behind its routes: the door, the pages, and our answers to what no route answers. */
final class RouterFrame {

    private static final Logger LOG = LoggerFactory.getLogger(RouterFrame.class);

    private static final String LIVE = "/observe/health/live";
    private static final HttpReply ALIVE = HttpReply.json(200, Json.object().put("status", "UP"));
    private static final Map<Integer, String> DETAILS =
            Map.of(400, "the request cannot be read", 413, "the body is over 1 MiB", 404, "the file is not there");

    /** Own files only; pictures also from memory, since an image tag cannot send a token. */
    private static final String PAGE_POLICY =
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                    + "img-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static final Pattern FILE = Pattern.compile("[\\w-]+\\.[a-z]+");

    private final Router router;

    private RouterFrame(Router router) {
        this.router = router;
    }

    /**
     * Around the routes that a router gets later.
     *
     * @param ready    until then whoever is not asking whether the process lives is told to come back
     * @param replaced whether what a request found missing may be there in a moment
     */
    static void install(
            Router router,
            FrontDoor door,
            StaticHandler files,
            BooleanSupplier ready,
            Predicate<RoutingContext> replaced) {
        RouterFrame frame = new RouterFrame(router);
        router.route().order(Integer.MIN_VALUE).handler(door::receive);
        // no route: it has to be answered while routes are started and stopped, too, and when no thread is free for one
        frame.get(LIVE).handler(ALIVE::writeTo);
        router.route().order(Integer.MIN_VALUE).handler(request -> begin(request, ready));
        router.route().order(Integer.MIN_VALUE).handler(door::admit);
        frame.get("/page/:file").handler(RouterFrame::describePage).handler(files);
        // after those of single paths, which have their own words
        router.route().order(Integer.MIN_VALUE + 1).failureHandler(RouterFrame::failed);
        router.route().last().handler(request -> frame.noRoute(request, replaced));
    }

    /** The pages' files, from the class path. */
    static StaticHandler pageFiles() {
        // above the folder page; a folder of this name in the working folder would take its place
        return StaticHandler.create("pysmurf/controller")
                .setDirectoryListing(false)
                .setDefaultContentEncoding(StandardCharsets.UTF_8.name());
    }

    private io.vertx.ext.web.Route get(String path) {
        return router.get(path).method(HttpMethod.HEAD).order(Integer.MIN_VALUE);
    }

    private static void describePage(RoutingContext request) {
        if (!FILE.matcher(request.pathParam("file")).matches()) {
            // beside the folder page there are classes
            new HttpProblem(404, DETAILS.get(404)).answer(request);
            return;
        }
        request.response()
                .putHeader("Cache-Control", "no-cache")
                .putHeader("Content-Security-Policy", PAGE_POLICY)
                .putHeader("X-Content-Type-Options", "nosniff")
                .putHeader("Referrer-Policy", "no-referrer");
        request.next();
    }

    private static void begin(RoutingContext request, BooleanSupplier ready) {
        if (ready.getAsBoolean()) {
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

    private void noRoute(RoutingContext request, Predicate<RoutingContext> replaced) {
        if (replaced.test(request)) {
            new HttpProblem(503, "routes are being replaced, or the controller stops").answer(request);
            return;
        }
        List<String> allowed = router.getRoutes().stream()
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
}
