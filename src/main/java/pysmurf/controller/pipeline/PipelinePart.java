package pysmurf.controller.pipeline;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.observe.Health.Check;
import pysmurf.controller.operation.Operation;
import pysmurf.controller.operation.OperationPart;
import pysmurf.controller.operation.RouteFault;
import pysmurf.controller.session.Sessions;

/** The stages of composed operations, and what their files say. */
public final class PipelinePart {

    private final OperationPart operations;
    private final Pipelines pipelines;

    public PipelinePart(Assembly assembly, Sessions sessions, OperationPart operations) {
        this.operations = operations;
        pipelines =
                new Pipelines(assembly.files(), assembly.configuration().configDir(), operations.operations()::find);
        Stages stages = assembly.bind("stages", new Stages(operations.operations(), pipelines, sessions));
        assembly.health().add("routes", whole -> routes(whole));
        assembly.health().add("safe-state", () -> Check.degradedBy(stages.alarm(), Map.of()));
        assembly.metrics()
                .gauge(
                        "pysmurf.safe.state.alarm",
                        "1 while the crate may not be in a safe state.",
                        () -> stages.alarm().isPresent() ? 1 : 0);
    }

    /** The files below routes and config that cannot be used; what they held before goes on being used. */
    public List<RouteFault> brokenFiles() {
        return Stream.of(operations.faults(), pipelines.faults())
                .flatMap(Collection::stream)
                .toList();
    }

    private Check routes(boolean whole) {
        Collection<Operation> known = operations.operations().all();
        known.forEach(operation -> pipelines.of(operation.name()));
        List<RouteFault> faults = brokenFiles().stream()
                .map(fault -> whole ? fault : fault.withoutDetail())
                .toList();
        Map<String, Object> data = Map.of(
                "operations",
                known.stream().map(Operation::name).toList(),
                "broken",
                faults,
                "waiting",
                operations.reload().waiting());
        return faults.isEmpty()
                ? Check.up(data)
                : Check.degraded(faults.stream().map(RouteFault::toString).collect(Collectors.joining("; ")), data);
    }

    public Pipelines pipelines() {
        return pipelines;
    }
}
