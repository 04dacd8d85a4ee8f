package pysmurf.controller.sink;

import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.support.DefaultExchange;
import pysmurf.controller.session.SessionEvent;
import pysmurf.controller.session.SessionEvents;

/**
 * Puts events into the queue of {@code seda:session-event}, not into its endpoint: the queue stays while that route is replaced.
 * The source of an event never waits.
 */
final class RoutedEvents implements SessionEvents {

    private final CamelContext context;
    private final BoundedQueue entrance;

    /** @param entrance the queue of {@code seda:session-event} */
    RoutedEvents(CamelContext context, BoundedQueue entrance) {
        this.context = context;
        this.entrance = entrance;
    }

    @Override
    public void publish(SessionEvent event) {
        if (!context.isStarted() && !context.isStarting()) {
            return;
        }
        Exchange exchange = new DefaultExchange(context);
        exchange.getMessage().setBody(event);
        // a route that looks at the event itself for each of its choices takes ten times as long
        exchange.setProperty("eventName", event.getName());
        // what finds no room is counted there
        entrance.offer(exchange);
    }
}
