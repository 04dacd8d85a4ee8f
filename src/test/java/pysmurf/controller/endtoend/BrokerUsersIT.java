package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.UUID;
import org.eclipse.paho.mqttv5.client.MqttClient;
import org.eclipse.paho.mqttv5.client.MqttConnectionOptions;
import org.eclipse.paho.mqttv5.client.MqttToken;
import org.eclipse.paho.mqttv5.client.persist.MemoryPersistence;
import org.eclipse.paho.mqttv5.common.MqttException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import pysmurf.controller.driver.Arrivals;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.Setup;

/** Who may do what at the embedded broker. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BrokerUsersIT {

    private static final List<String> USERS = List.of("viewer vera look", "operator olga go", "admin ada rule");

    /** Of MQTT 5. */
    private static final int NOT_AUTHORIZED = 135;

    private Path file;
    private ControllerUnderTest controller;

    @BeforeAll
    void startController(@TempDir Path folder) throws Exception {
        file = folder.resolve("users");
        write(USERS);
        controller = ControllerOfClasses.start(
                Setup.in(folder.resolve("controller")).with("mqtt.embedded.users-file", file));
    }

    @AfterAll
    void stopController() {
        controller.close();
    }

    private void write(List<String> lines) throws Exception {
        Files.write(file, lines);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }

    private MqttClient connect(String name, String password) throws MqttException {
        MqttClient client =
                new MqttClient(controller.brokerUrl(), "test-" + UUID.randomUUID(), new MemoryPersistence());
        client.setTimeToWait(5_000);
        MqttConnectionOptions options = new MqttConnectionOptions();
        options.setAutomaticReconnect(false);
        if (name != null) {
            options.setUserName(name);
            options.setPassword(password.getBytes(StandardCharsets.UTF_8));
        }
        client.connect(options);
        return client;
    }

    /** The broker's answer: below 128 if it took the message. */
    private static int publish(MqttClient client, String topic, String payload) throws MqttException {
        MqttToken token = client.getTopic(topic).publish(payload.getBytes(StandardCharsets.UTF_8), 1, false);
        token.waitForCompletion(5_000);
        return token.getReasonCodes()[0];
    }

    private List<String> commandIds() throws Exception {
        JsonNode audit = controller.http().get("/api/v1/audit?limit=500").json();
        return audit.findValuesAsText("command_id");
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "-, -",
                "olga, wrong",
                "olga, look",
                "nobody, go",
                "olga, ''",
                // with which Artemis lets in its own cluster where nobody has changed it
                "ACTIVEMQ.CLUSTER.ADMIN.USER, CHANGE ME!!",
            })
    void letsNobodyInWithoutTheirPassword(String name, String password) {
        assertThatThrownBy(() -> connect(name, password)).isInstanceOf(MqttException.class);
    }

    @Test
    void letsAnOperatorCommandAndNothingElse() throws Exception {
        MqttClient olga = connect("olga", "go");

        assertThat(publish(olga, controller.topic("command/nope"), "{\"command_id\": \"of-olga\"}"))
                .isLessThan(128);
        await().atMost(PATIENCE).until(() -> commandIds().contains("of-olga"));

        assertThat(publish(olga, controller.topic("status"), "{}")).isEqualTo(NOT_AUTHORIZED);
        assertThat(publish(olga, controller.topic("commander"), "{}")).isEqualTo(NOT_AUTHORIZED);
        olga.disconnect();
        olga.close();
    }

    @Test
    void letsAViewerSeeAndNothingElse() throws Exception {
        MqttClient vera = connect("vera", "look");
        List<String> seen = new java.util.concurrent.CopyOnWriteArrayList<>();
        vera.setCallback((Arrivals) (topic, message) -> seen.add(topic));
        vera.subscribe(controller.topic("#"), 1);

        await().atMost(PATIENCE).until(() -> seen.contains(controller.topic("status")));
        assertThat(publish(vera, controller.topic("command/nope"), "{\"command_id\": \"of-vera\"}"))
                .isEqualTo(NOT_AUTHORIZED);
        assertThat(commandIds()).doesNotContain("of-vera");
        vera.disconnect();
        vera.close();
    }

    @Test
    void letsAnAdminPublishAnything() throws Exception {
        MqttClient ada = connect("ada", "rule");

        assertThat(publish(ada, controller.topic("anything"), "{}")).isLessThan(128);
        assertThat(publish(ada, "activemq/management", "{}")).isEqualTo(NOT_AUTHORIZED);
        ada.disconnect();
        ada.close();
    }

    @Test
    void doesNothingMoreForWhoIsTakenOutOfTheFile() throws Exception {
        write(List.of("operator otto soon-gone", "viewer vera look", "operator olga go", "admin ada rule"));
        MqttClient otto =
                await().atMost(PATIENCE).ignoreExceptions().until(() -> connect("otto", "soon-gone"), client -> true);
        assertThat(publish(otto, controller.topic("command/nope"), "{}")).isLessThan(128);

        write(USERS);

        await().atMost(PATIENCE).until(() -> publish(otto, controller.topic("command/nope"), "{}") == NOT_AUTHORIZED);
        otto.disconnect();
        otto.close();
    }
}
