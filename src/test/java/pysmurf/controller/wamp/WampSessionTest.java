package pysmurf.controller.wamp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.fasterxml.jackson.databind.node.TextNode;
import io.vertx.core.buffer.Buffer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;
import pysmurf.controller.driver.FreePort;

/** What no good router does when asked: each message as it goes over the wire, and all that can go wrong. */
class WampSessionTest {

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int REGISTER = 64;
    private static final int YIELD = 70;
    private static final int ERROR = 8;

    private final CompletableFuture<Object> gate = new CompletableFuture<>();
    private final CountDownLatch entered = new CountDownLatch(1);
    private final ListAppender<ILoggingEvent> log = new ListAppender<>();
    private final Logger logger = (Logger) LoggerFactory.getLogger(WampConnection.class);
    private ScriptedRouter router = new ScriptedRouter(0);
    private final DefaultCamelContext context = new DefaultCamelContext();
    private final WampComponent component = context.getComponent("wamp", WampComponent.class);

    @BeforeEach
    void prepare() throws Exception {
        log.start();
        logger.setLevel(Level.INFO);
        logger.addAppender(log);
        context.addRoutes(new RouteBuilder() {

            @Override
            public void configure() {
                errorHandler(noErrorHandler());
                from("wamp:procedure:lab.x.ops").routeId("ops").process(exchange -> {
                    Call call = exchange.getMessage().getBody(Call.class);
                    exchange.getMessage()
                            .setBody(call.args().isEmpty() ? null : call.args().get(0));
                });
                from("wamp:procedure:lab.x").routeId("about").process(exchange -> {
                    entered.countDown();
                    exchange.getMessage().setBody(gate.get());
                });
                from("direct:publish").to("wamp:topic:lab.x.feeds.heartbeat");
            }
        });
    }

    private void join() throws Exception {
        connect(router.url());
        awaitRegistered();
    }

    private void connect(String url) throws Exception {
        component.setRouterUrl(url);
        component.setRealm("lab");
        context.start();
    }

    private void awaitRegistered() {
        await().atMost(PATIENCE).until(component::isRegistered);
    }

    private void awaitFault(String text) {
        await().atMost(PATIENCE)
                .until(() ->
                        component.fault().filter(fault -> fault.contains(text)).isPresent());
    }

    @AfterEach
    void stop() throws Exception {
        gate.complete(null);
        context.close();
        router.close();
        logger.detachAppender(log);
        logger.setLevel(null);
    }

    private List<String> logged() {
        return List.copyOf(log.list).stream()
                .map(ILoggingEvent::getFormattedMessage)
                .toList();
    }

    @Test
    void joinsAndRegistersInOrder() throws Exception {
        join();

        assertThat(router.await(1))
                .isEqualTo(WampJson.read("[1, \"lab\", {\"roles\": {\"publisher\": {}, \"callee\": {\"features\":"
                        + " {\"call_canceling\": true}}}}]"));
        assertThat(router.await(REGISTER).toString()).isEqualTo("[64,1,{},\"lab.x.ops\"]");
        assertThat(router.await(REGISTER).toString()).isEqualTo("[64,2,{},\"lab.x\"]");
    }

    @Test
    void answersACallWithOneResult() throws Exception {
        join();
        router.send("[68, 5, 101, {}, [[0, \"text\", {}]]]");
        assertThat(router.await(YIELD).toString()).isEqualTo("[70,5,{},[[0,\"text\",{}]]]");
        router.send("[68, 6, 101, {}]");
        assertThat(router.await(YIELD).toString()).isEqualTo("[70,6,{},[null]]");
    }

    /** To WAMP such a text is bytes in base64, and a router closes the connection where it is none. */
    @Test
    void sendsNoTextThatBeginsWithNul() throws Exception {
        join();
        router.send("[68, 5, 101, {}, [{\"a\": \"\\u0000x\", \"b\": [\"y\\u0000\", \"q\\\"\\u0000\", \"\\u0000\"]}]]");

        assertThat(router.await(YIELD).path(3).path(0).toString())
                .isEqualTo("{\"a\":\"\uFFFDx\",\"b\":[\"y\\u0000\",\"q\\\"\\u0000\",\"\uFFFD\"]}");
    }

