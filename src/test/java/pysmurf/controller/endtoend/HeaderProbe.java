package pysmurf.controller.endtoend;

import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.camel.CamelContext;
import org.apache.camel.CamelContextAware;
import org.apache.camel.NamedNode;
import org.apache.camel.Processor;
import org.apache.camel.spi.InterceptStrategy;
import org.apache.camel.support.CamelContextHelper;
import org.apache.camel.support.processor.DelegateAsyncProcessor;

/** Notes every header that any step of any route is given or leaves behind. Camel makes it, by its class's name. */
public final class HeaderProbe implements InterceptStrategy, CamelContextAware {

    private CamelContext context;

    /**
     * A header at a step.
     *
     * @param route the route's id
     */
    public record Seen(String route, String name, String value) {}

    private static final Queue<Seen> SEEN = new ConcurrentLinkedQueue<>();

    @Override
    public void setCamelContext(CamelContext camel) {
        if (context == null) {
            camel.getCamelContextExtension().addInterceptStrategy(this);
        }
        context = camel;
    }

    @Override
    public CamelContext getCamelContext() {
        return context;
    }

    static Queue<Seen> seen() {
        return SEEN;
    }

    @Override
    public Processor wrapProcessorInInterceptors(
            CamelContext camel, NamedNode definition, Processor target, Processor nextTarget) {
        String route = String.valueOf(CamelContextHelper.getRouteId(definition));
        return new DelegateAsyncProcessor(target) {
            @Override
            public boolean process(org.apache.camel.Exchange exchange, org.apache.camel.AsyncCallback callback) {
                note(route, exchange.getMessage().getHeaders());
                return super.process(exchange, done -> {
                    note(route, exchange.getMessage().getHeaders());
                    callback.done(done);
                });
            }
        };
    }

    private static void note(String route, Map<String, Object> headers) {
        SEEN.add(new Seen(route, "", ""));
        headers.forEach((name, value) -> SEEN.add(new Seen(route, name, String.valueOf(value))));
    }
}
