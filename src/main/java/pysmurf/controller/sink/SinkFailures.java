package pysmurf.controller.sink;

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

    private final Map<String, LongAdder> counts = new ConcurrentHashMap<>();

    /** An event could not be delivered. */
    public void failed(Exchange exchange) {
        String sink = exchange.getFromRouteId();
        LongAdder count = counts.computeIfAbsent(sink, name -> new LongAdder());
        count.increment();
        if (count.sum() % LOG_EVERY == 1) {
            Throwable fault = exchange.getProperty(Exchange.EXCEPTION_CAUGHT, Throwable.class);
            LOG.warn("{} could not deliver an event ({} so far): {}", sink, count.sum(), fault.toString());
        }
    }

    /** How many events a sink could not deliver, since the start. */
    public long of(String sink) {
        LongAdder count = counts.get(sink);
        return count == null ? 0 : count.sum();
    }
}
