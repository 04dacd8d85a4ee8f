package pysmurf.controller.wamp;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangePattern;
import org.apache.camel.Processor;
import org.apache.camel.support.DefaultConsumer;

/** A procedure: a {@link Call} goes in as the body, and what comes out as the body is the one result. */
final class WampConsumer extends DefaultConsumer {

    private final WampComponent component;
    private final String procedure;

    WampConsumer(WampEndpoint endpoint, Processor processor, WampComponent component, String procedure) {
        super(endpoint, processor);
        this.component = component;
        this.procedure = procedure;
    }

    String procedure() {
        return procedure;
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        component.connection().register(this);
    }

    @Override
    protected void doStop() throws Exception {
        component.connection().unregister(this);
        super.doStop();
    }

    /** The synchronous part of a route may wait for a disk, so not on the event loop; a route that goes on elsewhere holds no thread. */
    Future<Object> carryOut(Call call) {
        Promise<Object> result = Promise.promise();
        component
                .vertx()
                .executeBlocking(
                        () -> {
                            Exchange exchange = createExchange(false);
                            exchange.setPattern(ExchangePattern.InOut);
                            exchange.getMessage().setBody(call);
                            createUoW(exchange);
                            return getAsyncProcessor().process(exchange, done -> end(exchange, result));
                        },
                        false)
                .onFailure(result::tryFail);
        return result.future();
    }

    private void end(Exchange exchange, Promise<Object> result) {
        Object body = exchange.getMessage().getBody();
        Exception thrown = exchange.getException();
        doneUoW(exchange);
        releaseExchange(exchange, false);
        if (thrown != null) {
            result.tryFail(thrown);
        } else if (body instanceof CallFault fault) {
            result.tryFail(fault);
        } else {
            result.tryComplete(body);
        }
    }
}
