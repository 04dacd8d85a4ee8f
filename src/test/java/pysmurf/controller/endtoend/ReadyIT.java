package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerOfJar;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.HttpClientOfController;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.Setup;

/** Who is told that a controller is ready may command it by its own broker, too. */
class ReadyIT {

    private static final String READY = "/observe/health/ready";

    @TempDir
    Path folder;

    @Test
    void isSaidWhenTheEmbeddedBrokerTakesCommands() throws Exception {
        Setup setup = Setup.in(folder);
        try (ControllerOfJar controller = ControllerOfJar.launch(setup)) {
            await().atMost(ControllerUnderTest.PATIENCE)
                    .pollInterval(Duration.ofMillis(2))
                    .until(() -> isReady(controller.http()));
            // it is read by another thread
            await().atMost(ControllerUnderTest.PATIENCE)
                    .until(() -> controller.log().contains("Ready: "));
            try (MqttWatcher watcher = MqttWatcher.of(controller)) {
                watcher.command("run", script("exit_with.py", 0).put("command_id", "first"));
                assertThat(watcher.awaitReply("first").path("accepted").asBoolean())
                        .isTrue();
            }
        }
    }

    private static boolean isReady(HttpClientOfController http) throws Exception {
        try {
            return http.get(READY).status() == 200;
        } catch (ConnectException notYet) {
            return false;
        }
    }

    @Test
    void isNotSaidWhereTheEmbeddedBrokerCannotStart() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Setup setup = Setup.in(folder)
                    .with("mqtt.embedded.port", taken.getLocalPort())
                    .withBrokerToCome();
            try (ControllerUnderTest controller = ControllerOfClasses.start(setup)) {
                HttpClientOfController http = controller.http();
                await().atMost(ControllerUnderTest.PATIENCE)
                        .until(() -> http.get(READY).text().contains("the embedded broker did not start"));
                assertThat(http.get(READY).status()).isEqualTo(503);
                JsonNode health = http.get("/observe/health").expect(200).json();
                assertThat(health.path("status").asText()).isEqualTo("DEGRADED");
                assertThat(http.run("exit_with.py", 0).path("outcome").asText()).isEqualTo("succeeded");
            }
        }
    }
}
