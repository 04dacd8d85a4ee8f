package pysmurf.controller.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * The reference of the configuration, docs/configuration.md, says what {@link Settings} says. {@code mvn test
 * -Dtest=ConfigurationReferenceTest -Dupdate} writes it anew.
 */
class ConfigurationReferenceTest {

    private static final Path FILE =
            Path.of(System.getProperty("project.root", ".")).resolve("docs/configuration.md");

    private static final String INTRODUCTION = """
            # Configuration

            <!-- Written from the code: mvn test -Dtest=ConfigurationReferenceTest -Dupdate -->

            A key is given as an environment variable, as `-Dkey=value`, or in
            [config/application.properties](../config/application.properties), whose comments explain each; where it is given more
            than once, the first of these applies. A blank value counts as none. With an unknown key in the file, or a value that
            breaks its rule, the controller does not start, and one line names the key.

            - A value may hold `${other.key}`, `${env:NAME}`, or `${file:PATH}`, the content of that file.
            - Times have a unit (`500ms`, `5s`, `2m`, `1h`, `7d`), and so have sizes (`500MiB`, `10GiB`). Relative paths are below
              the working directory.
            - Lines of the file whose key begins with `camel.` go to Camel.
            - Scripts do not get the environment variables of keys that hold a password.
            """;

    private static final String ENVIRONMENT = """

            ## Only in the environment

            | name | default | effect |
            | --- | --- | --- |
            | `CONTROLLER_CONFIG_DIR` | `config` | The folder of `application.properties` and of the pipelines' settings. |
            | `CONTROLLER_ROUTES_DIR` | `routes` | The folder of the routes. |
            | `SMURFPUB_BACKEND` | `null` | `udp`: messages are passed on to the next two, unless `publisher.destinations` is given. |
            | `SMURFPUB_UDP_HOST`, `SMURFPUB_UDP_PORT` | `localhost`, `8200` | Where to. |
            | `SMURFPUB_ID` | `controller.id` | The id that Publisher messages carry. |
            | `OCS_CONFIG_DIR` | (none) | The site's folder; scripts are then looked for in its `scripts`. |
            | `SLOT` | (none) | As `controller.slot`. |

            A script gets the controller's environment without its passwords, and for itself: `SMURFPUB_BACKEND=udp`, `SMURFPUB_ID`,
            `SMURFPUB_UDP_HOST` and `SMURFPUB_UDP_PORT` of the controller's own listener (a session without the lock: a port of its
            own), `SLOT`, `OCS_CONFIG_DIR`, `PYSMURF_DATA_DIR` (`data.dir`), `PYSMURF_SESSION_ID`, `PYSMURF_RESULT_FILE` and
            `PYTHONUNBUFFERED=1`.
            """;

    private static final Map<String, String> TITLES = Map.ofEntries(
            Map.entry("controller", "This controller"),
            Map.entry("files", "Registered files"),
            Map.entry("http", "HTTP"),
            Map.entry("auth", "Who may do what"),
            Map.entry("audit", "Audit log"),
            Map.entry("traces", "Traces"),
            Map.entry("logging", "The controller's own log"),
            Map.entry("mqtt", "MQTT"),
            Map.entry("publisher", "Publisher messages over UDP"),
            Map.entry("scripts", "Scripts"),
            Map.entry("abort", "Abort"),
            Map.entry("data", "Files"),
            Map.entry("logs", "Output logs that a command names"),
            Map.entry("recovery", "After a crash"),
            Map.entry("sessions", "Sessions"),
            Map.entry("store", "Sessions"),
            Map.entry("retention", "How long sessions are kept"));

    @Test
    void saysWhatTheCodeSays() throws IOException {
        String reference = reference();
        if (System.getProperty("update") != null) {
            Files.writeString(FILE, reference);
        }

        assertThat(FILE)
                .as("write it anew: mvn test -Dtest=ConfigurationReferenceTest -Dupdate")
                .hasContent(reference);
    }

    private static String reference() {
        Map<String, List<Setting<?>>> groups = Settings.ALL.stream()
                .collect(Collectors.groupingBy(
                        setting -> title(setting.key()), LinkedHashMap::new, Collectors.toList()));
        StringBuilder text = new StringBuilder(INTRODUCTION);
        groups.forEach((group, settings) -> {
            text.append("\n## ").append(group).append("\n\n");
            text.append("| key | environment | default | must be | effect |\n| --- | --- | --- | --- | --- |\n");
            settings.forEach(setting -> text.append(row(setting)));
        });
        return text.append(ENVIRONMENT).toString();
    }

    private static String title(String key) {
        String group = key.substring(0, key.indexOf('.'));
        return TITLES.getOrDefault(group, group);
    }

    private static String row(Setting<?> setting) {
        return Stream.of(
                        code(setting.key()),
                        code(setting.environmentName()),
                        code(setting.defaultValue()),
                        setting.rule(),
                        setting.description())
                .map(cell -> cell.replace("|", "\\|"))
                .collect(Collectors.joining(" | ", "| ", " |\n"));
    }

    private static String code(String text) {
        return text.isEmpty() ? "(none)" : "`" + text + "`";
    }
}
