package pysmurf.controller.operation;

import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.session.SessionCloser;
import pysmurf.controller.session.Sessions;

/** The routes that are followed, and the operations in them. */
public final class OperationPart {

    private final OperationSteps steps = new OperationSteps();
    private final Operations operations;
    private final SessionCloser closer;
    private final OperationThreads threads;
    private final RouteReload reload;

    public OperationPart(
            Assembly assembly, Sessions sessions, SessionCloser.LastAct lastAct, RouteSwap swap, Schemas schemas)
            throws Exception {
        Path folder = assembly.configuration().routesDir().toAbsolutePath();
        assembly.camel().getCamelContextExtension().addInterceptStrategy(steps);
        operations =
                assembly.bind("operations", new Operations(assembly.camel(), assembly.files(), folder, swap, schemas));
        closer = assembly.bind("sessionCloser", new SessionCloser(sessions, lastAct));
        threads = assembly.bind(
                "operationThreads", assembly.closing(new OperationThreads(assembly.camel(), closer, steps, swap)));
        reload = new RouteReload(assembly.camel(), assembly.files(), folder, sessions, swap);
        String what = "Changed route files that were taken or refused.";
        assembly.metrics()
                .counter("pysmurf.route.reloads", what, Map.of("result", "taken"), reload::succeeded)
                .counter("pysmurf.route.reloads", what, Map.of("result", "refused"), reload::failed);
    }

    /** Files of routes, kamelets and schemas that cannot be used; what they held before goes on being used. */
    public List<RouteFault> faults() {
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

    public SessionCloser closer() {
        return closer;
    }

    public OperationThreads threads() {
        return threads;
    }

    public RouteReload reload() {
        return reload;
    }
}
