package pysmurf.controller.operation;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.Consumer;
import org.apache.camel.Route;
import org.apache.camel.Suspendable;
import org.apache.camel.component.platform.http.spi.PlatformHttpConsumerAware;
import org.apache.camel.component.seda.SedaConsumer;
import org.apache.camel.impl.engine.DefaultShutdownStrategy;
import org.apache.camel.spi.RouteStartupOrder;
import org.apache.camel.support.service.ServiceHelper;
import pysmurf.controller.sink.WakingQueue;

/**
 * Stops a route that is replaced as soon as what is on its way through it is through. What waits before it is left for the route
 * that takes its place. Camel's own way empties a queue first, which never ends where something comes in all the time: it gives
 * up after a second and interrupts whatever is being worked on. At the stop of the controller that way is taken.
 */
final class PromptStop extends DefaultShutdownStrategy {

    /** What has just been let in has not been counted yet, and a busy machine may take its time. */
    private static final long SETTLE_MS = 100;

    private static final long LOOK_EVERY_MS = 2;

    @Override
    protected boolean doShutdown(
            CamelContext context,
            List<RouteStartupOrder> routes,
            long timeout,
            TimeUnit unit,
            boolean suspendOnly,
            boolean abortAfterTimeout,
            boolean forceShutdown)
            throws Exception {
        if (routes.size() != 1 || suspendOnly || !context.isStarted()) {
            queues(routes).forEach(WakingQueue::stop);
            return super.doShutdown(context, routes, timeout, unit, suspendOnly, abortAfterTimeout, forceShutdown);
        }
        Route route = routes.get(0).getRoute();
        Consumer consumer = route.getConsumer();
        if (consumer instanceof Suspendable) {
            ServiceHelper.suspendService(consumer);
            if (!(consumer instanceof PlatformHttpConsumerAware) && !isOfSessions(route)) {
                // a thread of it may still be waiting at the queue, and take one more
                queues(routes).forEach(WakingQueue::wake);
                Thread.sleep(SETTLE_MS);
            }
        }
        long deadline = System.nanoTime() + unit.toNanos(timeout);
        while (context.getInflightRepository().size(route.getRouteId()) > 0 && System.nanoTime() < deadline) {
            Thread.sleep(LOOK_EVERY_MS);
        }
        ServiceHelper.stopService(consumer);
        return true;
    }

    private static Stream<WakingQueue> queues(List<RouteStartupOrder> routes) {
        return routes.stream()
                .map(order -> order.getRoute().getConsumer())
                .filter(SedaConsumer.class::isInstance)
                .map(consumer -> ((SedaConsumer) consumer).getEndpoint().getQueue())
                .filter(WakingQueue.class::isInstance)
                .map(WakingQueue.class::cast);
    }

    /** Nothing but a session goes through an operation and its blocks, and none does when they are replaced. There are many of them. */
    private static boolean isOfSessions(Route route) {
        return route.isCreatedByKamelet()
                || route.getEndpoint().getEndpointUri().startsWith(RouteFiles.beginning(""));
    }
}
