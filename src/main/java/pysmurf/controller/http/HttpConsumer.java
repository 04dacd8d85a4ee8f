package pysmurf.controller.http;

import io.vertx.core.Context;
import io.vertx.core.Handler;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangePattern;
import org.apache.camel.Processor;
import org.apache.camel.component.platform.http.PlatformHttpEndpoint;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes HTTP requests into routes. Two things differ from Camel's own consumer: request headers, query and form
 * parameters do not become message headers (they are in the exchange property {@link HttpRequest#PROPERTY}, so no caller
 * can set a header that steers a component), and a route that goes on asynchronously holds no thread, so that hundreds of
 * clients may wait for a script to end.
 */
public final class HttpConsumer extends VertxPlatformHttpConsumer {

    private static final Logger LOG = LoggerFactory.getLogger(HttpConsumer.class);

    private final AtomicInteger pending = new AtomicInteger();

    HttpConsumer(
            PlatformHttpEndpoint endpoint,
            Processor processor,
            List<Handler<RoutingContext>> handlers,
            String routerName) {
        super(endpoint, processor, handlers, routerName);
    }

    @Override
    protected void handleRequest(RoutingContext context) {
        // first counted, then looked: who stops this looks for those who are counted after it has said so
        pending.incrementAndGet();
        if (!isStarted()) {
            pending.decrementAndGet();
            if (!Retry.later(context)) {
                fail(context, new HttpProblem(503, "the route is suspended"));
            }
            return;
        }
        Exchange exchange = createExchange(false);
        exchange.setPattern(ExchangePattern.InOut);
        HttpRequest request = HttpRequest.of(context);
        exchange.setProperty(HttpRequest.PROPERTY, request);
        exchange.getMessage().setBody(request.body());
        Context eventLoop = context.vertx().getOrCreateContext();
        // the synchronous part of a route may write to a database or wait for a disk: not on the event loop
        context.vertx()
                .executeBlocking(
                        () -> {
                            createUoW(exchange);
                            return getAsyncProcessor()
                                    .process(exchange, done -> eventLoop.runOnContext(v -> reply(context, exchange)));
                        },
                        false)
                .onComplete(done -> pending.decrementAndGet())
                .onFailure(fault -> {
                    LOG.error("{} failed", getEndpoint().getPath(), fault);
                    fail(context, new HttpProblem(500, "internal error"));
                });
    }

    /** Requests that wait for a thread or have one; one that waits for the end of a session has given it back. */
    public int pending() {
        return pending.get();
    }

    private void reply(RoutingContext context, Exchange exchange) {
        try {
            HttpServerResponse response = context.response();
            if (response.ended() || response.closed()) {
                return;
            }
            if (exchange.getException() != null) {
                LOG.error("{} failed", getEndpoint().getPath(), exchange.getException());
                fail(context, new HttpProblem(500, "internal error"));
                return;
            }
            Object body = exchange.getMessage().getBody();
            if (body instanceof ResponseStream stream) {
                stream.writeTo(context, response);
            } else if (body instanceof HttpReply reply) {
                send(response, reply);
            } else {
                send(response, plain(exchange));
            }
        } catch (RuntimeException e) {
            LOG.error("{}: the reply could not be written", getEndpoint().getPath(), e);
            context.response().reset();
        } finally {
            doneUoW(exchange);
            releaseExchange(exchange, false);
        }
    }

    /** What any route of an integrator gives: a body, and perhaps a status and a content type as headers. */
    private static HttpReply plain(Exchange exchange) {
        int status = exchange.getMessage().getHeader(Exchange.HTTP_RESPONSE_CODE, 200, Integer.class);
        String type = exchange.getMessage().getHeader(Exchange.CONTENT_TYPE, "text/plain; charset=utf-8", String.class);
        String text = exchange.getMessage().getBody(String.class);
        return HttpReply.of(status, type, text == null ? "" : text, java.util.Map.of());
    }

    static void fail(RoutingContext context, HttpProblem problem) {
        if (!context.response().ended()) {
            send(context.response(), problem.reply());
        }
    }

    static void send(HttpServerResponse response, HttpReply reply) {
        response.setStatusCode(reply.status());
        response.putHeader("Cache-Control", "no-store").putHeader("X-Content-Type-Options", "nosniff");
        reply.headers().forEach(response::putHeader);
        // for HEAD as well
        response.putHeader("Content-Length", Integer.toString(reply.body().length));
        response.end(Buffer.buffer(reply.body()));
    }
}
