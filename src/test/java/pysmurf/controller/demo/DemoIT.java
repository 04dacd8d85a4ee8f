package pysmurf.controller.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;

import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.FreePort;
import pysmurf.controller.driver.HttpClientOfController;
import pysmurf.controller.driver.Setup;

/** The script behind make demo, with the built jar. */
class DemoIT {

    @TempDir
    Path folder;

    private Process demo(Map<String, String> environment) throws Exception {
        ProcessBuilder builder = new ProcessBuilder(
                        "sh", Setup.PROJECT.resolve("src/demo/demo.sh").toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("out").toFile());
        builder.environment().putAll(environment);
        return builder.start();
    }

    private String said() throws Exception {
        return Files.readString(folder.resolve("out"));
    }

    @Test
    void takesThePortsItIsTold() throws Exception {
        int http = FreePort.tcp();
        String mqtt = Integer.toString(FreePort.tcp());
        String udp = Integer.toString(FreePort.udp());
        Process demo = demo(
                Map.of("HTTP_PORT", Integer.toString(http), "MQTT_EMBEDDED_PORT", mqtt, "PUBLISHER_LISTEN_PORT", udp));
        try {
            await().atMost(PATIENCE)
                    .ignoreException(ConnectException.class)
                    .until(() -> new HttpClientOfController(http)
                                    .get("/observe/health/live")
                                    .status()
                            == 200);
            assertThat(said()).contains("http://127.0.0.1:" + http + "/", "tcp://127.0.0.1:" + mqtt);
            Path log = Setup.PROJECT.resolve("target/demo/" + http + "/controller.log");
            await().atMost(PATIENCE).until(() -> Files.readString(log).contains("at UDP 127.0.0.1:" + udp));
        } finally {
            demo.destroy();
            assertThat(demo.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .as(said())
                    .isTrue();
        }
        assertThat(demo.exitValue()).isEqualTo(143);
    }

    @Test
    void takesNoOtherPortThanItIsTold() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Process demo = demo(Map.of("HTTP_PORT", Integer.toString(taken.getLocalPort())));

            assertThat(demo.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
            assertThat(said()).contains("HTTP_PORT: port " + taken.getLocalPort() + " is in use");
            assertThat(demo.exitValue()).isEqualTo(1);
        }
    }
}
