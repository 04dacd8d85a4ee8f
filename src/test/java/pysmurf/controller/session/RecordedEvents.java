package pysmurf.controller.session;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Keeps every event in place of the sinks. */
public final class RecordedEvents implements SessionEvents {

    private final List<SessionEvent> events = new CopyOnWriteArrayList<>();

    @Override
    public void publish(SessionEvent event) {
        events.add(event);
    }

    /** What happened so far, in order. */
    public List<SessionEvent> all() {
        return List.copyOf(events);
    }

    /** The payloads of one type, in order. */
    public List<String> of(SessionEvent.Type type) {
        return events.stream()
                .filter(event -> event.getType() == type)
                .map(SessionEvent::getJson)
                .toList();
    }
}
