package pysmurf.controller.operation;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apache.camel.component.platform.http.spi.PlatformHttpEngine;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.session.SessionCloser;
import pysmurf.controller.session.Sessions;

/** The routes that are followed, and the operations in them. */
public final class OperationPart {

    private final OperationSteps steps = new OperationSteps();
    private final Path folder;
    private Operations operations;
    private OperationThreads threads;
    private RouteReload reload;

    public OperationPart(Assembly assembly) {
        folder = assembly.configuration().routesDir().toAbsolutePath();
        assembly.camel().getCamelContextExtension().addInterceptStrategy(steps);
    }

    /**
     * Makes it a part of the controller.
     *
     * @param httpEngines makes the engine behind {@code platform-http:} of a context in which files are compiled
     * @param properties the placeholders routes may use
     * @param formats    the controller's own formats in schemas
     */
    public void join(
            Assembly assembly,
            Sessions sessions,
            SessionCloser closer,
            RouteSwap swap,
            Supplier<PlatformHttpEngine> httpEngines,
            Properties properties,
            List<ParameterFormat> formats)
            throws Exception {
        operations =
                assembly.bind("operations", new Operations(assembly.camel(), assembly.files(), folder, swap, formats));
        threads = new OperationThreads(closer, steps);
        assembly.bind("operationThreads", threads);
        AutoCloseable end = threads::shutdownNow;
        assembly.closing(end);
        reload = new RouteReload(assembly.camel(), assembly.files(), folder, sessions, properties, swap, httpEngines);
        assembly.metrics()
                .counter(
                        "pysmurf.route.reloads",
                        "Changed route files that were taken or refused.",
                        Map.of("result", "taken"),
                        reload::succeeded)
                .counter(
                        "pysmurf.route.reloads",
                        "Changed route files that were taken or refused.",
                        Map.of("result", "refused"),
                        reload::failed);
    }

    /** Files of routes, kamelets and schemas that cannot be used; what they held before goes on being used. */
    public Collection<RouteFault> faults() {
        return Stream.of(reload.faults(), operations.faults())
                .flatMap(Collection::stream)
                .toList();
    }

    public OperationSteps steps() {
        return steps;
    }

    public Operations operations() {
        return operations;
    }

    public OperationThreads threads() {
        return threads;
    }

    public RouteReload reload() {
        return reload;
    }
}
