package pysmurf.controller.mqtt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.eclipse.paho.mqttv5.client.MqttClient;
import org.eclipse.paho.mqttv5.client.persist.MemoryPersistence;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import pysmurf.controller.config.MqttVersion;

/** A route that takes messages from the broker is replaced while they come. */
class RouteSwapTest {

    private static final String TOPIC = "pysmurf/me/command/+";
    private static final int SWAPS = 4;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    Path folder;

    @ParameterizedTest
    @EnumSource(MqttVersion.class)
    void takesEachMessageOnce(MqttVersion version) throws Exception {
        EmbeddedBroker broker = new EmbeddedBroker("127.0.0.1", 0, folder, null);
        MqttIdentity identity = new MqttIdentity(
                "me", "life", new MqttLogin("", "", null), "pysmurf/me/status", "{}", "pysmurf/me/heartbeat");
        MqttConnection connection = new MqttConnection(identity, 1024 * 1024, version);
        ExecutorService sender = Executors.newSingleThreadExecutor();
        AtomicBoolean enough = new AtomicBoolean();
        List<String> taken = new CopyOnWriteArrayList<>();
        try (DefaultCamelContext context = new DefaultCamelContext()) {
            context.getRegistry().bind("mqttConnection", connection);
            context.getRegistry().bind("mqttClient", connection.client());
            context.addRoutes(commands(version));
            context.addRoutes(new RouteBuilder() {
                @Override
                public void configure() {
                    from("seda:taken")
                            .process(exchange -> taken.add(exchange.getMessage().getBody(String.class)));
                }
            });
            context.start();
            broker.whenReady(connection::connectTo);
            broker.start();
            await().atMost(PATIENCE).until(() -> {
                connection.ensureConnected();
                return connection.isConnected();
            });

            var sent = sender.submit(() -> send(connection.url().orElseThrow(), enough));
            for (int swap = 1; swap <= SWAPS; swap++) {
                int so = swap * 20;
                await().atMost(PATIENCE).until(() -> taken.size() >= so);
                context.getRouteController().stopRoute("commands");
                context.removeRoute("commands");
                context.addRoutes(commands(version));
            }
            enough.set(true);
            List<String> all = sent.get();

            await().atMost(PATIENCE).until(() -> taken.size() >= all.size());
            assertThat(taken).containsExactlyElementsOf(all);
            connection.close("{}");
        } finally {
            sender.shutdownNow();
            broker.close();
        }
    }

    /** What is done once there is a connection may need a route that is only about to start. */
    @Test
    void startsWhileTheConnectionWaitsForIt() throws Exception {
        EmbeddedBroker broker = new EmbeddedBroker("127.0.0.1", 0, folder, null);
        MqttIdentity identity = new MqttIdentity(
                "me", "life", new MqttLogin("", "", null), "pysmurf/me/status", "{}", "pysmurf/me/heartbeat");
        MqttConnection connection = new MqttConnection(identity, 1024 * 1024, MqttVersion.V5);
        CountDownLatch waiting = new CountDownLatch(1);
        CountDownLatch routes = new CountDownLatch(1);
        CompletableFuture<Boolean> started = new CompletableFuture<>();
        connection.onConnected(() -> {
            waiting.countDown();
            try {
                started.complete(routes.await(5, TimeUnit.SECONDS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        try (DefaultCamelContext context = new DefaultCamelContext()) {
            context.getRegistry().bind("mqttConnection", connection);
            context.getRegistry().bind("mqttClient", connection.client());
            context.start();
            broker.whenReady(connection::connectTo);
            broker.start();
            assertThat(waiting.await(20, TimeUnit.SECONDS)).isTrue();

            context.addRoutes(commands(MqttVersion.V5));
            routes.countDown();

            assertThat(started.get(10, TimeUnit.SECONDS)).isTrue();
            connection.close("{}");
        } finally {
            broker.close();
        }
    }

    static RouteBuilder commands(MqttVersion version) {
        return new RouteBuilder() {
            @Override
            public void configure() {
                errorHandler(noErrorHandler());
                from(version.component() + ":" + TOPIC
                                + "?qos=1&client=#bean:mqttClient&exceptionHandler=#bean:mqttConnection")
                        .routeId("commands")
                        .removeHeaders("*")
                        .to("seda:taken");
            }
        };
    }

    private static List<String> send(String url, AtomicBoolean enough) throws Exception {
        List<String> sent = new ArrayList<>();
        MqttClient client = new MqttClient(url, "sender", new MemoryPersistence());
        client.connect();
        while (!enough.get()) {
            String text = "message " + sent.size();
            client.publish("pysmurf/me/command/run", text.getBytes(StandardCharsets.UTF_8), 1, false);
            sent.add(text);
        }
        client.disconnect();
        client.close();
        return sent;
    }
}
