package pysmurf.controller.sink;

import java.util.List;
import java.util.Map;
import org.apache.camel.component.seda.SedaComponent;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.session.SessionEvents;

/** The queues of the routes that report on sessions. */
public final class SinkPart {

    private static final List<String> SINKS = List.of("udp", "mqtt", "page", "log", "feeds");

    private final BoundedQueue queue;
    private final SessionEvents events;

    public SinkPart(Assembly assembly) throws Exception {
        assembly.camel().getComponent("seda", SedaComponent.class).setDefaultQueueFactory(new WakingQueue.Factory());
        queue = assembly.bind("eventQueue", assembly.closing(new BoundedQueue(assembly.memory())));
        events = new RoutedEvents(assembly.camel(), queue);
        assembly.bind("scriptLog", new ScriptLog());
        assembly.bind("partFailures", new PartFailures());
        SinkFailures failures = assembly.bind("sinkFailures", new SinkFailures());
        for (String sink : SINKS) {
            addSink(assembly, sink, failures);
        }
    }

    private static void addSink(Assembly assembly, String sink, SinkFailures failures) throws Exception {
        BoundedQueue queue = assembly.bind(sink + "Queue", assembly.closing(new BoundedQueue(assembly.memory())));
        Map<String, String> label = Map.of("sink", sink);
        assembly.metrics()
                .counter("pysmurf.sink.sent", "Events that a sink has delivered.", label, queue::delivered)
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

    /** While something is in this queue, events wait. */
    public void giveWayTo(BoundedQueue messages) {
        queue.giveWayTo(messages);
    }

    /** What sessions tell of themselves goes there. */
    public SessionEvents events() {
        return events;
    }
}
