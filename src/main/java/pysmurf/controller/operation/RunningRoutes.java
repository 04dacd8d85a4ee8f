package pysmurf.controller.operation;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.camel.CamelContext;
import org.apache.camel.Route;
import org.apache.camel.RuntimeCamelException;
import org.apache.camel.model.ModelCamelContext;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.util.function.ThrowingRunnable;
import pysmurf.controller.operation.RouteFiles.Compiled;

/** The routes of the context that runs, as far as they are from files, and how they are replaced. */
final class RunningRoutes {

    private final ModelCamelContext context;

    RunningRoutes(CamelContext context) {
        this.context = (ModelCamelContext) context;
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
