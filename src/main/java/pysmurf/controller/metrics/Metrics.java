package pysmurf.controller.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.config.MeterFilter;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import pysmurf.controller.http.HttpReply;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.SessionFigures;

/**
 * The figures of one controller, for Prometheus. Every name begins with {@code pysmurf_}, those of the Java machine included, and
 * every label's values are few: they come from routes, from the configuration, or from the code. Routes add to it by
 * {@code micrometer:}. Thread-safe.
 */
public final class Metrics implements SessionFigures, AutoCloseable {

    /** The name under which the component {@code micrometer:} looks for a registry. */
    public static final String REGISTRY = "metricsRegistry";

    /** https://prometheus.io/docs/instrumenting/exposition_formats */
    private static final String TEXT_FORMAT = "text/plain; version=0.0.4; charset=utf-8";

    private static final String PREFIX = "pysmurf.";

    /** From a script that only prints to a night of taking data. */
    private static final Duration[] SESSION_BUCKETS = {
        Duration.ofMillis(300),
        Duration.ofSeconds(1),
        Duration.ofSeconds(3),
        Duration.ofSeconds(10),
        Duration.ofSeconds(30),
        Duration.ofMinutes(2),
        Duration.ofMinutes(10),
        Duration.ofHours(1),
        Duration.ofHours(6)
    };

    /** A script that ends on SIGINT takes milliseconds; one that needs the whole ladder takes 7 s by default. */
    private static final Duration[] ABORT_BUCKETS = {
        Duration.ofMillis(30),
        Duration.ofMillis(100),
        Duration.ofMillis(300),
        Duration.ofSeconds(1),
        Duration.ofSeconds(2),
        Duration.ofSeconds(5),
        Duration.ofSeconds(8),
        Duration.ofSeconds(15)
    };

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JvmGcMetrics garbageCollection = new JvmGcMetrics();
    /** The registry itself would let go of them. */
    private final List<LongSupplier> counts = new CopyOnWriteArrayList<>();

    private final Timer abortLatency;
    private final Counter outputBytes;

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
        abortLatency = Timer.builder("pysmurf.abort.latency")
                .description("From the request to abort to the moment at which nothing of the script is alive.")
                .serviceLevelObjectives(ABORT_BUCKETS)
                .register(registry);
        outputBytes = Counter.builder("pysmurf.output.bytes")
                .description("Output that scripts have written.")
                .register(registry);
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

    /** A count that routes keep with {@code micrometer:}; said here what it is, and it is there before the first one. */
    public Metrics counted(String name, String description, Map<String, String> labels) {
        Counter.builder(name).description(description).tags(tags(labels)).register(registry);
        return this;
    }

    private static Tags tags(Map<String, String> labels) {
        Tags tags = Tags.empty();
        for (Map.Entry<String, String> label : labels.entrySet()) {
            tags = tags.and(label.getKey(), label.getValue());
        }
        return tags;
    }

    @Override
    public void ended(LiveSession session, Duration lasted) {
        Counter.builder("pysmurf.sessions")
                .description("Sessions that are done.")
                .tags(
                        "operation",
                        session.opName(),
                        "outcome",
                        session.now().outcome().word())
                .register(registry)
                .increment();
        Timer.builder("pysmurf.session.duration")
                .description("From the acceptance of a command to the end of its session.")
                .tags("operation", session.opName())
                .serviceLevelObjectives(SESSION_BUCKETS)
                .register(registry)
                .record(lasted);
    }

    @Override
    public void abortTook(LiveSession session, Duration latency) {
        abortLatency.record(latency);
    }

    @Override
    public void written(LiveSession session, long bytes) {
        if (bytes > 0) {
            outputBytes.increment(bytes);
        }
    }

    /** {@code GET /observe/metrics}. */
    public HttpReply report() {
        return new HttpReply(
                200, Map.of("Content-Type", TEXT_FORMAT), registry.scrape().getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() {
        garbageCollection.close();
        registry.close();
    }
}
