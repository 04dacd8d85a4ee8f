package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.script;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.TestBroker;

/** A second controller with the id of the first, as when a configuration is copied to another host. */
@Tag("mosquitto")
class TwoOfOneIdIT {

    private static final String ID = "crate1slot2";

    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"5", "3.1.1"})
    void doNotTakeEachOthersPlace(String version) throws Exception {
        try (TestBroker broker = TestBroker.mosquitto(folder)) {
            broker.start();
            ControllerUnderTest first = start("first", broker, version, true);
            try (MqttWatcher watcher = MqttWatcher.of(first.setup(), broker.url());
                    ControllerUnderTest second = start("second", broker, version, false)) {
                awaitHealth(
                        second,
                        "standing by",
                        "process " + ProcessHandle.current().pid());
                awaitHealth(first, "another controller of this id", "stands by");

                watcher.command("run", script("exit_with.py", 0).put("command_id", "once"));
                watcher.awaitDone(
                        watcher.awaitReply("once").at("/session/session_id").asInt());
                assertThat(first.http().get("/api/v1/sessions").json()).hasSize(1);
                assertThat(second.http().get("/api/v1/sessions").json()).isEmpty();
                assertThat(watcher.messages("reply")).hasSize(1);
                assertThat(watcher.messages("status").stream()
                                .filter(message ->
                                        !message.json().path("online").asBoolean()))
                        .as("times that the first was thrown out")
                        .isEmpty();

                first.close();
                awaitHealth(second, "");
                watcher.command("run", script("exit_with.py", 0).put("command_id", "then"));
                assertThat(watcher.awaitReply("then").path("accepted").asBoolean())
                        .isTrue();
                assertThat(second.http().get("/api/v1/sessions").json()).hasSize(1);
            } finally {
                first.close();
            }
        }
    }

    private ControllerUnderTest start(String name, TestBroker broker, String version, boolean expected)
            throws Exception {
        Setup setup = Setup.in(folder.resolve(name))
                .with("controller.id", ID)
                .withBroker(broker.url())
                .with("mqtt.version", version);
        return ControllerOfClasses.start(expected ? setup : setup.withBrokerToCome());
    }

    private static void awaitHealth(ControllerUnderTest controller, String... said) {
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(50)).untilAsserted(() -> {
            String detail = controller
                    .http()
                    .get("/observe/health")
                    .json()
                    .at("/checks/mqtt/detail")
                    .asText();
            assertThat(detail).contains(said);
            assertThat(detail.isEmpty()).isEqualTo(said[0].isEmpty());
        });
    }
}
