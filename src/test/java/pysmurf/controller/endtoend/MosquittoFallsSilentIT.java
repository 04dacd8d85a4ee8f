package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.TestBroker;

/** A broker whose connections stay open while nothing comes of them. */
@Tag("mosquitto")
class MosquittoFallsSilentIT {

    @TempDir
    Path folder;

    @Test
    void isFoundOutAndConnectedAnew() throws Exception {
        try (TestBroker.Mosquitto broker = TestBroker.mosquitto(folder)) {
            broker.start();
            try (ControllerUnderTest mqtt5 = start(broker, "5");
                    ControllerUnderTest mqtt3 = start(broker, "3.1.1")) {
                awaitHeartbeat(mqtt5);
                awaitHeartbeat(mqtt3);
                broker.freeze();

                awaitMqtt(mqtt5, "DEGRADED");
                awaitMqtt(mqtt3, "DEGRADED");
                assertThat(mqtt5.http().get("/observe/health").status()).isEqualTo(200);
                assertThat(mqtt5.http().get("/observe/health/ready").status()).isEqualTo(200);

                broker.thaw();
                awaitMqtt(mqtt5, "UP");
                awaitMqtt(mqtt3, "UP");
                takesCommands(mqtt5);
                takesCommands(mqtt3);
            }
        }
    }

    private ControllerUnderTest start(TestBroker broker, String version) throws Exception {
        return ControllerOfClasses.start(
                Setup.in(folder.resolve(version)).withBroker(broker.url()).with("mqtt.version", version));
    }

    private static void awaitHeartbeat(ControllerUnderTest controller) throws Exception {
        try (MqttWatcher watcher = MqttWatcher.of(controller)) {
            watcher.await("heartbeat", message -> true);
        }
    }

    private static void awaitMqtt(ControllerUnderTest controller, String status) {
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(50)).until(() -> controller
                .http()
                .get("/observe/health")
                .json()
                .at("/checks/mqtt/status")
                .asText()
                .equals(status));
    }

    private static void takesCommands(ControllerUnderTest controller) throws Exception {
        try (MqttWatcher watcher = MqttWatcher.of(controller)) {
            watcher.command("run", script("exit_with.py", 0).put("command_id", "after"));
            JsonNode reply = watcher.awaitReply("after");
            assertThat(reply.path("accepted").asBoolean()).as(reply.toString()).isTrue();
            watcher.awaitDone(reply.path("session").path("session_id").asInt());
        }
    }
}
