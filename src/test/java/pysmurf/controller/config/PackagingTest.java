package pysmurf.controller.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;

/** What the image, the compose file and the systemd unit tell the controller is what it understands. */
class PackagingTest {

    private static final Path ROOT = Path.of(System.getProperty("project.root", "."));
    private static final Path UNIT = ROOT.resolve("dist/pysmurf-controller@.service");
    private static final int STOP_SECONDS = 10;

    /** What is not for the controller but for Java, Python, the shell. */
    private static final Set<String> OF_OTHERS = Set.of("PATH", "LANG", "JAVA_HOME", "JAVA_OPTS", "MPLBACKEND");

    private static final Set<String> OF_PYSMURF = Set.of(
            "SMURFPUB_ID", "SMURFPUB_BACKEND", "SMURFPUB_UDP_HOST", "SMURFPUB_UDP_PORT", "OCS_CONFIG_DIR", "SLOT");

    @TempDir
    Path folder;

    @Test
    void namesNoVariableThatNobodyReads() throws IOException {
        Set<String> known = new HashSet<>(OF_OTHERS);
        known.addAll(OF_PYSMURF);
        known.addAll(Set.of("CONTROLLER_CONFIG_DIR", "CONTROLLER_ROUTES_DIR"));
        Settings.ALL.forEach(setting -> known.add(setting.environmentName()));

        assertThat(imageEnvironment()).isNotEmpty();
        assertThat(known).containsAll(imageEnvironment().keySet());
        assertThat(known).containsAll(composeEnvironment().keySet());
        assertThat(known).containsAll(names(UNIT, "^Environment=\"?([A-Z_]+)="));
        assertThat(known).containsAll(names(ROOT.resolve("dist/controller.env"), "^#?([A-Z_]+)="));
    }

    @Test
    void neverServesAnonymousClientsFromAnImage() throws IOException {
        assertThatThrownBy(() -> load(imageEnvironment()))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageStartingWith("http.host: ")
                .hasMessageContaining("auth.tokens-file");
    }

    @Test
    void startsAsTheComposeFileSaysWithTheScriptsOfTheSiteFirst() throws Exception {
        Map<String, String> environment = imageEnvironment();
        environment.putAll(composeEnvironment());
        Files.writeString(folder.resolve("mqtt-password"), "secret");

        Configuration configuration = load(environment);

        assertThat(configuration.get(Settings.SCRIPTS_ROOTS))
                .containsExactly(Path.of("/config/scripts"), ROOT.resolve("config/scripts"));
        assertThat(configuration.get(Settings.PUBLISHER_DESTINATIONS))
                .containsExactly(new HostPort("ocs-pysmurf-monitor", 8200));
        assertThat(configuration.get(Settings.CONTROLLER_ID)).isEqualTo("pysmurf-controller-s2");
        assertThat(configuration.get(Settings.SLOT)).isEqualTo("2");
    }

    /** The ignore file leaves everything out but what it names, so a COPY that it does not know ends the build. */
    @Test
    void sendsToTheBuildWhatTheImageCopies() throws IOException {
        Set<String> sent = names(ROOT.resolve(".dockerignore"), "^!(\\S+)$");
        Set<String> copied = names(ROOT.resolve("docker/Dockerfile"), "^COPY (?!--)(.+) \\S+$").stream()
                .flatMap(sources -> Stream.of(sources.split(" ")))
                .map(source -> source.startsWith("docker/") ? "docker/*.py" : source)
                .collect(Collectors.toSet());

        assertThat(copied).contains("bin", "config", "routes");
        assertThat(sent).containsAll(copied);
    }

    @Test
    void givesTheControllerTheTimeItMayTakeToStop() throws IOException {
        String compose = (String) controllerService().get("stop_grace_period");
        assertThat(seconds(compose)).isGreaterThan(STOP_SECONDS);
        String unit = names(UNIT, "^TimeoutStopSec=(\\S+)").iterator().next();
        assertThat(seconds(unit)).isGreaterThan(STOP_SECONDS);
    }

    private Configuration load(Map<String, String> environment) throws ConfigurationException {
        environment.put("CONTROLLER_CONFIG_DIR", ROOT.resolve("config").toString());
        environment.put("CONTROLLER_ROUTES_DIR", ROOT.resolve("routes").toString());
        environment.replaceAll((name, value) -> value.replace("/run/secrets", folder.toString()));
        return Configuration.load(environment, new Properties());
    }

    /** The names and values of the instruction ENV, which takes one a line. */
    private static Map<String, String> imageEnvironment() throws IOException {
        Matcher instruction = Pattern.compile("(?m)^ENV ((?:.*\\\\\\n)*.*)$").matcher(read("docker/Dockerfile"));
        Map<String, String> environment = new HashMap<>();
        while (instruction.find()) {
            for (String line : instruction.group(1).split("\\\\\\n")) {
                String[] parts = line.strip().split("=", 2);
                environment.put(parts[0], parts[1].replaceAll("^['\"]|['\"]$", ""));
            }
        }
        return environment;
    }

    private static Map<String, String> composeEnvironment() throws IOException {
        Map<String, String> environment = new HashMap<>();
        map(controllerService().get("environment")).forEach((name, value) -> {
            // as compose does where the variable is not set
            environment.put(name, value.toString().replaceAll("\\$\\{\\w+:-([^}]*)}", "$1"));
        });
        return environment;
    }

    private static Map<String, Object> controllerService() throws IOException {
        Load yaml = new Load(LoadSettings.builder().build());
        Map<String, Object> services =
                map(map(yaml.loadFromString(read("docker/compose.yaml"))).get("services"));
        return map(services.get("pysmurf-controller"));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> map(Object node) {
        return (Map<String, Object>) node;
    }

    private static Set<String> names(Path file, String pattern) throws IOException {
        Pattern compiled = Pattern.compile(pattern);
        try (Stream<String> lines = Files.lines(file)) {
            Set<String> names = lines.map(compiled::matcher)
                    .filter(Matcher::find)
                    .map(matcher -> matcher.group(1))
                    .collect(Collectors.toSet());
            assertThat(names).isNotEmpty();
            return names;
        }
    }

    private static int seconds(String time) {
        return Integer.parseInt(time.replaceAll("s$", ""));
    }

    private static String read(String file) throws IOException {
        return Files.readString(ROOT.resolve(file));
    }
}
