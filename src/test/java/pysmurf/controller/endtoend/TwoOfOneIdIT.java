package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.script;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.TestBroker;

/** A second controller with the id of the first, as when a configuration is copied to another host. */
@Tag("mosquitto")
class TwoOfOneIdIT {

    private static final List<String> VERSIONS = List.of("5", "3.1.1");

    @TempDir
    Path folder;

    private TestBroker broker;

    @BeforeEach
    void startBroker() throws Exception {
        broker = TestBroker.mosquitto(folder);
        broker.start();
    }

    @AfterEach
    void stopBroker() {
        broker.close();
    }

    /** With either version of MQTT, and at a time: most of it is waiting for one that is gone. */
    @Test
    void doNotTakeEachOthersPlace() throws Exception {
        List<Two> all = new ArrayList<>();
        try {
            for (String version : VERSIONS) {
                all.add(new Two(version));
            }
            for (Two two : all) {
                two.theFirstWorks();
            }
            for (Two two : all) {
                two.first.close();
            }
            for (Two two : all) {
                two.theSecondWorks();
            }
        } finally {
            for (Two two : all) {
                two.close();
            }
        }
    }

    private final class Two {

        private final String id;
        private final String version;
        private final ControllerUnderTest first;
        private final MqttWatcher watcher;
        private final ControllerUnderTest second;

        Two(String version) throws Exception {
            this.version = version;
            id = "crate1slot" + version.charAt(0);
            first = start("first", true);
            watcher = MqttWatcher.of(first.setup(), broker.url());
            second = start("second", false);
        }

        private ControllerUnderTest start(String name, boolean expected) throws Exception {
            Setup setup = Setup.in(folder.resolve(version + name))
                    .with("controller.id", id)
                    .withBroker(broker.url())
                    .with("mqtt.version", version);
            return ControllerOfClasses.start(expected ? setup : setup.withBrokerToCome());
        }

        void theFirstWorks() throws Exception {
            awaitHealth(
                    second, "standing by", "process " + ProcessHandle.current().pid());
            awaitHealth(first, "another controller of this id", "stands by");

            watcher.command("run", script("exit_with.py", 0).put("command_id", "once"));
            watcher.awaitDone(
                    watcher.awaitReply("once").at("/session/session_id").asInt());
            assertThat(first.http().get("/api/v1/sessions").json()).hasSize(1);
            assertThat(second.http().get("/api/v1/sessions").json()).isEmpty();
            assertThat(watcher.messages("reply")).hasSize(1);
            assertThat(watcher.messages("status").stream()
                            .filter(message -> !message.json().path("online").asBoolean()))
                    .as("times that the first was thrown out")
                    .isEmpty();
        }

        void theSecondWorks() throws Exception {
            awaitHealth(second, "");
            watcher.command("run", script("exit_with.py", 0).put("command_id", "then"));
            assertThat(watcher.awaitReply("then").path("accepted").asBoolean()).isTrue();
            assertThat(second.http().get("/api/v1/sessions").json()).hasSize(1);
        }

        void close() throws Exception {
            second.close();
            watcher.close();
            first.close();
        }
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
