package pysmurf.controller.routes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.lang.reflect.Method;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.camel.Body;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.ExchangeProperty;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.component.bean.BeanInfo;
import org.apache.camel.component.direct.DirectComponent;
import org.apache.camel.component.mock.MockEndpoint;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.spi.Registry;
import org.apache.camel.spi.Resource;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.access.Requester;
import pysmurf.controller.assembly.MemoryBudget;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.operation.OperationSteps;
import pysmurf.controller.operation.OperationThreads;
import pysmurf.controller.operation.RouteSwap;
import pysmurf.controller.pipeline.StageRun;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.MemorySessionStore;
import pysmurf.controller.session.OperationFailure;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.RecordedEvents;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.SessionCloser;
import pysmurf.controller.session.SessionEvent;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.Verdict;
import pysmurf.controller.sink.BoundedQueue;
import pysmurf.controller.sink.SinkFailures;

/** The routes as they are shipped, with stand-ins for the beans around them. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RoutesTest {

    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final List<String> FILES = List.of("errors", "operation", "out/events", "out/udp");

    private final RecordedEvents events = new RecordedEvents();
    private final Sessions sessions =
            new Sessions(new MemorySessionStore(), events, Clock.systemUTC(), 1024 * 1024, new SimpleMeterRegistry());
    private final SessionCloser closer = new SessionCloser(sessions, (session, outcome) -> {});
    private final OperationSteps steps = new OperationSteps();
    private final SinkFailures failures = new SinkFailures();
    private final CamelContext context = new DefaultCamelContext();
    private final OperationThreads threads = new OperationThreads(context, closer, steps, new RouteSwap());
    private ProducerTemplate template;
    private Throwable fault;

    /** Stands in for the operations found in the routes. */
    public static final class NoOptions {

        public void ready(@ExchangeProperty("session") LiveSession session) {
            if (session.opName().equals("gone")) {
                throw new OperationFailure(Outcome.FAILED, "taken away");
            }
        }

        public List<Object> options(@ExchangeProperty("session") LiveSession session) {
            return List.of("--id", session.id());
        }
    }

    /** Stands in for the stages. */
    public static final class NoStages {

        public boolean isDryRun() {
            return false;
        }

        public void show(Exchange exchange) {
            exchange.setProperty("shown", true);
        }

        public NoStages plan() {
            return this;
        }

        public void conclude(Exchange exchange) {
            exchange.setProperty("concluded", true);
        }
    }

    /** Stands in for the envelope. */
    public static final class Bytes {

        public List<byte[]> datagrams(Exchange exchange) {
            return exchange.getMessage().getBody(SessionEvent.class).getDatagrams();
        }
    }

    /** Stands in for the destinations, of which the second is broken. */
    public static final class ThreeDestinations {

        public boolean isAny() {
            return true;
        }

        public List<String> origins() {
            return List.of("mock:first", "direct:nobody-there?block=false", "mock:third");
        }
    }

    /** Stands in for MQTT, where nobody awaits the end of the output. */
    public static final class MostAreAwaited {

        public boolean isAwaited(@Body SessionEvent event) {
            return event.getType() != SessionEvent.Type.END;
        }
    }

    /** Stands in for the feeds. */
    public static final class SomeAreFed {

        public boolean isFed(@Body SessionEvent event) {
            return event.getJson().contains("feed");
        }
    }

    @BeforeAll
    void startCamel() throws Exception {
        Registry registry = context.getRegistry();
        registry.bind("sessions", sessions);
        registry.bind("sessionCloser", closer);
        registry.bind("operationThreads", threads);
        registry.bind("operations", new NoOptions());
        registry.bind("stages", new NoStages());
        registry.bind("sinkFailures", failures);
        registry.bind("controllerPublisher", new Bytes());
        registry.bind("destinations", new ThreeDestinations());
        registry.bind("mqttOutbox", new MostAreAwaited());
        registry.bind("ocsFeeds", new SomeAreFed());
        for (String queue : List.of("event", "udp", "mqtt", "page", "log", "feeds")) {
            registry.bind(queue + "Queue", new BoundedQueue(new MemoryBudget()));
        }
        context.getCamelContextExtension().addInterceptStrategy(steps);
        List<Resource> files = new ArrayList<>();
        for (String file : FILES) {
            files.add(ResourceHelper.resolveMandatoryResource(
                    context, "file:" + Setup.PROJECT.resolve("routes/" + file + ".camel.yaml")));
        }
        PluginHelper.getRoutesLoader(context).loadRoutes(files);
        context.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from("direct:operation-works").to("mock:works");
                from("direct:operation-breaks").process(exchange -> {
                    if (fault instanceof Error error) {
                        throw error;
                    }
                    throw (Exception) fault;
                });
                for (String sink : List.of("mqtt", "page", "log", "feeds")) {
                    from("seda:sink-" + sink + "?queue=#bean:" + sink + "Queue")
                            .routeId("sink-" + sink)
                            .to("mock:" + sink);
                }
            }
        });
        context.getShutdownStrategy().setTimeout(1);
        context.getComponent("direct", DirectComponent.class).setTimeout(100);
        context.start();
        template = context.createProducerTemplate();
    }

    @AfterAll
    void stopCamel() {
        context.stop();
    }

    @BeforeEach
    void forget() {
        MockEndpoint.resetMocks(context);
        // a session that a test left open would be the next one's
        sessions.holder().ifPresent(session -> sessions.close(session, Outcome.ABORTED, null));
    }

    private MockEndpoint mock(String name) {
        return context.getEndpoint("mock:" + name, MockEndpoint.class);
    }

    private LiveSession open(String operation) {
        Session.Draft draft =
                new Session.Draft(operation, Json.object().put("x", 1), null, Requester.of("http", "me"), true);
        return sessions.open(draft).session();
    }

    /** As the controller does: on a thread for operations. */
    private void operate(LiveSession session) {
        threads.start(session);
        await().atMost(10, TimeUnit.SECONDS).until(session::isDone);
    }

    /** Camel takes isOutput() and output(x) for one overloaded method, if reflection happens to list them in that order. */
    @ParameterizedTest
    @ValueSource(classes = {SessionEvent.class, LiveSession.class, Session.class, Verdict.class, StageRun.class})
    void nameNoMethodLikeAGetter(Class<?> type) {
        List<String> names =
                Stream.of(type.getMethods()).map(Method::getName).distinct().toList();
        assertThat(Stream.of(type.getMethods())
                        .filter(BeanInfo::isGetter)
                        .map(BeanInfo::getGetterShorthandName)
                        .filter(names::contains))
                .isEmpty();
    }

    @Test
    void givesAnOperationItsParametersAndClosesItsSession() throws Exception {
        MockEndpoint works = mock("works");
        works.expectedMessageCount(1);
        LiveSession session = open("works");

        operate(session);

        works.assertIsSatisfied();
        Exchange seen = works.getExchanges().get(0);
        assertThat(seen.getMessage().getBody()).isEqualTo(Map.of("x", 1));
        assertThat(seen.getProperty("params")).isEqualTo(Map.of("x", 1));
        assertThat(seen.getProperty("options")).isEqualTo(List.of("--id", session.id()));
        assertThat(seen.getProperty("session")).isSameAs(session);
        assertThat(session.now().outcome()).isEqualTo(Outcome.SUCCEEDED);
        assertThat(sessions.holder()).isEmpty();
    }

    @Test
    void closesTheSessionOfAnOperationThatIsGone() {
        LiveSession session = open("gone");

        operate(session);

        assertThat(session.now().outcome()).isEqualTo(Outcome.FAILED);
        assertThat(events.of(SessionEvent.Type.MESSAGE)).contains("\"taken away\"");
        assertThat(sessions.holder()).isEmpty();
    }

    @Test
    void closesTheSessionThatNoRouteTakes() {
        LiveSession session = open("works");

        threads.start(session, "direct:nowhere?block=false");

        await().atMost(PATIENCE).until(session::isDone);
        assertThat(session.now().outcome()).isEqualTo(Outcome.FAILED);
        assertThat(sessions.holder()).isEmpty();
    }

    static List<Throwable> faults() {
        return List.of(
                new IllegalStateException("a bug"),
                new java.io.IOException("a disk"),
                new RejectedExecutionException(),
                new StackOverflowError("deep"),
                new NoClassDefFoundError("a class"),
                new AssertionError("wrong"));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void closesTheSessionWhateverIsThrown(Throwable thrown) {
        fault = thrown;
        LiveSession session = open("breaks");

        operate(session);

        assertThat(session.now().outcome()).isEqualTo(Outcome.FAILED);
        assertThat(sessions.holder()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "SUCCEEDED")
    void closesTheSessionWithTheOutcomeOfAFailure(Outcome outcome) {
        fault = new OperationFailure(outcome, "because");
        LiveSession session = open("breaks");

        operate(session);

        assertThat(session.now().outcome()).isEqualTo(outcome);
        assertThat(events.of(SessionEvent.Type.MESSAGE)).contains("\"because\"");
    }

    @Test
    void callsAnAbortedOperationAbortedHoweverItEnds() {
        fault = new IllegalStateException("torn away");
        LiveSession session = open("breaks");
        sessions.requestAbort(session, "me");

        operate(session);

        assertThat(session.now().outcome()).isEqualTo(Outcome.ABORTED);
    }

    private void tell(SessionEvent event) {
        BoundedQueue queue = context.getRegistry().lookupByNameAndType("eventQueue", BoundedQueue.class);
        assertThat(queue).isNotNull();
        template.sendBodyAndProperty("seda:session-event?queue=#bean:eventQueue", event, "eventName", event.getName());
    }

    @Test
    void handsEachEventToTheSinksThatWantIt() throws Exception {
        LiveSession session = open("works");
        mock("mqtt").expectedMessageCount(4);
        mock("page").expectedMessageCount(5);
        mock("feeds").expectedMessageCount(1);
        mock("log").expectedMessageCount(2);
        byte[] first = {1};
        byte[] second = {2};
        // those that arrived together leave together
        mock("first").expectedBodiesReceived(List.of(List.of(first, second)));

        tell(sessions.sessionEvent(session));
        tell(SessionEvent.ofOutput(session, new SessionEvent.Output(0, 0, List.of("line"), true)));
        // the end of the output, for those two that tell people what they missed
        tell(SessionEvent.ofOutput(session, new SessionEvent.Output(1, 1, List.of(), true)));
        tell(SessionEvent.ofDatagrams(session, List.of(first, second)));
        tell(SessionEvent.of(SessionEvent.Type.DATA, session, "{}"));
        tell(SessionEvent.of(SessionEvent.Type.DATA, session, "{\"feed\": 1}"));

        MockEndpoint.assertIsSatisfied(context);
    }

    @Test
    void goesOnWithTheOthersIfOneSinkIsStuck() throws Exception {
        LiveSession session = open("works");
        context.getRouteController().stopRoute("sink-mqtt");
        int many = 10_000;
        List<String> line = List.of("x".repeat(5_000));
        MockEndpoint page = mock("page");

        for (int i = 0; i < many; i++) {
            tell(SessionEvent.ofOutput(session, new SessionEvent.Output(i, i, line, true)));
            int sent = i;
            if (i % 500 == 0) {
                await().atMost(PATIENCE)
                        .pollInterval(Duration.ofMillis(1))
                        .until(() -> page.getReceivedCounter() > sent);
            }
        }

        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(page.getReceivedCounter()).isEqualTo(many));
        BoundedQueue stuck = context.getRegistry().lookupByNameAndType("mqttQueue", BoundedQueue.class);
        assertThat(stuck.dropped()).isPositive();
        assertThat(stuck.size()).isLessThan(many);
        stuck.clear();
        context.getRouteController().startRoute("sink-mqtt");
    }

    @Test
    void sendsToTheOthersIfOneDestinationIsBroken() throws Exception {
        LiveSession session = open("works");
        int datagrams = 3;
        long before = failures.of("sink-udp");
        mock("first").expectedMessageCount(datagrams);
        mock("third").expectedMessageCount(datagrams);

        for (int i = 0; i < datagrams; i++) {
            tell(SessionEvent.ofDatagrams(session, List.of(new byte[] {(byte) i})));
        }

        MockEndpoint.assertIsSatisfied(context);
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(failures.of("sink-udp") - before)
                .isEqualTo(datagrams));
    }
}
