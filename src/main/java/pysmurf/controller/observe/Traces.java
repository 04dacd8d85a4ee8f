package pysmurf.controller.observe;

import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.apache.camel.CamelContext;
import org.apache.camel.opentelemetry2.OpenTelemetryTracer;

/**
 * Traces of commands, sent to an OpenTelemetry collector by OTLP over HTTP: a span for each request, for what it goes through, and
 * for each operation and script. Events, datagrams and timers are left out. Only made where traces.endpoint is set.
 */
public final class Traces implements AutoCloseable {

    /** Endpoints of which there are thousands an hour, and that tell nothing of a command. */
    private static final String LEFT_OUT =
            "timer*,seda:session-event*,seda:sink-*,seda:publisher-message*,seda:mqtt-reply*,"
                    + "netty*,paho*,micrometer*,log*,rest:get:/observe/*,rest://get:/observe/*";

    private static final Duration SEND_AT_STOP = Duration.ofSeconds(1);
    private static final Duration SEND_EVERY = Duration.ofSeconds(1);

    private final SdkTracerProvider provider;

    /**
     * Begins to trace a context; before it is started.
     *
     * @param endpoint   e.g. {@code http://127.0.0.1:4318/v1/traces}
     * @param controller the controller's id
     * @param version    the controller's version
     */
    public Traces(CamelContext context, String endpoint, String controller, String version) {
        Resource resource = Resource.getDefault()
                .merge(Resource.create(Attributes.of(
                        AttributeKey.stringKey("service.name"),
                        "pysmurf-controller",
                        AttributeKey.stringKey("service.instance.id"),
                        controller,
                        AttributeKey.stringKey("service.version"),
                        version)));
        provider = SdkTracerProvider.builder()
                .setResource(resource)
                .addSpanProcessor(BatchSpanProcessor.builder(OtlpHttpSpanExporter.builder()
                                .setEndpoint(endpoint)
                                .build())
                        .setScheduleDelay(SEND_EVERY)
                        .build())
                .build();
        context.getRegistry().bind("tracer", provider.get("pysmurf-controller"));
        context.getRegistry().bind("propagators", ContextPropagators.create(W3CTraceContextPropagator.getInstance()));
        OpenTelemetryTracer tracer = new OpenTelemetryTracer();
        tracer.setExcludePatterns(LEFT_OUT);
        tracer.init(context);
    }

    @Override
    public void close() {
        provider.shutdown().join(SEND_AT_STOP.toMillis(), TimeUnit.MILLISECONDS);
    }
}
