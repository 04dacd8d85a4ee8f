package pysmurf.controller.sink;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.camel.component.seda.BlockingQueueFactory;
import org.apache.camel.component.seda.SedaConstants;

/**
 * A queue of a route that begins at {@code seda:}. Its consumers look every poll timeout whether they are to stop. Here they can be
 * woken, so they wait longer than they ask for: hundreds of idle ones would else keep a processor busy.
 */
public class WakingQueue extends LinkedBlockingQueue<Exchange> {

    private static final long serialVersionUID = 1L;

    private static final long WAIT_NANOS = 10_000_000_000L;
    /** So long a consumer waits once its route is to stop. */
    private static final long STOPPING_NANOS = 10_000_000;

    private final transient Set<Thread> waiting = new HashSet<>();
    private final transient Set<Thread> woken = new HashSet<>();
    private transient volatile boolean stopping;

    /** Makes the queues that no route names. */
    public static final class Factory implements BlockingQueueFactory<Exchange> {

        @Override
        public BlockingQueue<Exchange> create() {
            return create(SedaConstants.QUEUE_SIZE);
        }

        @Override
        public BlockingQueue<Exchange> create(int capacity) {
            return new WakingQueue(capacity);
        }
    }

    public WakingQueue() {
        this(SedaConstants.QUEUE_SIZE);
    }

    WakingQueue(int capacity) {
        super(capacity);
    }

    /** Sends away, with nothing, those who wait. */
    public void wake() {
        synchronized (waiting) {
            woken.addAll(waiting);
            waiting.forEach(Thread::interrupt);
        }
    }

    /** The same, and nobody waits for long from now on. */
    public void stop() {
        stopping = true;
        wake();
    }

    @Override
    public Exchange poll(long timeout, TimeUnit unit) throws InterruptedException {
        synchronized (waiting) {
            waiting.add(Thread.currentThread());
        }
        try {
            return super.poll(
                    stopping ? STOPPING_NANOS : Math.max(WAIT_NANOS, unit.toNanos(timeout)), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            synchronized (waiting) {
                if (!woken.contains(Thread.currentThread())) {
                    throw e;
                }
            }
            return null;
        } finally {
            synchronized (waiting) {
                waiting.remove(Thread.currentThread());
                if (woken.remove(Thread.currentThread())) {
                    // it may have come too late to end the wait, and must not disturb what follows
                    Thread.interrupted();
                }
            }
        }
    }
}
