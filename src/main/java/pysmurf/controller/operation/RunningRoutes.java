package pysmurf.controller.operation;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.apache.camel.CamelContext;
import org.apache.camel.Route;
import org.apache.camel.RuntimeCamelException;
import org.apache.camel.model.ModelCamelContext;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.util.function.ThrowingRunnable;
import pysmurf.controller.operation.RouteFiles.Compiled;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Sessions;

/** The routes that run and are from files: which there are, what session is using them, and how they are replaced. */
final class RunningRoutes {

    /** Where routes begin that something may be in for as long as a session lasts; other calls are over in a moment. */
    private static final List<String> HOLDING = List.of("direct:", "platform-http:", "rest:");

    /** The route that each session is in, or about to enter, until it is closed. */
    private static final String EVERY_OPERATION = "operation";

    private static final long MAX_CALL_NANOS = 100_000_000;
    private static final long LOOK_NANOS = 1_000_000;

    private final ModelCamelContext context;
    private final Sessions sessions;

    RunningRoutes(CamelContext context, Sessions sessions) {
        this.context = (ModelCamelContext) context;
        this.sessions = sessions;
    }

    /** All, and their files. */
    Map<Compiled, Path> all() {
        Map<Compiled, Path> running = new HashMap<>();
        for (Route route : context.getRoutes()) {
            RouteDefinition definition = context.getRouteDefinition(route.getRouteId());
            if (!route.isCreatedByKamelet() && definition != null && route.getSourceResource() != null) {
                running.put(Compiled.of(definition), RouteFiles.of(route.getSourceResource()));
            }
        }
        return running;
    }

    List<Compiled> of(Path file) {
        return all().entrySet().stream()
                .filter(entry -> entry.getValue().equals(file))
                .map(Map.Entry::getKey)
                .toList();
    }

    /** A session that goes through blocks, as every one may, but an abort. */
    Optional<LiveSession> userOfBlocks() {
        return sessions.unfinished().stream()
                .filter(session -> session.target() == null)
                .findFirst();
    }

    /** A session of an operation among these routes; or any, if it or its client may be on the way through one of them. */
    Optional<LiveSession> userOf(Set<String> ids) {
        List<LiveSession> open = sessions.unfinished();
        if (ids.contains(EVERY_OPERATION)) {
            return open.stream().findFirst();
        }
        return open.stream()
                .filter(session -> ids.contains(session.opName()))
                .findFirst()
                .or(() -> open.stream().findFirst().filter(any -> ids.stream().anyMatch(this::isUnderWay)));
    }

    private boolean isUnderWay(String id) {
        Route route = context.getRoute(id);
        if (route == null || HOLDING.stream().noneMatch(route.getEndpoint().getEndpointUri()::startsWith)) {
            return false;
        }
        long deadline = System.nanoTime() + MAX_CALL_NANOS;
        while (context.getInflightRepository().size(id) > 0) {
            if (System.nanoTime() > deadline) {
                return true;
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        return false;
    }

    /** Makes the routes of a file, in place of those with the same ids. */
    void update(Path file, String text) {
        change(() -> PluginHelper.getRoutesLoader(context).updateRoutes(List.of(RouteFiles.resource(file, text))));
    }

    void remove(String id) {
        change(() -> {
            context.getRouteController().stopRoute(id);
            context.removeRoute(id);
        });
    }

    /** Templates, and the routes and endpoints made of them, outlive a change; they are made again by what uses them. */
    void forgetBlocks() {
        List.copyOf(context.getRoutes()).stream()
                .filter(Route::isCreatedByKamelet)
                .map(Route::getRouteId)
                .forEach(this::remove);
        List.copyOf(context.getEndpoints()).stream()
                .filter(endpoint -> Blocks.isNamedIn(endpoint.getEndpointUri()))
                .forEach(endpoint -> change(() -> context.removeEndpoint(endpoint)));
        change(() -> context.removeRouteTemplates("*"));
    }

    private static void change(ThrowingRunnable<Exception> change) {
        try {
            change.run();
        } catch (Exception e) {
            throw RuntimeCamelException.wrapRuntimeException(e);
        }
    }
}
