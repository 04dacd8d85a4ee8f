package pysmurf.controller.wamp;

import org.apache.camel.Consumer;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.support.DefaultEndpoint;
import org.apache.camel.support.DefaultProducer;

/** A procedure or a topic. */
final class WampEndpoint extends DefaultEndpoint {

    private final WampComponent component;
    private final String kind;
    private final String name;

    /** @param kind {@code procedure} or {@code topic} */
    WampEndpoint(String uri, WampComponent component, String kind, String name) {
        super(uri, component);
        this.component = component;
        this.kind = kind;
        this.name = name;
    }

    @Override
    public Consumer createConsumer(Processor processor) throws Exception {
        require("procedure", "consumer");
        WampConsumer consumer = new WampConsumer(this, processor, component, name);
        configureConsumer(consumer);
        return consumer;
    }

    @Override
    public Producer createProducer() {
        require("topic", "producer");
        return new DefaultProducer(this) {

            /** Publishes the body as the one argument of an event. It waits for nothing, and nothing is kept for a router that is away. */
            @Override
            public void process(Exchange exchange) {
                component.connection().publish(name, exchange.getMessage().getBody());
            }
        };
    }

    private void require(String needed, String side) {
        if (!kind.equals(needed)) {
            throw new IllegalArgumentException("as " + side + " there is wamp:" + needed + ":NAME, not " + this);
        }
    }
}
