package pysmurf.controller.mqtt;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.apache.camel.Body;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.apache.camel.Message;
import pysmurf.controller.session.SessionEvent;
import pysmurf.controller.session.Sessions;

/**
 * Makes messages of events, and remembers the sessions that change while the broker is away. When it is back, each is published once,
 * as it is then.
 */
public final class MqttOutbox {

    private static final int MAX_SESSIONS = 10_000;

    private final Sessions sessions;
    private final String topicRoot;
    private final String headers;
    private final Predicate<String> awaited;
    private final Set<Integer> missed = new LinkedHashSet<>();

    /**
     * @param topicRoot what every topic begins with
     * @param headers   how the names of the headers begin that Camel's component reads
     * @param awaited   whether a message on a topic would get to anybody, as far as that is known
     */
    public MqttOutbox(Sessions sessions, String topicRoot, String headers, Predicate<String> awaited) {
        this.sessions = sessions;
        this.topicRoot = topicRoot;
        this.headers = headers;
        this.awaited = awaited;
    }

    /**
     * Whether an event is published: the status always, since the broker keeps it; the mark that a script's lines are over never,
     * since the batches of lines carry numbers that show a gap; all else where somebody gets it.
     */
    public boolean isAwaited(@Body SessionEvent event) {
        return switch (event.getType()) {
            case STATUS -> true;
            case END -> false;
            default -> awaited.test(topic(event));
        };
    }

    private String topic(SessionEvent event) {
        return topicRoot + "/" + event.getName();
    }

    /**
     * Makes a message of an event: its topic is its name, the broker keeps the status for those who subscribe later, and what may be
     * lost is sent once.
     */
    public void address(@Body SessionEvent event, Exchange exchange) {
        exchange.setProperty("event", event);
        Message message = exchange.getMessage();
        message.setHeader(headers + "OverrideTopic", topic(event));
        message.setHeader(headers + "Qos", event.isExpendable() ? 0 : 1);
        message.setHeader(headers + "Retained", event.getType() == SessionEvent.Type.STATUS);
        message.setBody(event.getJson());
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
