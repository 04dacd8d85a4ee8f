package pysmurf.controller.metrics;

import java.time.Clock;
import java.util.Map;
import java.util.function.IntSupplier;
import pysmurf.controller.mqtt.MqttConnection;
import pysmurf.controller.pipeline.Stages;
import pysmurf.controller.publisher.Destinations;
import pysmurf.controller.publisher.PublisherInbox;
import pysmurf.controller.routing.RouteReload;
import pysmurf.controller.session.BoundedQueue;
import pysmurf.controller.session.SessionStore;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.SinkFailures;
import pysmurf.controller.store.DiskSpace;

/** What is measured of a controller's parts whenever somebody asks; routes and sessions count the rest themselves. Thread-safe. */
public final class ControllerMetrics {

    /**
     * What is measured.
     *
     * @param queues      of the sinks, by name
     * @param brokenFiles how many files cannot be used
     */
    public record Parts(
            Sessions sessions,
            SessionStore store,
            DiskSpace disk,
            MqttConnection mqtt,
            PublisherInbox inbox,
            Destinations destinations,
            Map<String, BoundedQueue> queues,
            SinkFailures sinkFailures,
            RouteReload reload,
            IntSupplier brokenFiles,
            Stages stages,
            Clock clock) {}

    private final Metrics metrics;
    private final Parts parts;

    public ControllerMetrics(Metrics metrics, Parts parts) {
        this.metrics = metrics;
        this.parts = parts;
    }

    /**
     * Adds all of it.
     *
     * @param build names and versions, as labels
     */
    public void measure(Map<String, String> build) {
        double startTime = parts.clock().instant().toEpochMilli() / 1000.0;
        metrics.gauge("pysmurf.build.info", "Always 1; the labels say which controller this is.", build, () -> 1)
                .gauge("pysmurf.start.time.seconds", "When the controller started, unix time.", () -> startTime)
                .gauge(
                        "pysmurf.lock.held",
                        "1 while a session holds the lock.",
                        () -> parts.sessions().holder().map(holder -> 1).orElse(0))
                .gauge("pysmurf.lock.held.seconds", "How long the lock has been held; 0 if it is not.", this::lockHeld)
                .gauge(
                        "pysmurf.store.fault",
                        "1 while sessions cannot be written.",
                        () -> flag(parts.store().fault().isPresent()))
                .gauge("pysmurf.disk.free.bytes", "Free space below data.dir.", parts.disk()::free)
                .gauge(
                        "pysmurf.mqtt.connected",
                        "1 while messages can be sent and received.",
                        () -> flag(parts.mqtt().isConnected()))
                .gauge(
                        "pysmurf.safe.state.alarm",
                        "1 while the crate may not be in a safe state.",
                        () -> flag(parts.stages().alarm().isPresent()))
                .gauge(
                        "pysmurf.routes.broken",
                        "Files below routes or config that cannot be used.",
                        () -> parts.brokenFiles().getAsInt())
                .counter(
                        "pysmurf.route.reloads",
                        "Changed route files that were taken or refused.",
                        Map.of("result", "taken"),
                        parts.reload()::succeeded)
                .counter(
                        "pysmurf.route.reloads",
                        "Changed route files that were taken or refused.",
                        Map.of("result", "refused"),
                        parts.reload()::failed)
                .counter(
                        "pysmurf.publisher.received", "Publisher messages taken in.", Map.of(), parts.inbox()::received)
                .counter(
                        "pysmurf.publisher.ignored",
                        "Datagrams that were no message of a running script.",
                        Map.of(),
                        parts.inbox()::ignored)
                .counter(
                        "pysmurf.publisher.lost", "Publisher messages that are missing.", Map.of(), parts.inbox()::lost)
                .counter(
                        "pysmurf.publisher.gaps",
                        "Places in the numbering of Publisher messages where some are missing.",
                        Map.of(),
                        parts.inbox()::gaps);
        parts.queues().forEach(this::measureSink);
        parts.destinations().whenNew(this::measureDestination);
    }

    private void measureSink(String sink, BoundedQueue queue) {
        Map<String, String> label = Map.of("sink", sink);
        metrics.counted("pysmurf.sink.sent", "Events that a sink has delivered.", label)
                .gauge("pysmurf.sink.queue.depth", "Events that wait for a sink.", label, queue::size)
                .counter(
                        "pysmurf.sink.dropped",
                        "Events that were left out.",
                        Map.of("sink", sink, "reason", "queue_full"),
                        queue::dropped)
                .counter(
                        "pysmurf.sink.failed",
                        "Events that a sink could not deliver.",
                        label,
                        () -> parts.sinkFailures().of("sink-" + sink));
    }

    private void measureDestination(Destinations.Traffic traffic) {
        Map<String, String> label = Map.of("destination", traffic.destination().toString());
        metrics.counter(
                        "pysmurf.udp.destination.sent",
                        "Datagrams to a destination that the network has taken.",
                        label,
                        traffic::sent)
                .counter(
                        "pysmurf.udp.destination.failed",
                        "Datagrams to a destination that it has not, or for which there was no address.",
                        label,
                        traffic::failed);
    }

    private double lockHeld() {
        return parts.sessions()
                .holder()
                .map(holder -> parts.sessions().lasted(holder).toNanos() / 1e9)
                .orElse(0.0);
    }

    private static double flag(boolean set) {
        return set ? 1 : 0;
    }
}
