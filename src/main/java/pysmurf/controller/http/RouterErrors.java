package pysmurf.controller.http;

import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.routing.Replacement;

/** Answers, as RFC 9457 has it, what no route answers: unknown paths, wrong methods, bodies that are too large. */
final class RouterErrors {

    private static final Logger LOG = LoggerFactory.getLogger(RouterErrors.class);
    private static final Map<Integer, String> DETAILS =
            Map.of(400, "the request cannot be read", 413, "the body is over 1 MiB", 404, "the file is not there");

    private static final String STAMP = "replacement";

    private RouterErrors() {}

    /**
     * Adds itself to a router, behind and around all routes that come later.
     *
     * @param started whether all routes are there; as long as they are not, nothing is answered but that
     * @param replacement while routes are replaced, a request that finds none tries again
     */
    static void install(Router router, BooleanSupplier started, Replacement replacement) {
        // behind those of single paths, which have their own words
        router.route().order(Integer.MIN_VALUE + 1).failureHandler(RouterErrors::failed);
        router.route().order(Integer.MIN_VALUE).handler(context -> {
            context.put(STAMP, replacement.stamp());
            if (started.getAsBoolean()) {
                context.next();
            } else {
                HttpConsumer.fail(context, new HttpProblem(503, "the controller is starting"));
            }
        });
        router.route().last().handler(context -> {
            if (replacement.isSince(context.get(STAMP)) && Retry.later(context)) {
                return;
            }
            noRoute(router, context);
        });
    }

    private static void failed(RoutingContext context) {
        int status = context.statusCode() > 0 ? context.statusCode() : 500;
        if (status >= 500) {
            LOG.error("{} failed", context.normalizedPath(), context.failure());
        }
        HttpConsumer.fail(context, new HttpProblem(status, DETAILS.getOrDefault(status, "the request failed")));
    }

    private static void noRoute(Router router, RoutingContext context) {
        Set<String> allowed = router.getRoutes().stream()
                .filter(route -> matches(route, context.normalizedPath()))
                .flatMap(route -> route.methods().stream())
                .map(HttpMethod::name)
                .collect(Collectors.toCollection(TreeSet::new));
        if (allowed.isEmpty()) {
            HttpConsumer.fail(context, new HttpProblem(404, "nothing at " + context.normalizedPath()));
        } else {
            context.response().putHeader("Allow", String.join(", ", allowed));
            HttpConsumer.fail(context, new HttpProblem(405, "this path takes " + String.join(", ", allowed)));
        }
    }

    private static boolean matches(Route route, String path) {
        if (route.getPath() == null || route.methods() == null) {
            return false;
        }
        String[] pattern = route.getPath().split("/", -1);
        String[] parts = path.split("/", -1);
        if (pattern.length != parts.length) {
            return false;
        }
        for (int i = 0; i < pattern.length; i++) {
            if (!pattern[i].startsWith(":") && !pattern[i].equals(parts[i])) {
                return false;
            }
        }
        return true;
    }
}
