package pysmurf.controller.sink;

import java.util.Collection;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.apache.camel.Exchange;
import org.apache.camel.support.SynchronizationAdapter;
import pysmurf.controller.assembly.MemoryBudget;
import pysmurf.controller.session.SessionEvent;

/**
 * A queue between routes that is bounded by what it keeps in memory, and in which no producer waits for room: what finds none is
 * dropped and counted. Output lines may take only a part of it, so that a flooding script fills neither the memory nor the way of
 * data and datagrams; what tells how sessions stand is never dropped.
 */
public final class BoundedQueue extends WakingQueue implements AutoCloseable {

    private static final long serialVersionUID = 1L;

    private static final long MAX_BYTES = 32L * 1024 * 1024;
    private static final long MAX_OUTPUT_BYTES = 6L * 1024 * 1024;
    /** What an exchange takes beside its payload. */
    private static final long OVERHEAD_BYTES = 600;

    /** How long one element waits for work that is more urgent, at most. */
    private static final long MAX_DEFERRAL_NANOS = 50_000_000;

    private static final long LOOK_EVERY_NANOS = 1_000_000;

    private final transient MemoryBudget budget;
    private final transient Consumer<Object> loss;
    private transient volatile List<BoundedQueue> urgent = List.of();
    private final AtomicLong bytes = new AtomicLong();
    private final AtomicLong outputBytes = new AtomicLong();
    private final LongAdder delivered = new LongAdder();
    private final LongAdder dropped = new LongAdder();

    public BoundedQueue(MemoryBudget budget) {
        this(budget, body -> {});
    }

    /** @param loss is given the body of what finds no room */
    public BoundedQueue(MemoryBudget budget, Consumer<Object> loss) {
        super(Integer.MAX_VALUE);
        this.budget = budget;
        budget.addQueues(1);
        this.loss = loss;
    }

    /** While something is in one of these queues this one is emptied slowly, to leave the processors to that. */
    void giveWayTo(BoundedQueue... others) {
        urgent = List.of(others);
    }

    @Override
    public boolean offer(Exchange exchange) {
        Object body = exchange.getMessage().getBody();
        long weight = weight(body);
        boolean output = isOutput(body);
        boolean expendable = !(body instanceof SessionEvent event) || event.isExpendable();
        boolean full = bytes.get() + weight > MAX_BYTES
                || output && outputBytes.get() + weight > MAX_OUTPUT_BYTES
                || !budget.hasRoom(bytes.get(), weight);
        if (expendable && full && !isEmpty()) {
            dropped.add(count(body));
            loss.accept(body);
            return false;
        }
        add(weight, output);
        return super.offer(exchange);
    }

    @Override
    public boolean offer(Exchange exchange, long timeout, TimeUnit unit) {
        return offer(exchange);
    }

    @Override
    public Exchange poll(long timeout, TimeUnit unit) throws InterruptedException {
        long deadline = System.nanoTime() + MAX_DEFERRAL_NANOS;
        while (isSomethingUrgent() && System.nanoTime() < deadline) {
            LockSupport.parkNanos(LOOK_EVERY_NANOS);
        }
        return taken(super.poll(timeout, unit));
    }

    private boolean isSomethingUrgent() {
        for (BoundedQueue other : urgent) {
            if (!other.isEmpty()) {
                return true;
            }
        }
        return false;
    }

    @Override
    public Exchange poll() {
        return taken(super.poll());
    }

    private Exchange taken(Exchange exchange) {
        if (exchange != null) {
            Object body = exchange.getMessage().getBody();
            add(-weight(body), isOutput(body));
            exchange.getExchangeExtension().addOnCompletion(new Delivery(count(body)));
        }
        return exchange;
    }

    private void add(long weight, boolean output) {
        bytes.addAndGet(weight);
        budget.add(weight);
        if (output) {
            outputBytes.addAndGet(weight);
        }
    }

    /** Gives its share back; what is in it is reported no more. */
    @Override
    public void close() {
        budget.add(-bytes.getAndSet(0));
        budget.addQueues(-1);
    }

    private static long weight(Object body) {
        if (body instanceof SessionEvent event) {
            return OVERHEAD_BYTES + event.weight();
        }
        long weight = OVERHEAD_BYTES;
        for (Object element : (Collection<?>) body) {
            weight += ((Weighted) element).weight();
        }
        return weight;
    }

    private static int count(Object body) {
        return body instanceof SessionEvent event ? event.count() : ((Collection<?>) body).size();
    }

    private static boolean isOutput(Object body) {
        return body instanceof SessionEvent event && event.getType() == SessionEvent.Type.OUTPUT;
    }

    private final class Delivery extends SynchronizationAdapter {

        private final int count;

        Delivery(int count) {
            this.count = count;
        }

        @Override
        public void onComplete(Exchange exchange) {
            delivered.add(count - PartFailures.of(exchange, count));
        }
    }

    /** What came to the end of the route that takes it, without a fault, since the start: of messages that came together, each. */
    public long delivered() {
        return delivered.sum();
    }

    /** What found no room, since the start; the same. */
    public long dropped() {
        return dropped.sum();
    }
}
