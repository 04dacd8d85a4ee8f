package pysmurf.controller.session;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.time.Duration;

/** Counts and measures what happens to sessions. */
final class SessionMetrics {

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

    private final MeterRegistry registry;
    private final Timer abortLatency;
    private final Counter outputBytes;

    SessionMetrics(MeterRegistry registry) {
        this.registry = registry;
        abortLatency = Timer.builder("pysmurf.abort.latency")
                .description("From the request to abort to the moment at which nothing of the script is alive.")
                .serviceLevelObjectives(ABORT_BUCKETS)
                .register(registry);
        outputBytes = Counter.builder("pysmurf.output.bytes")
                .description("Output that scripts have written.")
                .register(registry);
    }

    void ended(LiveSession session, Duration lasted) {
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

    void abortTook(LiveSession session, Duration latency) {
        abortLatency.record(latency);
    }

    void written(LiveSession session, long bytes) {
        if (bytes > 0) {
            outputBytes.increment(bytes);
        }
    }
}
