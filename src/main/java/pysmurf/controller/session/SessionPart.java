package pysmurf.controller.session;

import java.util.List;
import java.util.Map;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.config.Settings;

/** Puts together the sessions and the queues of the sinks that report on them. */
public final class SessionPart {

    private static final List<String> SINKS = List.of("udp", "mqtt", "page", "log");

    private final BoundedQueue events;
    private final Sessions sessions;
    private final RegisteredFiles files;

    public SessionPart(Assembly assembly, SessionStore store) throws Exception {
        events = assembly.bind("eventQueue", new BoundedQueue());
        sessions = assembly.bind(
                "sessions",
                new Sessions(
                        store,
                        new RoutedEvents(assembly.camel(), events),
                        assembly.clock(),
                        assembly.configuration().get(Settings.SESSIONS_MAX_DATA),
                        assembly.metrics().registry()));
        files = assembly.closing(
                new RegisteredFiles(sessions, assembly.configuration().get(Settings.FILES_DIGEST_UP_TO)));
        assembly.bind("scriptLog", new ScriptLog());
        SinkFailures failures = assembly.bind("sinkFailures", new SinkFailures());
        SINKS.forEach(sink -> addSink(assembly, sink, failures));
        assembly.metrics()
                .gauge("pysmurf.lock.held", "1 while a session holds the lock.", () -> sessions.holder()
                        .map(holder -> 1)
                        .orElse(0))
                .gauge(
                        "pysmurf.lock.held.seconds",
                        "How long the lock has been held; 0 if it is not.",
                        () -> sessions.holder()
                                .map(holder -> sessions.lasted(holder).toNanos() / 1e9)
                                .orElse(0.0));
    }

    private static void addSink(Assembly assembly, String sink, SinkFailures failures) {
        BoundedQueue queue = assembly.bind(sink + "Queue", new BoundedQueue());
        Map<String, String> label = Map.of("sink", sink);
        assembly.metrics()
                .counted("pysmurf.sink.sent", "Events that a sink has delivered.", label)
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
                        () -> failures.of("sink-" + sink));
    }

    /** Events, before they are handed to the sinks. */
    public BoundedQueue events() {
        return events;
    }

    public Sessions sessions() {
        return sessions;
    }

    public RegisteredFiles files() {
        return files;
    }
}
