package pysmurf.controller.mqtt;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.camel.Body;
import pysmurf.controller.session.SessionEvent;
import pysmurf.controller.session.Sessions;

/**
 * Remembers which sessions changed while the broker was away, so that each is told once, as it is then, when the broker is
 * back. Thread-safe.
 */
public final class MqttOutbox {

    private static final int MOST_SESSIONS = 10_000;

    private final Sessions sessions;
    private final Set<Integer> missed = new LinkedHashSet<>();

    public MqttOutbox(Sessions sessions) {
        this.sessions = sessions;
    }

    /** An event could not be sent. */
    public synchronized void missed(@Body SessionEvent event) {
        if (event.getType() == SessionEvent.Type.SESSION) {
            missed.add(event.getSessionId());
            if (missed.size() > MOST_SESSIONS) {
                missed.remove(missed.iterator().next());
            }
        }
    }

    /** What there is to tell now that the broker is back: whether we are busy, and the sessions it missed. */
    public synchronized List<SessionEvent> drain() {
        List<SessionEvent> events = new ArrayList<>();
        events.add(sessions.statusEvent());
        missed.forEach(id -> sessions.find(id).map(sessions::sessionEvent).ifPresent(events::add));
        missed.clear();
        return events;
    }
}
