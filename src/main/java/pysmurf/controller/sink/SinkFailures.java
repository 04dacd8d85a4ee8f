package pysmurf.controller.sink;

import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import org.apache.camel.Exchange;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Counts what sinks could not deliver; the first failure of a sink, and every hundredth, is also logged. */
public final class SinkFailures {

    private static final Logger LOG = LoggerFactory.getLogger(SinkFailures.class);
    private static final int LOG_EVERY = 100;

    private static final class Count {
        private final LongAdder times = new LongAdder();
        private final LongAdder events = new LongAdder();
    }

    private final Map<String, Count> counts = new ConcurrentHashMap<>();

    /** An event could not be delivered, or several that go out together. */
    public void failed(Exchange exchange) {
        String sink = exchange.getFromRouteId();
        Count count = counts.computeIfAbsent(sink, name -> new Count());
        count.times.increment();
        count.events.add(exchange.getMessage().getBody() instanceof Collection<?> many ? many.size() : 1);
        if (count.times.sum() % LOG_EVERY == 1) {
            Throwable fault = exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Throwable.class);
            LOG.warn("{} could not deliver an event ({} so far): {}", sink, count.events.sum(), fault.toString());
        }
    }

    /** How many events a sink could not deliver, since the start. */
    public long of(String sink) {
        Count count = counts.get(sink);
        return count == null ? 0 : count.events.sum();
    }
}
