package pysmurf.controller.observe;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * The figures of a process, or of one of its controllers, for Prometheus. Every name begins with {@code pysmurf_}, those of the Java machine included, and
 * every label's values are few: they come from routes, from the configuration, or from the code. Routes add to it by
 * {@code micrometer:}.
 */
public final class Metrics implements AutoCloseable {

    /** The name under which the component {@code micrometer:} looks for a registry. */
    public static final String REGISTRY = "metricsRegistry";

    private static final String PREFIX = "pysmurf.";

    private static final String CONTROLLER = "controller";

    private final PrometheusMeterRegistry all;
    /** What this one adds; it goes into all. */
    private final CompositeMeterRegistry registry = new CompositeMeterRegistry();

    private final Runnable end;
    /** The registry itself would let go of them. */
    private final List<LongSupplier> counts = new CopyOnWriteArrayList<>();

    /** Of the process. */
    public Metrics() {
        all = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
        // what the component micrometer: adds to each of its own; a name must have the same labels wherever it is
        // counted
        all.config().meterFilter(MeterFilter.ignoreTags("camelContext"));
        all.config().meterFilter(new MeterFilter() {
            @Override
            public Meter.Id map(Meter.Id id) {
                return id.getName().startsWith(PREFIX) ? id : id.withName(PREFIX + id.getName());
            }
        });
        registry.add(all);
        JvmGcMetrics garbageCollection = new JvmGcMetrics();
        List.of(
                        new JvmMemoryMetrics(),
                        new JvmThreadMetrics(),
                        new ProcessorMetrics(),
                        new FileDescriptorMetrics(),
                        garbageCollection)
                .forEach(binder -> binder.bindTo(all));
        end = () -> {
            garbageCollection.close();
            all.close();
        };
    }

    private Metrics(PrometheusMeterRegistry all, Tags labels) {
        this.all = all;
        registry.config().commonTags(labels);
        registry.add(all);
        end = () -> registry.getMeters().forEach(meter -> all.removeByPreFilterId(meter.getId()));
    }

    /** Of one controller: they go when this is closed. */
    public Metrics ofController() {
        return new Metrics(all, Tags.empty());
    }

    /** Of one controller of several: the same, with its id as the label {@code controller}. */
    public Metrics ofController(String id) {
        return new Metrics(all, Tags.of(CONTROLLER, id));
    }

    /** What {@code micrometer:} in routes counts into. */
    public MeterRegistry registry() {
        return registry;
    }

    /**
     * A value that goes up and down.
     *
     * @param name with dots and with its unit at the end
     */
    public Metrics gauge(String name, String description, DoubleSupplier value) {
        return gauge(name, description, Map.of(), value);
    }

    /** As {@link #gauge(String, String, DoubleSupplier)}, with labels. */
    public Metrics gauge(String name, String description, Map<String, String> labels, DoubleSupplier value) {
        Gauge.builder(name, value::getAsDouble)
                .description(description)
                .tags(tags(labels))
                .register(registry);
        return this;
    }

    /**
     * A count that something else keeps.
     *
     * @param count must never go down
     */
    public Metrics counter(String name, String description, Map<String, String> labels, LongSupplier count) {
        counts.add(count);
        FunctionCounter.builder(name, count, LongSupplier::getAsLong)
                .description(description)
                .tags(tags(labels))
                .register(registry);
        return this;
    }

    private static Tags tags(Map<String, String> labels) {
        Tags tags = Tags.empty();
        for (Map.Entry<String, String> label : labels.entrySet()) {
            tags = tags.and(label.getKey(), label.getValue());
        }
        return tags;
    }

    /** {@code GET /observe/metrics}, in Prometheus's text format. */
    public String scrape() {
        return all.scrape();
    }

    @Override
    public void close() {
        end.run();
        // or it would close that, too
        registry.remove(all);
        registry.close();
    }
}
