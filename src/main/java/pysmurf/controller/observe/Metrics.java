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
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;

/**
 * The figures of one controller, for Prometheus. Every name begins with {@code pysmurf_}, those of the Java machine included, and
 * every label's values are few: they come from routes, from the configuration, or from the code. Routes add to it by
 * {@code micrometer:}.
 */
public final class Metrics implements AutoCloseable {

    /** The name under which the component {@code micrometer:} looks for a registry. */
    public static final String REGISTRY = "metricsRegistry";

    private static final String PREFIX = "pysmurf.";

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics garbageCollection = new JvmGcMetrics();
    /** The registry itself would let go of them. */
    private final List<LongSupplier> counts = new CopyOnWriteArrayList<>();

    public Metrics() {
        // what the component micrometer: adds to each of its own; a name must have the same labels wherever it is
        // counted
        registry.config().meterFilter(MeterFilter.ignoreTags("camelContext"));
        registry.config().meterFilter(new MeterFilter() {
            @Override
            public Meter.Id map(Meter.Id id) {
                return id.getName().startsWith(PREFIX) ? id : id.withName(PREFIX + id.getName());
            }
        });
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new FileDescriptorMetrics().bindTo(registry);
        garbageCollection.bindTo(registry);
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
        return registry.scrape();
    }

    @Override
    public void close() {
        garbageCollection.close();
        registry.close();
    }
}
