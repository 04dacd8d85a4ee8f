package pysmurf.controller.routing;

import org.apache.camel.CamelContext;
import org.apache.camel.Endpoint;
import org.apache.camel.ProducerTemplate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.session.SessionEvent;
import pysmurf.controller.session.SessionEvents;

/** Events enter the routes at {@code seda:session-event}; whoever causes one only puts it into a queue. Thread-safe. */
public final class RoutedEvents implements SessionEvents {

    private static final Logger LOG = LoggerFactory.getLogger(RoutedEvents.class);
    private static final String ENTRANCE =
            "seda:session-event?queue=#bean:eventQueue&discardWhenFull=true&waitForTaskToComplete=Never";

    private final CamelContext context;
    private volatile ProducerTemplate producer;
    private volatile Endpoint entrance;

    public RoutedEvents(CamelContext context) {
        this.context = context;
    }

    @Override
    public void publish(SessionEvent event) {
        if (!context.isStarted() && !context.isStarting()) {
            return;
        }
        try {
            producer().sendBody(entrance, event);
        } catch (RuntimeException e) {
            LOG.error("A {} event of session {} did not reach the sinks", event.getName(), event.getSessionId(), e);
        }
    }

    private ProducerTemplate producer() {
        ProducerTemplate template = producer;
        if (template == null) {
            entrance = context.getEndpoint(ENTRANCE);
            template = context.createProducerTemplate();
            producer = template;
        }
        return template;
    }
}
