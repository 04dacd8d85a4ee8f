package pysmurf.controller.http;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangePattern;
import org.apache.camel.Processor;
import org.apache.camel.component.platform.http.PlatformHttpEndpoint;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.session.StoreUnavailable;

/**
 * Takes HTTP requests into routes. Two things differ from Camel's own consumer: request headers, query and form parameters do not
 * become message headers (they are in the exchange property {@link HttpRequest#PROPERTY}, so no caller can set a header that
 * steers a component), and a route that goes on asynchronously holds no thread.
 */
public final class HttpConsumer extends VertxPlatformHttpConsumer {

    private static final Logger LOG = LoggerFactory.getLogger(HttpConsumer.class);

    private static final long MAX_STOP_NANOS = 1_000_000_000;
    private static final long LOOK_EVERY_MS = 2;

    private final AtomicInteger pending = new AtomicInteger();
    private final Predicate<HttpRequest> atHand;

    /** @param atHand whether the route has its answer without waiting for anything */
    HttpConsumer(
            PlatformHttpEndpoint endpoint,
            Processor processor,
            List<Handler<RoutingContext>> handlers,
            String routerName,
            Predicate<HttpRequest> atHand) {
        super(endpoint, processor, handlers, routerName);
        this.atHand = atHand;
    }

    @Override
    protected void handleRequest(RoutingContext context) {
        // counted before the check: a stop first says that it has begun, then waits for those that are counted
        pending.incrementAndGet();
        if (!isStarted()) {
            pending.decrementAndGet();
            new HttpProblem(503, "this route is being replaced").answer(context);
            return;
        }
        Exchange exchange = createExchange(false);
        exchange.setPattern(ExchangePattern.InOut);
        HttpRequest request = HttpRequest.of(context);
        exchange.setProperty(HttpRequest.PROPERTY, request);
        exchange.getMessage().setBody(request.body());
        Context eventLoop = context.vertx().getOrCreateContext();
        Callable<Boolean> walk = () -> {
            createUoW(exchange);
            return getAsyncProcessor().process(exchange, done -> eventLoop.runOnContext(v -> reply(context, exchange)));
        };
        // A route may write to a database or wait for a disk, which the event loop must not. Where it does not, the
        // change of threads would take longer than the answer.
        Future<Boolean> walked =
                atHand.test(request) ? here(walk) : context.vertx().executeBlocking(walk, false);
        walked.onComplete(done -> pending.decrementAndGet()).onFailure(fault -> failed(context, fault));
    }

    private static Future<Boolean> here(Callable<Boolean> walk) {
        try {
            return Future.succeededFuture(walk.call());
        } catch (Exception e) {
            return Future.failedFuture(e);
        }
    }

    /** Those that were let in are answered first: until they have a thread, Camel does not count them. */
    @Override
    protected void doStop() throws Exception {
        long deadline = System.nanoTime() + MAX_STOP_NANOS;
        while (pending.get() > 0 && System.nanoTime() < deadline) {
            Thread.sleep(LOOK_EVERY_MS);
        }
        super.doStop();
    }

    private void reply(RoutingContext context, Exchange exchange) {
        try {
            HttpProblem problem = exchange.getException(HttpProblem.class);
            StoreUnavailable unavailable = exchange.getException(StoreUnavailable.class);
            if (problem != null) {
                problem.answer(context);
            } else if (unavailable != null) {
                new HttpProblem(503, unavailable.getMessage()).answer(context);
            } else if (exchange.getException() != null) {
                failed(context, exchange.getException());
            } else if (!context.response().ended() && !context.response().closed()) {
                answer(exchange).writeTo(context);
            }
        } catch (RuntimeException e) {
            LOG.error("{}: the reply could not be written", getEndpoint().getPath(), e);
            context.response().reset();
        } finally {
            doneUoW(exchange);
            releaseExchange(exchange, false);
        }
    }

    private void failed(RoutingContext context, Throwable fault) {
        LOG.error("{} failed", getEndpoint().getPath(), fault);
        new HttpProblem(500, "internal error").answer(context);
    }

    /** A route of an integrator gives a body, and perhaps a status and a content type as headers. */
    private static ResponseStream answer(Exchange exchange) {
        if (exchange.getMessage().getBody() instanceof ResponseStream ready) {
            return ready;
        }
        int status = exchange.getMessage().getHeader(Exchange.HTTP_RESPONSE_CODE, 200, Integer.class);
        String type = exchange.getMessage().getHeader(Exchange.CONTENT_TYPE, "text/plain; charset=utf-8", String.class);
        String text = exchange.getMessage().getBody(String.class);
        return HttpReply.of(status, type, text == null ? "" : text, Map.of());
    }
}
