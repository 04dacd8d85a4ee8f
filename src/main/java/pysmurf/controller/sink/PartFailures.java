package pysmurf.controller.sink;

import org.apache.camel.AggregationStrategy;
import org.apache.camel.Exchange;
import org.apache.camel.support.ExchangeHelper;

/** Counts, for routes that split an event, the parts that were not delivered. */
public final class PartFailures implements AggregationStrategy {

    private static final String PROPERTY = "partFailures";

    @Override
    public Exchange aggregate(Exchange before, Exchange part) {
        Exchange all = before == null ? part : before;
        int failures = all.getProperty(PROPERTY, 0, Integer.class);
        all.setProperty(PROPERTY, failures + (isFailed(part) ? 1 : 0));
        return all;
    }

    /** One whose fault was handled has not been delivered, either; one that was tried again with success has. */
    private static boolean isFailed(Exchange exchange) {
        return exchange.isFailed() || ExchangeHelper.isFailureHandled(exchange);
    }

    /** How many of the parts of an event were not delivered. */
    static int of(Exchange exchange, int parts) {
        return exchange.getProperty(PROPERTY, isFailed(exchange) ? parts : 0, Integer.class);
    }
}
