package pysmurf.controller.routing;

import org.apache.camel.CamelContext;
import org.apache.camel.Endpoint;
import org.apache.camel.ProducerTemplate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.session.SessionEvent;
import pysmurf.controller.session.SessionEvents;

/** Events enter the routes at {@code direct:session-event}. Thread-safe. */
public final class RoutedEvents implements SessionEvents {

    private static final Logger LOG = LoggerFactory.getLogger(RoutedEvents.class);
    /** A route that is being replaced is back at once; without any route there is nobody to tell. */
    private static final String ENTRANCE = "direct:session-event?timeout=1000&failIfNoConsumers=false";

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
