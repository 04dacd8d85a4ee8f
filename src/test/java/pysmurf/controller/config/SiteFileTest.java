package pysmurf.controller.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The settings that OCS's environment and site file give. */
class SiteFileTest {

    private static final String SITE = """
            hub:
              wamp_server: ws://hub:8001/ws
              wamp_http: http://hub:8001/call
              wamp_realm: site_realm
              address_root: tower
            hosts:
              crate-host:
                wamp_server: ws://localhost:8001/ws
                agent-instances:
                  - {agent-class: PysmurfController, instance-id: smurf-s2, arguments: []}
            """;

    @TempDir
    private Path folder;

    private Configuration load(String site, Map<String, String> more) throws Exception {
        Files.writeString(folder.resolve("default.yaml"), site);
        Map<String, String> environment = new HashMap<>(more);
        environment.put(
                "CONTROLLER_ROUTES_DIR",
                Files.createDirectories(folder.resolve("routes")).toString());
        environment.put("OCS_CONFIG_DIR", folder.toString());
        return Configuration.load(environment, new Properties());
    }

    @Test
    void tellsRouterRealmAndRoot() throws Exception {
        Configuration configuration = load(SITE, Map.of("SITE_HOST", "elsewhere"));

        assertThat(configuration.get(Settings.OCS_ROUTER_URL)).isEqualTo("ws://hub:8001/ws");
        assertThat(configuration.get(Settings.OCS_ROUTER_REALM)).isEqualTo("site_realm");
        assertThat(configuration.get(Settings.ADDRESS_ROOT_KEY)).isEqualTo("tower");
    }

    @Test
    void letsTheEntryOfAHostOverrideTheHub() throws Exception {
        assertThat(load(SITE, Map.of("SITE_HOST", "crate-host")).get(Settings.OCS_ROUTER_URL))
                .isEqualTo("ws://localhost:8001/ws");
    }

    @Test
    void givesWayToTheAgentsEnvironmentAndThatToTheControllersOwn() throws Exception {
        Map<String, String> agent = Map.of(
                "SITE_HUB",
                "ws://other/ws",
                "SITE_REALM",
                "other",
                "INSTANCE_ID",
                "smurf-s2",
                "SITE_HOST",
                "crate-host");
        Configuration configuration = load(SITE, agent);

        assertThat(configuration.get(Settings.OCS_ROUTER_URL)).isEqualTo("ws://other/ws");
        assertThat(configuration.get(Settings.OCS_ROUTER_REALM)).isEqualTo("other");
        assertThat(configuration.get(Settings.CONTROLLER_ID)).isEqualTo("smurf-s2");

        Map<String, String> own = new HashMap<>(agent);
        own.put("OCS_ROUTER_URL", "none");
        own.put("CONTROLLER_ID", "mine");
        assertThat(load(SITE, own).get(Settings.OCS_ROUTER_URL)).isEmpty();
        assertThat(load(SITE, own).get(Settings.CONTROLLER_ID)).isEqualTo("mine");
    }

    @Test
    void mayBeMissing() throws Exception {
        assertThat(SiteFile.hub(folder, "")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "`hub: [`|is no YAML",
                "`hosts: {}`|has no hub",
                "``|has no hub",
                "`hub: {wamp_server: 8001}`|ws://host"
            })
    void isAFaultThatNamesItWhereItCannotBeUsed(String site, String fault) {
        assertThatThrownBy(() -> load(site, Map.of()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("ocs.router-url")
                .hasMessageContaining(fault);
    }

    @Test
    void isAFaultWhereItIsNoFile() throws IOException {
        Files.createDirectory(folder.resolve("default.yaml"));

        assertThatThrownBy(() -> SiteFile.hub(folder, ""))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("default.yaml");
    }
}