    @Test
    void takesNumbersThatPythonWritesAndHalfASurrogatePair() throws Exception {
        join();
        router.send("[68, 5, 101, {}, [\"\\ud800\"], {\"timeout\": NaN}]");

        assertThat(router.await(YIELD).path(3).path(0).asText()).hasSize(1);
    }

    @Test
    void answersACallThatCannotBeReadAndStays() throws Exception {
        join();
        router.send("[68, 5, 101, {}, [" + "[".repeat(5000) + "]".repeat(5000) + "]]");

        assertThat(router.await(ERROR).toString())
                .isEqualTo("[8,68,5,{},\"wamp.error.runtime_error\",[\"the arguments cannot be read\"]]");
        assertThat(router.connections()).isEqualTo(1);
    }

    @Test
    void takesFramesOfMegabytes() throws Exception {
        join();
        String large = "y".repeat(5_000_000);
        router.send("[68, 5, 101, {}, [\"" + large + "\"]]");

        assertThat(router.await(YIELD).path(3).path(0).asText()).isEqualTo(large);
    }

    @Test
    void endsOnlyTheReplyOfACallThatIsInterrupted() throws Exception {
        join();
        router.send("[68, 5, 102, {}, []]");
        assertThat(entered.await(30, TimeUnit.SECONDS)).isTrue();
        router.send("[69, 5, {\"mode\": \"killnowait\"}]");
        assertThat(router.await(ERROR).toString()).isEqualTo("[8,68,5,{},\"wamp.error.canceled\",[\"canceled\"]]");

        gate.complete(TextNode.valueOf("late"));
        router.send("[68, 6, 102, {}, []]");

        assertThat(router.await(YIELD).toString()).isEqualTo("[70,6,{},[\"late\"]]");
        assertThat(component.openCalls()).isZero();
    }

    @Test
    void publishesOnceBothProceduresAreThere() throws Exception {
        router.answer(REGISTER, (register, peer) -> {
            long request = register.path(1).asLong();
            if (request == 1) {
                peer.send("[65, 1, 101]");
            }
        });
        connect(router.url());
        router.await(REGISTER);
        router.await(REGISTER);
        context.createProducerTemplate().sendBody("direct:publish", "early");
        router.send("[65, 2, 102]");
        awaitRegistered();
        context.createProducerTemplate().sendBody("direct:publish", "beat");

        assertThat(router.await(16).toString()).isEqualTo("[16,3,{},\"lab.x.feeds.heartbeat\",[\"beat\"]]");
    }

    @Test
    void leavesWhenOneNameIsTakenAndTriesAgain() throws Exception {
        router.answer(
                REGISTER,
                (register, peer) -> peer.send(
                        register.path(1).asLong() == 1
                                ? "[65, 1, 101]"
                                : "[8, 64, 2, {}, \"wamp.error.procedure_already_exists\", [\"register for already registered"
                                        + " procedure 'lab.x'\"]]"));
        connect(router.url());

        assertThat(router.await(6).toString()).isEqualTo("[6,{},\"wamp.close.normal\"]");
        awaitFault("wamp.error.procedure_already_exists: register for already registered procedure 'lab.x'");
        await().atMost(PATIENCE).until(() -> router.connections() > 2);
        assertThat(logged()).singleElement().asString().contains("already registered procedure 'lab.x'");

        router.answer(
                REGISTER,
                (register, peer) -> peer.send("[65, " + register.path(1).asLong() + ", "
                        + register.path(1).asLong() + "]"));
        awaitRegistered();
        assertThat(component.fault()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "[3, {\"message\": \"no realm here\"}, \"wamp.error.no_such_realm\"]|wamp.error.no_such_realm: no realm here",
                "[6, {}, \"wamp.close.killed\"]|the router ended the session: wamp.close.killed",
                "[8, 64, 1, {}, \"wamp.error.not_authorized\"]|wamp.error.not_authorized",
                "[2, 7|the router sends what is no JSON",
                "garbage|the router sends what is no JSON",
                "[99]|the router sends what is no WAMP",
                "{}|the router sends what is no WAMP"
            })
    void saysWhatWentWrongAndComesBack(String message, String reason) throws Exception {
        router.answer(1, (hello, peer) -> peer.send(message));
        connect(router.url());

        awaitFault(reason);
        router.answer(1, (hello, peer) -> peer.send("[2, 7, {}]"));
        awaitRegistered();
    }

