package pysmurf.controller.assembly;

import java.util.Map;
import pysmurf.controller.config.Settings;
import pysmurf.controller.observe.Health;
import pysmurf.controller.observe.Metrics;
import pysmurf.controller.observe.Traces;

/** Metrics, health of followed files, and traces: what concerns the controller as a whole, no single part. */
public final class ObservePart {

    public ObservePart(Assembly assembly) throws Exception {
        Metrics metrics = assembly.metrics();
        assembly.bind(Metrics.REGISTRY, metrics.registry());
        String controller = assembly.configuration().get(Settings.CONTROLLER_ID);
        double startTime = assembly.clock().millis() / 1000.0;
        metrics.gauge(
                        "pysmurf.build.info",
                        "Always 1; the labels say which controller this is.",
                        Map.of(
                                "controller",
                                controller,
                                "version",
                                Assembly.version(),
                                "camel",
                                assembly.camel().getVersion(),
                                "java",
                                Runtime.version().toString()),
                        () -> 1)
                .gauge("pysmurf.start.time.seconds", "When the controller started, unix time.", () -> startTime);
        assembly.health()
                .add(
                        "files",
                        () -> Health.Check.degradedBy(
                                assembly.files().fault(),
                                Map.of("looked_at", assembly.files().lookedAt().toEpochMilli() / 1000.0)));
        String traced = assembly.configuration().get(Settings.TRACES_ENDPOINT);
        if (!traced.isEmpty()) {
            assembly.closing(new Traces(assembly.camel(), traced, controller, Assembly.version()));
        }
    }
}
