package pysmurf.controller.mqtt;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.camel.ExchangeProperty;
import pysmurf.controller.session.SessionEvent;
import pysmurf.controller.session.Sessions;

/** Remembers the sessions that change while the broker is away. When it is back, each is published once, as it is then. */
public final class MqttOutbox {

    private static final int MAX_SESSIONS = 10_000;

    private final Sessions sessions;
    private final Set<Integer> missed = new LinkedHashSet<>();

    public MqttOutbox(Sessions sessions) {
        this.sessions = sessions;
    }

    /** An event could not be sent. */
    public synchronized void missed(@ExchangeProperty("event") SessionEvent event) {
        if (event.getType() == SessionEvent.Type.SESSION) {
            missed.add(event.getSessionId());
            if (missed.size() > MAX_SESSIONS) {
                missed.remove(missed.iterator().next());
            }
        }
    }

    /** What a broker that is back has to be told: whether the controller is busy, and the sessions it missed. */
    public synchronized List<SessionEvent> drain() {
        List<SessionEvent> events = new ArrayList<>();
        events.add(sessions.statusEvent());
        missed.forEach(id -> sessions.find(id).map(sessions::sessionEvent).ifPresent(events::add));
        missed.clear();
        return events;
    }
}
