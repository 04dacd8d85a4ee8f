package pysmurf.controller.wamp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import pysmurf.controller.driver.FreePort;
import ws.wamp.jawampa.ApplicationError;
import ws.wamp.jawampa.PubSubData;
import ws.wamp.jawampa.WampClient;

/** The component in Camel, at a router that knows nothing of it. */
class WampComponentTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int WAITS = 1000;

    private final CompletableFuture<Object> gate = new CompletableFuture<>();
    private JawampaRouter router;
    private DefaultCamelContext context;
    private WampComponent component;

    @BeforeEach
    void start() throws Exception {
        router = new JawampaRouter(FreePort.tcp());
        context = context(router.url(), JawampaRouter.REALM);
        component = context.getComponent("wamp", WampComponent.class);
        context.start();
        await().atMost(PATIENCE).until(component::isRegistered);
    }

    private DefaultCamelContext context(String url, String realm) throws Exception {
        DefaultCamelContext made = new DefaultCamelContext();
        WampComponent wamp = made.getComponent("wamp", WampComponent.class);
        wamp.setRouterUrl(url);
        wamp.setRealm(realm);
        made.addRoutes(new RouteBuilder() {

            @Override
            public void configure() {
                errorHandler(noErrorHandler());
                from("wamp:procedure:lab.echo").routeId("echo").process(exchange -> {
                    Call call = exchange.getMessage().getBody(Call.class);
                    exchange.getMessage().setBody(Map.of("args", call.args(), "kwargs", call.kwargs()));
                });
                from("wamp:procedure:lab.wait").routeId("wait").process(new Gate());
                from("wamp:procedure:lab.fail").process(exchange -> {
                    throw new CallFault("lab.error.broken", "no carrier");
                });
                from("wamp:procedure:lab.refuse")
                        .process(exchange -> exchange.getMessage().setBody(CallFault.raised("not today")));
                from("wamp:procedure:lab.crash").process(exchange -> {
                    throw new IllegalStateException("internals");
                });
                from("direct:publish").to("wamp:topic:lab.feeds.beat");
            }
        });
        return made;
    }

    /** Gives its thread back, and goes on when the gate opens. */
    private final class Gate extends org.apache.camel.support.AsyncProcessorSupport {

        @Override
        public boolean process(Exchange exchange, org.apache.camel.AsyncCallback callback) {
            gate.thenAccept(result -> {
                exchange.getMessage().setBody(result);
                callback.done(false);
            });
            return false;
        }
    }

    @AfterEach
    void stop() throws Exception {
        context.close();
        router.close();
    }

    @Test
    void carriesArgumentsInAndOneResultOut() throws Exception {
        String args = "[1, [2.5, null], \"ü\"]";
        String kwargs = "{\"timeout\": null, \"on\": true}";
        JsonNode result = JawampaRouter.call(router.client(), "lab.echo", args, kwargs)
                .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);

        assertThat(result).isEqualTo(WampJson.read("{\"args\": " + args + ", \"kwargs\": " + kwargs + "}"));
    }

    @Test
    void letsAThousandCallersWaitWithoutAThreadForEach() throws Exception {
        WampClient client = router.client();
        int before = Thread.activeCount();
        List<CompletableFuture<JsonNode>> waits = new ArrayList<>();
        for (int i = 0; i < WAITS; i++) {
            waits.add(JawampaRouter.call(client, "lab.wait", "[]", "{}"));
        }
        await().atMost(PATIENCE).until(() -> component.openCalls() == WAITS);

        assertThat(Thread.activeCount() - before).isLessThan(50);
        assertThat(JawampaRouter.await(client, "lab.echo", "[5]").path("args").path(0))
                .isEqualTo(IntNode.valueOf(5));
        gate.complete(TextNode.valueOf("over"));
        for (CompletableFuture<JsonNode> wait : waits) {
            assertThat(wait.get(PATIENCE.toSeconds(), TimeUnit.SECONDS).asText())
                    .isEqualTo("over");
        }
        assertThat(component.openCalls()).isZero();
    }

    @Test
    void tellsCallersWhatWentWrong() throws Exception {
        WampClient client = router.client();

        assertError(client, "lab.fail", "lab.error.broken", "no carrier");
        assertError(client, "lab.refuse", "wamp.error.runtime_error", "not today");
        assertError(client, "lab.crash", "wamp.error.runtime_error", "internal error");
    }

    private static void assertError(WampClient client, String procedure, String name, String text) {
        assertThatThrownBy(() -> JawampaRouter.await(client, procedure, "[]"))
                .cause()
                .isInstanceOfSatisfying(ApplicationError.class, error -> {
                    assertThat(error.uri()).isEqualTo(name);
                    assertThat(
                                    error.arguments() == null
                                            ? ""
                                            : error.arguments().path(0).asText())
                            .isEqualTo(text);
                });
    }

    @Test
    void publishesTheBodyAsTheOneArgument() throws Exception {
        BlockingQueue<PubSubData> events = JawampaRouter.subscribe(router.client(), "lab..beat");

        await().atMost(PATIENCE).until(() -> {
            context.createProducerTemplate().sendBody("direct:publish", List.of(1, Map.of("a", 2)));
            PubSubData event = events.poll(100, TimeUnit.MILLISECONDS);
            return event != null && event.arguments().toString().equals("[[1,{\"a\":2}]]");
        });
    }

    @Test
    void unregistersARouteThatStops() throws Exception {
        WampClient client = router.client();
        context.getRouteController().stopRoute("echo");

        assertError(client, "lab.echo", "wamp.error.no_such_procedure", "");
        context.getRouteController().startRoute("echo");

        await().atMost(PATIENCE).ignoreExceptions().until(() -> JawampaRouter.await(client, "lab.echo", "[1]")
                .has("args"));
        assertThat(component.registrations()).isEqualTo(1);
    }

    @Test
    void leavesTheRouterWhenItStops() throws Exception {
        WampClient client = router.client();

        context.stop();

        assertError(client, "lab.echo", "wamp.error.no_such_procedure", "");
    }

    @Test
    void waitsForANameThatIsTakenAndTakesItWhenItIsFree() throws Exception {
        try (DefaultCamelContext second = context(router.url(), JawampaRouter.REALM)) {
            WampComponent other = second.getComponent("wamp", WampComponent.class);
            second.start();
            await().atMost(PATIENCE).until(() -> other.fault()
                    .filter(fault -> fault.startsWith("wamp.error.procedure_already_exists"))
                    .isPresent());
            assertThat(component.isRegistered()).isTrue();

            context.stop();

            await().atMost(PATIENCE).until(other::isRegistered);
        }
    }

    @Test
    void namesARealmThatIsNotThere() throws Exception {
        try (DefaultCamelContext other = context(router.url(), "nowhere")) {
            other.start();

            await().atMost(PATIENCE).until(() -> other.getComponent("wamp", WampComponent.class)
                    .fault()
                    .filter(fault -> fault.contains("wamp.error.no_such_realm"))
                    .isPresent());
        }
    }

    @Test
    void startsAndWorksWithoutARouter() throws Exception {
        try (DefaultCamelContext alone = context("", "")) {
            WampComponent none = alone.getComponent("wamp", WampComponent.class);
            alone.start();
            alone.createProducerTemplate().sendBody("direct:publish", "lost");

            assertThat(none.isRegistered()).isFalse();
            assertThat(none.fault()).isEmpty();
        }
    }

    @Test
    void refusesWhatIsNeitherProcedureNorTopic() throws Exception {
        for (String uri : List.of("wamp:lab.echo", "wamp:topic:lab.echo", "wamp:procedure:")) {
            assertThatThrownBy(() -> context.addRoutes(new RouteBuilder() {

                        @Override
                        public void configure() {
                            from(uri).to("log:x");
                        }
                    }))
                    .hasStackTraceContaining("wamp:procedure:NAME");
        }
    }
}
