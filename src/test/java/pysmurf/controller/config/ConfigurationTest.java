package pysmurf.controller.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConfigurationTest {

    @TempDir
    Path folder;

    private final Map<String, String> environment = new HashMap<>();
    private final Properties system = new Properties();

    @BeforeEach
    void setUp() throws IOException {
        Files.createDirectory(folder.resolve("routes"));
        environment.put("CONTROLLER_CONFIG_DIR", folder.toString());
        environment.put("CONTROLLER_ROUTES_DIR", folder.resolve("routes").toString());
    }

    private void file(String... lines) throws IOException {
        Files.write(folder.resolve("application.properties"), List.of(lines));
    }

    private Configuration load() throws ConfigurationException {
        return Configuration.load(environment, system);
    }

    private String faults() {
        try {
            load();
        } catch (ConfigurationException e) {
            assertThat(e.getMessage().lines()).hasSize(1);
            return e.getMessage();
        }
        throw new AssertionError("it was accepted");
    }

    @Test
    void hasTheDocumentedDefaults() throws Exception {
        Configuration configuration = load();

        assertThat(configuration.get(Settings.CONTROLLER_ID)).isEqualTo("pysmurf-controller");
        assertThat(configuration.get(Settings.ADDRESS_ROOT_KEY)).isEqualTo("observatory");
        assertThat(configuration.get(Settings.HTTP_HOST)).isEqualTo("127.0.0.1");
        assertThat(configuration.get(Settings.HTTP_PORT)).isEqualTo(8080);
        assertThat(configuration.get(Settings.MQTT_BROKER_URL)).isEmpty();
        assertThat(configuration.get(Settings.MQTT_EMBEDDED_HOST)).isEqualTo("127.0.0.1");
        assertThat(configuration.get(Settings.MQTT_EMBEDDED_PORT)).isEqualTo(1883);
        assertThat(configuration.get(Settings.PUBLISHER_LISTEN_HOST)).isEqualTo("127.0.0.1");
        assertThat(configuration.get(Settings.PUBLISHER_LISTEN_PORT)).isEqualTo(8200);
        assertThat(configuration.get(Settings.PUBLISHER_DESTINATIONS)).isEmpty();
        assertThat(configuration.get(Settings.SCRIPTS_PYTHON)).isEqualTo("python3");
        assertThat(configuration.get(Settings.SCRIPTS_PRELOAD)).isEmpty();
        assertThat(configuration.get(Settings.SCRIPTS_LEFTOVERS)).isEqualTo(Leftovers.END);
        assertThat(configuration.get(Settings.SCRIPTS_MAX_OUTPUT)).isEqualTo(10L << 30);
        assertThat(configuration.get(Settings.ABORT_INTERRUPT_GRACE)).isEqualTo(Duration.ofSeconds(5));
        assertThat(configuration.get(Settings.ABORT_TERMINATE_GRACE)).isEqualTo(Duration.ofSeconds(2));
        assertThat(configuration.get(Settings.DATA_DIR)).isEqualTo(Path.of("data"));
        assertThat(configuration.get(Settings.LOGS_ROOTS)).containsExactly(Path.of("data/logs"));
        assertThat(configuration.get(Settings.SCRIPTS_ROOTS)).containsExactly(folder.resolve("scripts"));
    }

    @Test
    void takesEnvironmentOverSystemPropertyOverFileOverDefault() throws Exception {
        assertThat(load().get(Settings.HTTP_PORT)).isEqualTo(8080);
        file("http.port = 1001");
        assertThat(load().get(Settings.HTTP_PORT)).isEqualTo(1001);
        system.setProperty("http.port", "1002");
        assertThat(load().get(Settings.HTTP_PORT)).isEqualTo(1002);
        environment.put("HTTP_PORT", "1003");
        assertThat(load().get(Settings.HTTP_PORT)).isEqualTo(1003);
    }

    /** A compose file hands on what is not set as a blank value. */
    @Test
    void takesABlankValueAsNoneFromWhereverItComes() throws Exception {
        Configuration defaults = load();
        for (Setting<?> setting : Settings.ALL) {
            environment.put(setting.environmentName(), "");
            system.setProperty(setting.key(), " ");
        }
        List.of("SMURFPUB_ID", "SMURFPUB_UDP_HOST", "SMURFPUB_UDP_PORT", "OCS_CONFIG_DIR", "SLOT")
                .forEach(name -> environment.put(name, " "));
        file(Settings.ALL.stream().map(setting -> setting.key() + " =").toArray(String[]::new));

        assertThat(Settings.ALL)
                .allSatisfy(setting -> assertThat((Object) load().get(setting)).isEqualTo(defaults.get(setting)));
        assertThat(load().publisherId()).isEqualTo(defaults.publisherId());
        assertThat(load().ocsConfigDir()).isEqualTo(defaults.ocsConfigDir());
        environment.put("SMURFPUB_BACKEND", "udp");
        assertThat(load().get(Settings.PUBLISHER_DESTINATIONS)).containsExactly(new HostPort("localhost", 8200));

        file("http.port = 1001", "logs.roots = ${env:NOT_SET}", "controller.slot = ${env:SLOT}");
        assertThat(load().get(Settings.HTTP_PORT)).isEqualTo(1001);
        assertThat(load().get(Settings.LOGS_ROOTS)).isEqualTo(defaults.get(Settings.LOGS_ROOTS));
        assertThat(load().get(Settings.SLOT)).isEmpty();
    }

    @Test
    void takesBlankFoldersAsNone() throws Exception {
        environment.put("CONTROLLER_CONFIG_DIR", "");
        environment.put("CONTROLLER_ROUTES_DIR", " ");

        assertThat(load().configDir()).isEqualTo(Path.of("config"));
        assertThat(load().routesDir()).isEqualTo(Path.of("routes"));
    }

    @Test
    void writesDotsAndDashesAsUnderscoresInTheEnvironment() throws Exception {
        environment.put("ABORT_INTERRUPT_GRACE", "7s");
        environment.put("MQTT_BROKER_URL", "tcp://broker:1883");

        assertThat(load().get(Settings.ABORT_INTERRUPT_GRACE)).isEqualTo(Duration.ofSeconds(7));
        assertThat(load().get(Settings.MQTT_BROKER_URL)).isEqualTo("tcp://broker:1883");
        assertThat(Settings.ALL)
                .allSatisfy(setting -> assertThat(setting.environmentName()).matches("[A-Z0-9_]+"));
    }

    @Test
    void namesAKeyItDoesNotKnow() throws Exception {
        file("http.port = 80", "htpp.host = x");

        assertThat(faults()).contains("htpp.host").contains("application.properties");
    }

    @Test
    void leavesCamelsOwnKeysToCamel() throws Exception {
        file("camel.main.name = x");

        assertThat(load().camelProperties()).containsEntry("camel.main.name", "x");
    }

    @ParameterizedTest
    @CsvSource({
        "controller.id, a/b",
        "controller.id, a+",
        "http.port, 65536",
        "http.port, -1",
        "http.port, http",
        "mqtt.broker-url, broker:1883",
        "mqtt.broker-url, http://broker:1883",
        "mqtt.version, 4",
        "publisher.destinations, host",
        "publisher.destinations, host:0",
        "publisher.destinations, 'a:1,,b:2'",
        "scripts.leftovers, maybe",
        "scripts.max-output, 10 apples",
        "scripts.preload, numpy scipy",
        "scripts.preload, numpy;os.system()",
        "scripts.preload, scipy.",
        "scripts.max-output, 9999999999TiB",
        "abort.interrupt-grace, 5",
        "abort.interrupt-grace, -1s",
        "abort.terminate-grace, 11m",
        "auth.allow-anonymous, yes",
        "audit.keep-days, 0",
        "audit.keep-days, 36501",
        "logs.roots, ','",
        "http.allowed-hosts, 'crate:8080'",
        "http.trusted-proxies, proxy",
        "http.trusted-proxies, 10.0.0.0/33",
        "mqtt.broker-url, tcp://me:secret@broker:1883",
    })
    void refusesAValueOutOfItsRule(String key, String value) throws Exception {
        file(key + " = " + value);

        assertThat(faults()).startsWith(key + ": ").contains("application.properties");
    }

    @Test
    void namesAllFaultsAndWhereEachComesFrom() throws Exception {
        file("no.such.key = 1", "mqtt.version = 4");
        system.setProperty("http.port", "many");
        environment.put("ABORT_TERMINATE_GRACE", "long");

        assertThat(faults())
                .contains("no.such.key", "mqtt.version", "-Dhttp.port", "environment ABORT_TERMINATE_GRACE", "'many'");
    }

    @Test
    void saysItInOneLineWhateverTheValueIs() {
        environment.put("HTTP_PORT", "80\n80");

        assertThat(faults()).contains("http.port");
    }

    @Test
    void takesASecretFromAFile() throws Exception {
        Path secret = Files.writeString(folder.resolve("secret"), "hunter2\n");
        file("mqtt.password = ${file:" + secret + "}");
        assertThat(load().get(Settings.MQTT_PASSWORD)).isEqualTo("hunter2");

        file("mqtt.password = ${file:" + secret + "-gone}");
        assertThat(faults()).contains("mqtt.password", "secret-gone");
    }

    @Test
    void skipsAByteOrderMark() throws Exception {
        Path secret = Files.writeString(folder.resolve("secret"), "\uFEFFhunter2\n");
        file("\uFEFFmqtt.password = ${file:" + secret + "}");

        assertThat(load().get(Settings.MQTT_PASSWORD)).isEqualTo("hunter2");
    }

    /** What it says would else be taken as not said. */
    @Test
    void refusesAFileThatIsALinkToNothing() throws Exception {
        Files.createSymbolicLink(folder.resolve("application.properties"), folder.resolve("nowhere"));

        assertThat(faults()).contains("application.properties", "is not there");
    }

    @Test
    void neverRepeatsAPassword() throws Exception {
        file("mqtt.password = hunter2", "http.port = x");

        assertThat(faults()).doesNotContain("hunter2");
        file("mqtt.password = hunter2");
        assertThat(load().placeholders().values()).doesNotContain("hunter2");
        assertThat(load().secretNames())
                .containsExactlyInAnyOrder(
                        "MQTT_PASSWORD",
                        "STORE_PASSWORD",
                        "HTTP_TLS_KEYSTORE_PASSWORD",
                        "MQTT_TLS_TRUSTSTORE_PASSWORD");
    }

    @Test
    void takesNoPasswordInAnAddressThatIsShown() throws Exception {
        file("store.url = jdbc:postgresql://db/pysmurf?user=me&password=hunter2");

        assertThat(faults()).contains("store.url").doesNotContain("hunter2");
    }

    @Test
    void readsTimesAndSizesWithTheirUnits() throws Exception {
        file("abort.interrupt-grace = 500ms", "abort.terminate-grace = 1.5s", "scripts.max-output = 2MiB");

        assertThat(load().get(Settings.ABORT_INTERRUPT_GRACE)).isEqualTo(Duration.ofMillis(500));
        assertThat(load().get(Settings.ABORT_TERMINATE_GRACE)).isEqualTo(Duration.ofMillis(1500));
        assertThat(load().get(Settings.SCRIPTS_MAX_OUTPUT)).isEqualTo(2L << 20);
    }

    @Test
    void readsModulesThatScriptsFindImported() throws Exception {
        file("scripts.preload = numpy, scipy.signal");
        assertThat(load().get(Settings.SCRIPTS_PRELOAD)).containsExactly("numpy", "scipy.signal");
    }

    @Test
    void putsTheLogsBelowTheDataUnlessToldOtherwise() throws Exception {
        file("data.dir = /var/lib/x");
        assertThat(load().get(Settings.LOGS_ROOTS)).containsExactly(Path.of("/var/lib/x/logs"));
        file("data.dir = /var/lib/x", "logs.roots = ${data.dir}/a, /b");
        assertThat(load().get(Settings.LOGS_ROOTS)).containsExactly(Path.of("/var/lib/x/a"), Path.of("/b"));
    }

    @Test
    void readsTheEnvironmentOfTheOriginal() throws Exception {
        environment.put("SLOT", "4");
        environment.put("SMURFPUB_ID", "crate1slot4");
        environment.put("OCS_CONFIG_DIR", "/site/config");

        assertThat(load().get(Settings.SLOT)).isEqualTo("4");
        assertThat(load().publisherId()).isEqualTo("crate1slot4");
        assertThat(load().get(Settings.SCRIPTS_ROOTS))
                .containsExactly(Path.of("/site/config/scripts"), folder.resolve("scripts"));
        assertThat(load().ocsConfigDir()).isEqualTo(Path.of("/site/config"));
    }

    @Test
    void namesItsMessagesByItsOwnIdOtherwise() throws Exception {
        file("controller.id = here");

        assertThat(load().publisherId()).isEqualTo("here");
    }

    @Test
    void sendsNothingUnlessTheBackendIsUdp() throws Exception {
        environment.put("SMURFPUB_UDP_HOST", "monitor");
        assertThat(load().get(Settings.PUBLISHER_DESTINATIONS)).isEmpty();
        environment.put("SMURFPUB_BACKEND", "null");
        assertThat(load().get(Settings.PUBLISHER_DESTINATIONS)).isEmpty();
        environment.put("SMURFPUB_BACKEND", "udp");
        assertThat(load().get(Settings.PUBLISHER_DESTINATIONS)).containsExactly(new HostPort("monitor", 8200));
        environment.put("SMURFPUB_UDP_PORT", "9000");
        environment.remove("SMURFPUB_UDP_HOST");
        assertThat(load().get(Settings.PUBLISHER_DESTINATIONS)).containsExactly(new HostPort("localhost", 9000));
    }

    @Test
    void takesItsOwnDestinationsOverTheOriginalsEnvironment() throws Exception {
        environment.put("SMURFPUB_BACKEND", "udp");
        file("publisher.destinations = a:1, [::1]:2");

        assertThat(load().get(Settings.PUBLISHER_DESTINATIONS))
                .containsExactly(new HostPort("a", 1), new HostPort("::1", 2));
    }

    @Test
    void refusesABackendThatDoesNotExist() {
        environment.put("SMURFPUB_BACKEND", "tcp");

        assertThat(faults()).contains("SMURFPUB_BACKEND");
    }

    @Test
    void isOpenToOthersOnlyWithTokensOrOnPurpose() throws Exception {
        file("http.host = 0.0.0.0");
        assertThat(faults()).contains("http.host").contains("auth.tokens-file");
        file("http.host = 0.0.0.0", "auth.tokens-file = tokens");
        assertThat(load().get(Settings.HTTP_HOST)).isEqualTo("0.0.0.0");
        file("http.host = 0.0.0.0", "auth.allow-anonymous = true");
        assertThat(load().get(Settings.HTTP_HOST)).isEqualTo("0.0.0.0");
        file("mqtt.embedded.host = 0.0.0.0");
        assertThat(faults()).contains("mqtt.embedded.host").contains("mqtt.embedded.users-file");
        file("mqtt.embedded.host = 0.0.0.0", "mqtt.embedded.users-file = users");
        assertThat(load().get(Settings.MQTT_EMBEDDED_HOST)).isEqualTo("0.0.0.0");
        file("mqtt.embedded.host = 0.0.0.0", "auth.allow-anonymous = true");
        assertThat(load().get(Settings.MQTT_EMBEDDED_HOST)).isEqualTo("0.0.0.0");
        file("mqtt.embedded.host = 0.0.0.0", "mqtt.broker-url = tcp://broker:1883");
        assertThat(load().get(Settings.MQTT_EMBEDDED_HOST)).isEqualTo("0.0.0.0");
        file("http.host = ::1");
        assertThat(load().get(Settings.HTTP_HOST)).isEqualTo("::1");
    }

    @Test
    void needsItsRoutes() {
        environment.put("CONTROLLER_ROUTES_DIR", folder.resolve("nowhere").toString());

        assertThatThrownBy(this::load)
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("CONTROLLER_ROUTES_DIR");
    }

    @Test
    void needsTheConfigurationFolderThatItWasTold() {
        environment.put("CONTROLLER_CONFIG_DIR", folder.resolve("nowhere").toString());

        assertThatThrownBy(this::load)
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("CONTROLLER_CONFIG_DIR");
    }
}
