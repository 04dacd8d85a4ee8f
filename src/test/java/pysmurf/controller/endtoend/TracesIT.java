package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.Setup;

/** What a collector of traces gets. */
class TracesIT {

    @TempDir
    Path folder;

    private final ByteArrayOutputStream received = new ByteArrayOutputStream();
    private final HttpServer collector;

    TracesIT() throws IOException {
        collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        collector.createContext("/v1/traces", exchange -> {
            synchronized (received) {
                received.write(exchange.getRequestBody().readAllBytes());
            }
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        collector.start();
    }

    @AfterEach
    void stopCollector() {
        collector.stop(0);
    }

    /** Names stand in the messages as they are, whatever is around them. */
    private String names() {
        synchronized (received) {
            return received.toString(StandardCharsets.ISO_8859_1);
        }
    }

    @Test
    void commandsAreTracedAndTimersAreNot() throws Exception {
        Setup setup = Setup.in(folder)
                .with(
                        "traces.endpoint",
                        "http://127.0.0.1:" + collector.getAddress().getPort() + "/v1/traces");
        try (ControllerUnderTest controller = ControllerOfClasses.start(setup)) {
            controller.http().run("exit_with.py", 0);

            // they are sent every second, and not all at the same
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(names())
                    .contains(
                            "pysmurf-controller",
                            setup.id(),
                            "direct://http-command",
                            "direct://operation-run",
                            "exec://"));
            assertThat(names()).doesNotContain("timer:", "sink-mqtt");
        }
    }
}
