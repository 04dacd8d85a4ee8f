package pysmurf.controller.sink;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.camel.component.seda.SedaComponent;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.session.SessionEvents;

/** The queues of the routes that report on sessions. */
public final class SinkPart {

    private static final String DROPPED = "Events that were left out.";
    private static final List<String> SINKS = List.of("udp", "mqtt", "page", "log", "feeds");

    private final Map<String, BoundedQueue> queues = new HashMap<>();
    private final SessionEvents events;

    public SinkPart(Assembly assembly) throws Exception {
        assembly.camel().getComponent("seda", SedaComponent.class).setDefaultQueueFactory(new WakingQueue.Factory());
        BoundedQueue queue = assembly.bind("eventQueue", assembly.closing(new BoundedQueue(assembly.memory())));
        events = new RoutedEvents(assembly.camel(), queue);
        assembly.bind("scriptLog", new ScriptLog());
        assembly.bind("partFailures", new PartFailures());
        SinkFailures failures = assembly.bind("sinkFailures", new SinkFailures());
        assembly.metrics()
                .counter(
                        "pysmurf.sink.dropped", DROPPED, Map.of("sink", "all", "reason", "queue_full"), queue::dropped);
        for (String sink : SINKS) {
            queues.put(sink, addSink(assembly, sink, failures));
        }
    }

    private static BoundedQueue addSink(Assembly assembly, String sink, SinkFailures failures) throws Exception {
        BoundedQueue queue = assembly.bind(sink + "Queue", assembly.closing(new BoundedQueue(assembly.memory())));
        Map<String, String> label = Map.of("sink", sink);
        assembly.metrics()
                .counter("pysmurf.sink.sent", "Events that a sink has delivered.", label, queue::delivered)
                .gauge("pysmurf.sink.queue.depth", "Events that wait for a sink.", label, queue::size)
                .counter("pysmurf.sink.dropped", DROPPED, Map.of("sink", sink, "reason", "queue_full"), queue::dropped)
                .counter(
                        "pysmurf.sink.failed",
                        "Events that a sink could not deliver.",
                        label,
                        () -> failures.of("sink-" + sink));
        return queue;
    }

    /**
     * While something is in this queue, or waits for UDP, MQTT waits: it takes five times as long for each message as all else, and
     * no message is lost meanwhile.
     */
    public void giveWayTo(BoundedQueue messages) {
        queues.get("mqtt").giveWayTo(messages, queues.get("udp"));
    }

    /** What sessions tell of themselves goes there. */
    public SessionEvents events() {
        return events;
    }
}
