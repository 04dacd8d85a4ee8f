package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.eclipse.paho.mqttv5.common.packet.MqttProperties;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerOfJar;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.HttpClientOfController;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.TestBroker;

/** A broker that is late, lost, or keeps a command for later; and a controller that dies. */
abstract class BrokerComesAndGoes {

    @TempDir
    Path folder;

    private final String mqttVersion;
    private TestBroker broker;
    private Setup setup;

    BrokerComesAndGoes(String mqttVersion) {
        this.mqttVersion = mqttVersion;
    }

    abstract TestBroker broker(Path brokerFolder);

    @BeforeEach
    void setUp() {
        broker = broker(folder);
        setup = Setup.in(folder.resolve("controller")).withBroker(broker.url()).with("mqtt.version", mqttVersion);
    }

    @AfterEach
    void stopBroker() {
        broker.close();
    }

    private static void awaitMqtt(HttpClientOfController http, String status) {
        await().atMost(PATIENCE).pollInterval(java.time.Duration.ofMillis(20)).until(() -> http.get("/observe/health")
                .json()
                .at("/checks/mqtt/status")
                .asText()
                .equals(status));
    }

    private static JsonNode runOverMqtt(MqttWatcher watcher, String commandId) throws Exception {
        watcher.command("run", script("exit_with.py", 0).put("command_id", commandId));
        JsonNode reply = watcher.awaitReply(commandId);
        assertThat(reply.path("accepted").asBoolean()).isTrue();
        return watcher.awaitDone(reply.path("session").path("session_id").asInt());
    }

    @Test
    void worksWithoutABrokerAndJoinsItWhenItComes() throws Exception {
        setup.withBrokerToCome();
        try (ControllerUnderTest controller = ControllerOfClasses.start(setup)) {
            HttpClientOfController http = controller.http();
            awaitMqtt(http, "DEGRADED");
            assertThat(http.get("/observe/health")
                            .expect(200)
                            .json()
                            .path("status")
                            .asText())
                    .isEqualTo("DEGRADED");
            int missed = http.run("exit_with.py", 0).path("session_id").asInt();

            broker.start();
            awaitMqtt(http, "UP");

            try (MqttWatcher watcher = MqttWatcher.of(controller)) {
                assertThat(runOverMqtt(watcher, "after-start")
                                .path("session_id")
                                .asInt())
                        .isEqualTo(missed + 1);
            }
            assertThat(http.get("/observe/health").json().path("status").asText())
                    .isEqualTo("UP");
        }
    }

    @Test
    void comesBackAfterARestartAndTellsWhatEndedMeanwhileOnce() throws Exception {
        Path gate = folder.resolve("gate");
        // the watcher has to be there before the controller is back
        setup.with("mqtt.reconnect-interval", "3s");
        broker.start();
        try (ControllerUnderTest controller = ControllerOfClasses.start(setup)) {
            HttpClientOfController http = controller.http();
            int id = http.start("run", script("wait_for_file.py", gate.toString()))
                    .path("session_id")
                    .asInt();
            http.awaitOutput(id, "ready");
            broker.stop();
            awaitMqtt(http, "DEGRADED");
            Files.createFile(gate);
            http.awaitDone(id);

            try (MqttWatcher watcher = startBrokerAndWatch()) {
                JsonNode done = watcher.awaitDone(id);
                JsonNode status = watcher.await("status", message -> true).json();
                runOverMqtt(watcher, "after-restart");

                assertThat(done).isEqualTo(http.session(id));
                assertThat(status.path("online").asBoolean()).isTrue();
                assertThat(status.path("busy").asBoolean(true)).isFalse();
                List<JsonNode> told = watcher.messages("session").stream()
                        .map(MqttWatcher.Message::json)
                        .filter(session -> session.path("session_id").asInt() == id)
                        .toList();
                assertThat(told).containsExactly(done);
            }
        }
    }

    private MqttWatcher startBrokerAndWatch() throws Exception {
        broker.start();
        return await().atMost(PATIENCE)
                .ignoreExceptions()
                .until(() -> MqttWatcher.of(setup, broker.url()), MqttWatcher::isConnected);
    }

    @Test
    void refusesACommandThatTheBrokerKept() throws Exception {
        broker.start();
        try (MqttWatcher watcher = MqttWatcher.of(setup, broker.url())) {
            watcher.publish(
                    "command/run",
                    script("exit_with.py", 0).put("command_id", "kept").toString(),
                    1,
                    true,
                    new MqttProperties());
            try (ControllerUnderTest controller = ControllerOfClasses.start(setup)) {
                JsonNode reply = watcher.awaitReply("kept");

                assertThat(reply.path("accepted").asBoolean(true)).isFalse();
                assertThat(reply.path("reason").asText()).isEqualTo("retained");
                assertThat(controller.http().get("/api/v1/sessions").json()).isEmpty();
            }
        }
    }

    @Test
    void isDeclaredDeadByTheBrokerWhenItIsKilled() throws Exception {
        broker.start();
        try (ControllerOfJar controller = ControllerOfJar.start(setup);
                MqttWatcher watcher = MqttWatcher.of(controller)) {
            watcher.await("status", message -> message.json().path("online").asBoolean());

            controller.kill();

            watcher.await("status", message -> !message.json().path("online").asBoolean(true));
            try (MqttWatcher late = MqttWatcher.of(setup, broker.url())) {
                MqttWatcher.Message kept = late.await("status", message -> true);
                assertThat(kept.retained()).isTrue();
                assertThat(kept.json().path("online").asBoolean(true)).isFalse();
            }
        }
    }
}
