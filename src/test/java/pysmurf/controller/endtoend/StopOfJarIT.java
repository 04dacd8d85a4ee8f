package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfJar;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.TestBroker;

/** The end of the process. */
class StopOfJarIT {

    @TempDir
    Path folder;

    private TestBroker broker;
    private Setup setup;

    @BeforeEach
    void startBroker() throws Exception {
        broker = TestBroker.embedded(folder);
        setup = Setup.in(folder.resolve("controller")).withBroker(broker.url());
        broker.start();
    }

    @AfterEach
    void stopBroker() {
        broker.close();
    }

    /** SIGTERM aborts what runs, tells of it, says goodbye, and leaves nothing behind, all within ten seconds. */
    @Test
    void saysGoodbyeWhenItIsToldToStop() throws Exception {
        try (ControllerOfJar controller = ControllerOfJar.start(setup);
                MqttWatcher watcher = MqttWatcher.of(controller)) {
            int id = controller
                    .http()
                    .start("run", script("stubborn.py"))
                    .path("session_id")
                    .asInt();
            controller.http().awaitOutput(id, "grandchild ready");
            long before = System.nanoTime();

            controller.terminate();
            int exitCode = controller.exitCode();

            assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(10));
            assertThat(exitCode).isIn(0, 143);
            JsonNode session = watcher.awaitDone(id);
            assertThat(session.path("outcome").asText()).isEqualTo("aborted");
            assertThat(session.path("abort").path("signals"))
                    .extracting(JsonNode::asText)
                    .containsExactly("INT", "TERM", "KILL");
            watcher.await("status", message -> !message.json().path("online").asBoolean(true));
            assertThat(setup.scriptProcesses().alive()).isEmpty();
        }
    }

    /** With the default waits, too, a script that ignores everything is gone within ten seconds. */
    @Test
    void stopsInTimeWithTheDefaultWaits() throws Exception {
        setup.with("abort.interrupt-grace", "5s").with("abort.terminate-grace", "2s");
        try (ControllerOfJar controller = ControllerOfJar.start(setup);
                MqttWatcher watcher = MqttWatcher.of(controller)) {
            int id = controller
                    .http()
                    .start("run", script("stubborn.py"))
                    .path("session_id")
                    .asInt();
            controller.http().awaitOutput(id, "grandchild ready");
            long before = System.nanoTime();

            controller.terminate();
            controller.exitCode();

            assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(10));
            assertThat(watcher.awaitDone(id).path("outcome").asText()).isEqualTo("aborted");
            assertThat(setup.scriptProcesses().alive()).isEmpty();
        }
    }

    @Test
    void saysGoodbyeAlsoWhenIdle() throws Exception {
        try (ControllerOfJar controller = ControllerOfJar.start(setup);
                MqttWatcher watcher = MqttWatcher.of(controller)) {
            watcher.await("status", message -> message.json().path("online").asBoolean());

            controller.stop();

            assertThat(watcher.await(
                                    "status",
                                    message -> !message.json().path("online").asBoolean(true))
                            .json()
                            .path("busy")
                            .asBoolean(true))
                    .isFalse();
        }
    }
}
