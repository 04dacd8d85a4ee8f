package pysmurf.controller.mqtt;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.eclipse.paho.mqttv5.client.MqttClient;
import org.eclipse.paho.mqttv5.client.MqttConnectionOptions;
import org.eclipse.paho.mqttv5.client.persist.MemoryPersistence;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whether the broker inside the process knows for whom a message is. */
@Timeout(60)
class AwaitedTopicsTest {

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final String TOPIC = "pysmurf/crate.1/session";

    @TempDir
    Path folder;

    private EmbeddedBroker broker;
    private String url;

    @BeforeEach
    void start() throws Exception {
        broker = new EmbeddedBroker("127.0.0.1", 0, folder, null);
        CompletableFuture<String> ready = new CompletableFuture<>();
        broker.whenReady(ready::complete);
        broker.start();
        url = ready.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    private MqttClient client(String id) throws Exception {
        MqttClient client = new MqttClient(url, id, new MemoryPersistence());
        MqttConnectionOptions options = new MqttConnectionOptions();
        options.setCleanStart(false);
        options.setSessionExpiryInterval(600L);
        client.connect(options);
        return client;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "+/crate.1/session/#",
                "+/+/+/#",
                TOPIC,
                "#",
                "pysmurf/#",
                "pysmurf/+/session",
                "+/crate.1/+",
                TOPIC + "/#",
                "$share/a/" + TOPIC
            })
    void isAwaitedByWhoHasSubscribed(String filter) throws Exception {
        assertThat(broker.isAwaited(TOPIC)).isFalse();
        MqttClient reader = client("reader");

        reader.subscribe(filter, 1);

        assertThat(broker.isAwaited(TOPIC)).isTrue();
        reader.unsubscribe(filter);
        assertThat(broker.isAwaited(TOPIC)).isFalse();
        reader.disconnect();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "pysmurf/crate.1/status",
                "pysmurf/crate.2/#",
                "pysmurf/+",
                "pysmurf/crate.1",
                "pysmurf/crate/1/#"
            })
    void isNotAwaitedByWhoHasSubscribedToAnother(String filter) throws Exception {
        MqttClient reader = client("reader");

        reader.subscribe(filter, 1);

        assertThat(broker.isAwaited(TOPIC)).isFalse();
        reader.disconnect();
    }

    @Test
    void isAwaitedByASessionThatIsKept() throws Exception {
        MqttClient reader = client("reader");
        reader.subscribe("pysmurf/+/session", 1);

        reader.disconnect();

        assertThat(broker.isAwaited(TOPIC)).isTrue();
    }
}
