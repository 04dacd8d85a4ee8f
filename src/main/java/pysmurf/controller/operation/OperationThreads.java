package pysmurf.controller.operation;

import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
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
public final class OperationThreads implements AutoCloseable {

    private final ExecutorService threads;
    private final SessionCloser closer;
    private final OperationSteps steps;
    private final RouteSwap swap;
    private final ProducerTemplate template;

    /** @param swap while it replaces routes, no session enters one */
    public OperationThreads(CamelContext context, SessionCloser closer, OperationSteps steps, RouteSwap swap) {
        this.closer = closer;
        this.steps = steps;
        this.swap = swap;
        template = context.createProducerTemplate();
        AtomicInteger number = new AtomicInteger();
        threads = Executors.newCachedThreadPool(task -> new Thread(task, "operation-" + number.incrementAndGet()));
    }

    /** The exchange is this session's from now on, and so is each of its steps. */
    public void begin(@ExchangeProperty("session") LiveSession session, Exchange exchange) {
        adopt(session, exchange);
        steps.begin(session, exchange);
    }

    /** The session ends with the exchange, at the latest. */
    public void adopt(@ExchangeProperty("session") LiveSession session, Exchange exchange) {
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
        threads.execute(() -> LogMark.around(session, () -> {
            swap.handover().lock();
            swap.handover().unlock();
            Throwable fault;
            try {
                fault = template.send(route, exchange -> exchange.setProperty("session", session))
                        .getException();
            } catch (Throwable e) {
                fault = e;
            }
            if (fault != null && !session.isDone()) {
                closer.failed(session, fault);
            }
        }));
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
