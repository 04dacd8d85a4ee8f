package pysmurf.controller.mqtt;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.apache.camel.Message;
import pysmurf.controller.session.SessionEvent;
import pysmurf.controller.session.Sessions;

/**
 * Makes messages of events. Sessions that change while the broker is away are remembered; when it is back, each of them is published
 * once, as it is then.
 */
public final class MqttOutbox {

    private static final int MAX_SESSIONS = 10_000;

    private final Sessions sessions;
    private final MqttConnection connection;
    private final String topicRoot;
    private final Set<Integer> missed = new LinkedHashSet<>();

    public MqttOutbox(Sessions sessions, MqttConnection connection, String topicRoot) {
        this.sessions = sessions;
        this.connection = connection;
        this.topicRoot = topicRoot;
    }

    /**
     * Sets the body, the topic, the quality of service and whether the broker keeps the message.
     *
     * @throws Disconnected if there is no connection
     */
    public void address(@Body SessionEvent event, Exchange exchange) {
        if (!connection.isConnected()) {
            throw new Disconnected();
        }
        Message message = exchange.getMessage();
        message.setBody(event.getJson());
        connection.address(message, topicRoot + "/" + event.getName(), null);
        connection.deliver(message, event.isExpendable() ? 0 : 1, event.getType() == SessionEvent.Type.STATUS);
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
