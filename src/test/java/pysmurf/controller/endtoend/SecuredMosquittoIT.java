package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.script;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.FreePort;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.TestBroker;
import pysmurf.controller.driver.TestCertificate;

/** A broker that asks for a password and speaks TLS. */
@Tag("mosquitto")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class SecuredMosquittoIT {

    private static final String PASSWORD = "mqtt-secret-19c";

    private final int port = FreePort.tcp();
    private TestCertificate certificate;
    private TestBroker broker;

    @BeforeAll
    void startBroker(@TempDir Path folder) throws Exception {
        certificate = TestCertificate.of(folder.resolve("tls"), "dns:localhost");
        broker = TestBroker.mosquitto(folder, port, certificate, "crate1", PASSWORD);
        broker.start();
    }

    @AfterAll
    void stopBroker() {
        broker.close();
    }

    private Setup setup(Path folder, String version) {
        return Setup.in(folder)
                .with("mqtt.version", version)
                .withBroker("ssl://localhost:" + port)
                .with("mqtt.username", "crate1")
                .with("mqtt.password", PASSWORD)
                .with("mqtt.tls.truststore", certificate.certificate());
    }

    /** A key store with a key trusts the certificate of that key. */
    @ParameterizedTest
    @CsvSource({"5, true", "3.1.1, false"})
    void takesCommandsThere(String version, boolean keyStore, @TempDir Path folder) throws Exception {
        Setup setup = setup(folder, version);
        if (keyStore) {
            setup.with("mqtt.tls.truststore", certificate.keyStore())
                    .with("mqtt.tls.truststore-password", TestCertificate.PASSWORD);
        }
        try (ControllerUnderTest controller = ControllerOfClasses.start(setup);
                MqttWatcher watcher = MqttWatcher.of(controller.setup(), broker.url())) {
            watcher.command("run", script("exit_with.py", 0).put("command_id", "s1"));

            int id = watcher.awaitReply("s1").path("session").path("session_id").asInt(-1);
            assertThat(watcher.awaitDone(id).path("outcome").asText()).isEqualTo("succeeded");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "5,     mqtt.password, wrong, Not authorized",
        "5,     mqtt.broker-url, ssl://127.0.0.1, subject alternative",
        "3.1.1, mqtt.broker-url, ssl://127.0.0.1, subject alternative",
        "3.1.1, mqtt.tls.truststore, '', certification path",
    })
    void isNotConnectedWith(String version, String key, String value, String fault, @TempDir Path folder)
            throws Exception {
        Setup setup = setup(folder, version)
                .with(key, value.startsWith("ssl:") ? value + ":" + port : value)
                .withBrokerToCome();
        try (ControllerUnderTest controller = ControllerOfClasses.start(setup)) {
            await().atMost(PATIENCE).untilAsserted(() -> {
                String mqtt = controller
                        .http()
                        .get("/observe/health")
                        .json()
                        .at("/checks/mqtt")
                        .toString();
                assertThat(mqtt).contains("DEGRADED", fault);
                assertThat(mqtt).doesNotContain("not connected yet", PASSWORD);
            });
        }
    }
}