    @Test
    void refusesBinaryMessages() throws Exception {
        router.answer(1, (hello, peer) -> peer.peer().writeBinaryMessage(Buffer.buffer(new byte[] {1, 2})));
        connect(router.url());

        awaitFault("the router sends what is no JSON");
    }

    @Test
    void answersGoodbye() throws Exception {
        join();
        router.send("[6, {}, \"wamp.close.killed\"]");

        assertThat(router.await(6).toString()).isEqualTo("[6,{},\"wamp.close.goodbye_and_out\"]");
        await().atMost(PATIENCE).until(() -> router.connections() == 2);
        awaitRegistered();
    }

    @Test
    void namesARouterThatTakesTheConnectionAndSaysNothing() throws Exception {
        component.setMaxSilenceMillis(300);
        try (ServerSocket mute = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            connect("ws://127.0.0.1:" + mute.getLocalPort() + "/ws");

            awaitFault("the router does not answer");
        }
    }

    @Test
    void saysGoodbyeWhenItStops() throws Exception {
        join();
        context.stop();

        assertThat(router.await(6).toString()).isEqualTo("[6,{},\"wamp.close.normal\"]");
    }

    @Test
    void comesBackAfterALostConnection() throws Exception {
        join();
        router.peer().close();
        await().atMost(PATIENCE).until(() -> router.connections() == 2 && component.isRegistered());

        assertThat(component.registrations()).isEqualTo(2);
    }

    @Test
    void staysWhenTheTimeForTheHandshakeIsOver() throws Exception {
        component.setMaxSilenceMillis(1000);
        join();

        await().during(Duration.ofMillis(1500)).atMost(PATIENCE).until(() -> router.connections() == 1);
    }

    /** TCP takes the connection, and nobody answers, or no longer does. */
    @Test
    void noticesARouterThatFallsSilent() throws Exception {
        router.answer(1, (hello, peer) -> {});
        component.setMaxSilenceMillis(1500);
        connect(router.url());
        awaitFault("the router does not answer");
        router.answer(1, (hello, peer) -> peer.send("[2, 7, {}]"));
        awaitRegistered();

        CountDownLatch thawed = new CountDownLatch(1);
        router.freeze(thawed);

        awaitFault("the router is silent");
        thawed.countDown();
        awaitRegistered();
    }

    @Test
    void triesOnWithoutARouterAndSaysItOnce() throws Exception {
        int port = FreePort.tcp();
        connect("ws://127.0.0.1:" + port + "/ws");
        awaitFault("Connection refused");
        // two more attempts
        await().during(Duration.ofSeconds(2)).atMost(PATIENCE).until(() -> logged().size() == 1);

        router.close();
        router = new ScriptedRouter(port);

        awaitRegistered();
        assertThat(logged()).hasSize(2).last().asString().contains("Registered at the router");
    }

    @Test
    void putsNoArgumentIntoTheLog() throws Exception {
        join();
        context.getRouteController().stopRoute("ops");
        router.await(66);
        router.send("[68, 5, 101, {}, [], {\"password\": \"secret\"}]");

        assertThat(router.await(ERROR).path(4).asText()).isEqualTo("wamp.error.no_such_procedure");
        router.send("[68, 6, 101, {}, [{\"password\": \"secret\"]]");
        router.await(ERROR);
        assertThat(logged()).noneMatch(line -> line.contains("secret"));
    }
}
