package pysmurf.controller.operation;

import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.support.SynchronizationAdapter;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.LogMark;
import pysmurf.controller.session.SessionCloser;

/**
 * The threads that operations run on, one for each session. A route can be left by a step {@code stop}, or by an Error that no
 * catch of a route gets to see; then the session is closed here, or its lock would never be free.
 */
public final class OperationThreads extends ThreadPoolExecutor {

    private static final long KEEP_IDLE_S = 60;

    private final SessionCloser closer;
    private final OperationSteps steps;
    private final RouteSwap swap;
    private final ProducerTemplate template;
    private final Map<Thread, LiveSession> running = new ConcurrentHashMap<>();
    private final Map<Thread, LogMark> marks = new ConcurrentHashMap<>();

    /** @param swap while it replaces routes, no session enters one */
    public OperationThreads(CamelContext context, SessionCloser closer, OperationSteps steps, RouteSwap swap) {
        super(0, Integer.MAX_VALUE, KEEP_IDLE_S, TimeUnit.SECONDS, new SynchronousQueue<>());
        this.closer = closer;
        this.steps = steps;
        this.swap = swap;
        template = context.createProducerTemplate();
        AtomicInteger number = new AtomicInteger();
        setThreadFactory(task -> new Thread(task, "operation-" + number.incrementAndGet()));
    }

    /** The calling thread runs this session from now on, and each step of the exchange is the session's. */
    public void begin(@ExchangeProperty("session") LiveSession session, Exchange exchange) {
        adopt(session, exchange);
        steps.begin(session, exchange);
    }

    /** The calling thread waits for the script of this session from now on. */
    public void adopt(@ExchangeProperty("session") LiveSession session, Exchange exchange) {
        running.put(Thread.currentThread(), session);
        marks.computeIfAbsent(Thread.currentThread(), thread -> LogMark.of(session));
        exchange.getExchangeExtension().addOnCompletion(new SynchronizationAdapter() {
            @Override
            public void onComplete(Exchange over) {
                closer.completed(session);
            }

            @Override
            public void onFailure(Exchange over) {
                closer.failed(session, over.getException());
            }
        });
    }

    /** Runs the operation of a session on a thread of its own, and returns at once. */
    public void start(@ExchangeProperty("session") LiveSession session) {
        start(session, "direct:operation");
    }

    /**
     * Sends a session through a route, on a thread of its own. While routes are replaced, it waits before it is in one: a swap waits
     * for what is in a route, and from then on for the session. By no wire tap, whose own route may be replaced meanwhile.
     */
    public void start(LiveSession session, String route) {
        execute(() -> {
            swap.handover().lock();
            swap.handover().unlock();
            template.send(route, exchange -> exchange.setProperty("session", session));
        });
    }

    @Override
    protected void afterExecute(Runnable task, Throwable thrown) {
        super.afterExecute(task, thrown);
        LiveSession session = running.remove(Thread.currentThread());
        LogMark mark = marks.remove(Thread.currentThread());
        try {
            Throwable fault = cause(task, thrown);
            if (session != null && fault != null && !session.isDone()) {
                closer.failed(session, fault);
            }
        } finally {
            if (mark != null) {
                mark.close();
            }
        }
    }

    /** Null if the task came to its end. */
    private static Throwable cause(Runnable task, Throwable thrown) {
        if (thrown == null && task instanceof Future<?> future && future.isDone()) {
            try {
                future.get();
            } catch (ExecutionException e) {
                return e.getCause();
            } catch (CancellationException e) {
                return e;
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return e;
            }
        }
        return thrown;
    }
}
