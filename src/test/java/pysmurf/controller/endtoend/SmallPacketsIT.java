package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.TestBroker;

/** A broker that ends the connection of whoever sends it more than a few thousand bytes at a time. */
@Tag("mosquitto")
class SmallPacketsIT {

    private static final int MAX_PACKET_SIZE = 6000;

    @TempDir
    Path folder;

    /** MQTT 5 is told by the broker, 3.1.1 by the configuration. */
    @ParameterizedTest
    @CsvSource({"5, 256MiB", "3.1.1, 6000"})
    void getWhatFits(String version, String configured) throws Exception {
        try (TestBroker broker = broker();
                ControllerUnderTest controller = start(broker, version, configured);
                MqttWatcher watcher = MqttWatcher.of(controller)) {
            watcher.command("run", script("publish.py", "long_logs", 60, 1000).put("command_id", "long"));
            int id = watcher.awaitReply("long").at("/session/session_id").asInt();
            assertTrimmed(watcher.awaitDone(id));

            // neither a datum nor a session with it fits
            watcher.command("run", script("publish.py", "largest").put("command_id", "large"));
            JsonNode large = watcher.awaitDone(
                    watcher.awaitReply("large").at("/session/session_id").asInt());
            assertThat(large.at("/trimmed")).extracting(JsonNode::asText).contains("data");
            assertThat(large.at("/data")).isEmpty();

            // the same session again, in a reply
            watcher.command("run", script("publish.py", "long_logs", 60, 1000).put("command_id", "long"));
            JsonNode again = watcher.await("reply", message -> message.text().contains("duplicate"))
                    .json();
            assertTrimmed(again.path("session"));
            assertThat(watcher.messages("data")).isNotEmpty().allMatch(message -> message.payload().length < 6000);
            assertThat(watcher.messages("status"))
                    .as("the connection was never lost")
                    .allMatch(message -> message.json().path("online").asBoolean());
            JsonNode health =
                    controller.http().get("/observe/health").expect(200).json().at("/checks/mqtt");
            assertThat(health.path("status").asText()).isEqualTo("DEGRADED");
            assertThat(health.path("detail").asText()).contains("6000 bytes").contains("1 other message");
            assertThat(health.path("max_packet_size").asInt()).isEqualTo(MAX_PACKET_SIZE);
            assertThat(health.path("trimmed").asInt()).isGreaterThanOrEqualTo(3);
            assertThat(health.path("left_out").asInt()).isEqualTo(1);
        }
    }

    /** A 3.1.1 broker that nobody has told of in the configuration loses a connection or two, not all that come. */
    @Test
    void areFoundOutWhereNothingTellsOfThem() throws Exception {
        try (TestBroker broker = broker();
                ControllerUnderTest controller = start(broker, "3.1.1", "256MiB");
                MqttWatcher watcher = MqttWatcher.of(controller)) {
            JsonNode session = controller.http().run("publish.py", "long_logs", 60, 1000);

            assertTrimmed(watcher.awaitDone(session.path("session_id").asInt()));
            watcher.command("run", script("exit_with.py", 0).put("command_id", "next"));
            watcher.awaitDone(
                    watcher.awaitReply("next").at("/session/session_id").asInt());
            assertThat(controller
                            .http()
                            .get("/observe/health")
                            .json()
                            .at("/checks/mqtt/detail")
                            .asText())
                    .contains("mqtt.max-packet-size");
        }
    }

    private static void assertTrimmed(JsonNode session) {
        assertThat(session.at("/trimmed")).extracting(JsonNode::asText).containsExactly("messages");
        JsonNode messages = session.path("messages");
        assertThat(messages).hasSizeBetween(3, 19);
        assertThat(messages.path(messages.size() - 1).path(1).asText()).isEqualTo("Status is now \"done\".");
        assertThat(messages.path(0).path(1).asText()).startsWith("message 5");
        assertThat(session.path("outcome").asText()).isEqualTo("succeeded");
        assertThat(session.at("/params/script").asText()).isEqualTo("publish.py");
    }

    private TestBroker broker() throws Exception {
        TestBroker broker = TestBroker.mosquitto(folder, MAX_PACKET_SIZE);
        broker.start();
        return broker;
    }

    private ControllerUnderTest start(TestBroker broker, String version, String configured) throws Exception {
        return ControllerOfClasses.start(Setup.in(folder.resolve("controller"))
                .withBroker(broker.url())
                .with("mqtt.version", version)
                .with("mqtt.max-packet-size", configured));
    }
}
