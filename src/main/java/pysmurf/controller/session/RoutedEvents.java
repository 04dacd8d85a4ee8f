package pysmurf.controller.session;

import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.support.DefaultExchange;

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
        // what finds no room is counted there
        entrance.offer(exchange);
    }
}
