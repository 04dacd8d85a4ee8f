package pysmurf.controller.mqtt;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.eclipse.paho.client.mqttv3.MqttClient;
import org.eclipse.paho.client.mqttv3.persist.MemoryPersistence;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.access.Requester;
import pysmurf.controller.assembly.MemoryBudget;
import pysmurf.controller.config.MqttVersion;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.MemorySessionStore;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.SessionEvent;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.sink.BoundedQueue;
import pysmurf.controller.sink.PartFailures;
import pysmurf.controller.sink.SinkFailures;

/** The route that publishes events, as it is shipped, on a client whose one thread for what arrives is held up. */
class BusyConnectionTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    /** Paho's client for MQTT 3.1.1 has at most ten messages without acknowledgement. */
    private static final int MANY = 40;

    @TempDir
    Path folder;

    private static void send(DefaultCamelContext context, SessionEvent event) {
        context.createProducerTemplate()
                .sendBodyAndProperty("seda:sink-mqtt?queue=#bean:mqttQueue", event, "eventName", event.getName());
    }

    @Test
    void publishesEachEvent() throws Exception {
        EmbeddedBroker broker = new EmbeddedBroker("127.0.0.1", 0, folder, null);
        MqttIdentity identity = new MqttIdentity(
                "me", "life", new MqttLogin("", "", null), "pysmurf/me/status", "{}", "pysmurf/me/heartbeat");
        MqttConnection connection = new MqttConnection(identity, 1024 * 1024, MqttVersion.V3);
        SinkFailures failures = new SinkFailures();
        BoundedQueue queue = new BoundedQueue(new MemoryBudget());
        SimpleMeterRegistry meters = new SimpleMeterRegistry();
        List<String> published = new CopyOnWriteArrayList<>();
        try (DefaultCamelContext context = new DefaultCamelContext()) {
            Properties names = new Properties();
            names.setProperty("mqtt.component", MqttVersion.V3.component());
            names.setProperty("mqtt.topic-root", "pysmurf/me");
            context.getPropertiesComponent().setInitialProperties(names);
            context.getRegistry().bind("mqttConnection", connection);
            context.getRegistry().bind("mqttClient", connection.client());
            context.getRegistry().bind("mqttQueue", queue);
            context.getRegistry().bind("metricsRegistry", meters);
            context.getRegistry().bind("sinkFailures", failures);
            context.getRegistry().bind("partFailures", new PartFailures());
            Sessions sessions = new Sessions(
                    new MemorySessionStore(), event -> {}, Clock.systemUTC(), 1 << 20, new SimpleMeterRegistry());
            context.getRegistry()
                    .bind(
                            "mqttOutbox",
                            new MqttOutbox(sessions, "pysmurf/me", MqttVersion.V3.headers(), topic -> true));
            PluginHelper.getRoutesLoader(context)
                    .loadRoutes(
                            ResourceHelper.resolveMandatoryResource(
                                    context, "file:" + Setup.PROJECT.resolve("routes/errors.camel.yaml")),
                            ResourceHelper.resolveMandatoryResource(
                                    context, "file:" + Setup.PROJECT.resolve("routes/out/mqtt.camel.yaml")));
            context.addRoutes(RouteSwapTest.commands(MqttVersion.V3));
            // what was never taken is not waited for at the end
            context.getShutdownStrategy().setTimeout(1);
            context.start();
            broker.whenReady(connection::connectTo);
            broker.start();
            await().atMost(PATIENCE).until(() -> {
                connection.ensureConnected();
                return connection.isConnected();
            });
            MqttClient watcher = new MqttClient(connection.url().orElseThrow(), "watcher", new MemoryPersistence());
            watcher.connect();
            watcher.subscribe(
                    "pysmurf/me/status",
                    1,
                    (topic, message) -> published.add(new String(message.getPayload(), StandardCharsets.UTF_8)));
            // no route takes this command, so it is offered again and again
            context.getRouteController().stopRoute("commands");
            context.removeRoute("commands");
            watcher.publish("pysmurf/me/command/run", "{}".getBytes(StandardCharsets.UTF_8), 1, false);

            List<String> events =
                    IntStream.range(0, MANY).mapToObj(i -> "{\"i\":" + i + "}").toList();
            for (String event : events) {
                send(context, SessionEvent.of(SessionEvent.Type.STATUS, null, event));
            }

            await().atMost(PATIENCE).until(() -> published.size() >= MANY);
            assertThat(published).containsExactlyElementsOf(events);
            assertThat(failures.of("sink-mqtt")).isZero();
            await().atMost(PATIENCE).until(() -> queue.delivered() == MANY);

            // those that arrived together are published one by one
            published.clear();
            watcher.subscribe(
                    "pysmurf/me/data",
                    1,
                    (topic, message) -> published.add(new String(message.getPayload(), StandardCharsets.UTF_8)));
            LiveSession session = sessions.open(
                            new Session.Draft("run", Json.object(), null, Requester.of("http", "me"), false))
                    .session();
            List<byte[]> together = events.stream()
                    .map(event -> event.getBytes(StandardCharsets.UTF_8))
                    .toList();
            send(context, SessionEvent.ofMessages(session, together));
            await().atMost(PATIENCE).until(() -> published.size() >= MANY);
            assertThat(published)
                    .containsExactlyElementsOf(events.stream()
                            .map(event -> event.replace("}", ",\"session_id\":0}"))
                            .toList());
            await().atMost(PATIENCE).until(() -> queue.delivered() == 2 * MANY);

            // and none of them counts as sent where there is no broker
            watcher.disconnect();
            connection.close("{}");
            send(context, SessionEvent.ofMessages(session, together));
            send(context, SessionEvent.ofMessages(session, together));
            double wanted = 2.0 * MANY;
            await().atMost(PATIENCE)
                    .until(() -> meters.find("pysmurf.sink.dropped").counters().stream()
                                    .mapToDouble(Counter::count)
                                    .sum()
                            == wanted);
            assertThat(queue.delivered()).isEqualTo(2 * MANY);
        } finally {
            broker.close();
        }
    }
}
