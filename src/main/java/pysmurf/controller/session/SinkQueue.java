package pysmurf.controller.session;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.apache.camel.Exchange;

/**
 * The queue in front of one sink. Bounded twice: output lines may take only a small part of it, so that a flooding script fills
 * neither the memory nor the way of sessions, data and files. What finds no room is dropped and counted; nobody ever waits.
 */
public final class SinkQueue extends LinkedBlockingQueue<Exchange> {

    private static final long serialVersionUID = 1L;

    /** Events other than output; a burst of 10,000 Publisher messages fits. */
    private static final int MOST_EVENTS = 20_000;
    /** Batches of output, each at most 256 KiB. */
    private static final int MOST_OUTPUT = 64;

    private final AtomicInteger output = new AtomicInteger();
    private final LongAdder dropped = new LongAdder();

    public SinkQueue() {
        super(MOST_EVENTS);
    }

    @Override
    public boolean offer(Exchange exchange) {
        boolean isOutput = isOutput(exchange);
        if (isOutput && output.incrementAndGet() > MOST_OUTPUT) {
            output.decrementAndGet();
            dropped.increment();
            return false;
        }
        boolean added = super.offer(exchange);
        if (!added) {
            dropped.increment();
            if (isOutput) {
                output.decrementAndGet();
            }
        }
        return added;
    }

    @Override
    public boolean offer(Exchange exchange, long timeout, TimeUnit unit) {
        return offer(exchange);
    }

    @Override
    public Exchange poll(long timeout, TimeUnit unit) throws InterruptedException {
        return taken(super.poll(timeout, unit));
    }

    @Override
    public Exchange poll() {
        return taken(super.poll());
    }

    private Exchange taken(Exchange exchange) {
        if (exchange != null && isOutput(exchange)) {
            output.decrementAndGet();
        }
        return exchange;
    }

    private static boolean isOutput(Exchange exchange) {
        return exchange.getMessage().getBody() instanceof SessionEvent event && event.getOutput() != null;
    }

    /** Events that found no room, since the start. */
    public long dropped() {
        return dropped.sum();
    }
}
