package pysmurf.controller.wamp;

import org.apache.camel.AsyncCallback;
import org.apache.camel.Exchange;
import org.apache.camel.support.DefaultAsyncProducer;

/** Publishes the body as the one argument of an event. It waits for nothing, and nothing is kept for a router that is away. */
final class WampProducer extends DefaultAsyncProducer {

    private final WampConnection connection;
    private final String topic;

    WampProducer(WampEndpoint endpoint, WampConnection connection, String topic) {
        super(endpoint);
        this.connection = connection;
        this.topic = topic;
    }

    @Override
    public boolean process(Exchange exchange, AsyncCallback callback) {
        try {
            connection.publish(topic, exchange.getMessage().getBody());
        } catch (RuntimeException e) {
            exchange.setException(e);
        }
        callback.done(true);
        return true;
    }
}
