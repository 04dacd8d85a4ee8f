package pysmurf.controller.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * {@code config/application.properties} and {@code docs/configuration.md} say what {@link Settings} says. {@code mvn test
 * -Dtest=ConfigurationReferenceTest -Dupdate} writes both.
 */
class ConfigurationReferenceTest {

    private static final Path ROOT = Path.of(System.getProperty("project.root", "."));
    private static final int MAX_LINE = 120;

    private static final String REFERENCE = """
            # Configuration

            <!-- Written from the code: mvn test -Dtest=ConfigurationReferenceTest -Dupdate -->

            A key is given as an environment variable, as `-Dkey=value`, or in
            [config/application.properties](../config/application.properties). The environment overrides `-D`, `-D` overrides the
            file, the file overrides the default. A blank value counts as none. With an unknown key in the file, or a value that
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
            | `OCS_CONFIG_DIR` | (none) | The site's folder, with OCS's site file; scripts are then looked for in its `scripts`. |
            | `INSTANCE_ID`, `SITE_HUB`, `SITE_REALM` | (none) | As `controller.id`, `ocs.router-url`, `ocs.router-realm`. |
            | `SITE_HOST` | this host's name | Whose entry of `hosts` in the site file counts. |
            | `SLOT` | (none) | As `controller.slot`. |

            A script gets the controller's environment without its passwords, and for itself: `SMURFPUB_BACKEND=udp`, `SMURFPUB_ID`,
            `SMURFPUB_UDP_HOST` and `SMURFPUB_UDP_PORT` of the controller's own listener (a session without the lock: a port of its
            own), `SLOT`, `OCS_CONFIG_DIR`, `PYSMURF_DATA_DIR` (`data.dir`), `PYSMURF_SESSION_ID`, `PYSMURF_RESULT_FILE` and
            `PYTHONUNBUFFERED=1`.
            """;

    private static final String PROPERTIES = """
            # Configuration of one controller: every key with its default. Remove the # in front of a key to change it.
            # Written from the code: mvn test -Dtest=ConfigurationReferenceTest -Dupdate
            #
            # The environment overrides -Dkey=value, -D overrides this file, this file overrides the default. A blank value counts
            # as none. With an unknown key here, or a value that breaks its rule, the controller does not start, and one line names
            # the key. A value may hold ${other.key}, ${env:NAME}, or ${file:PATH}, the content of that file. Relative paths are
            # below the working directory. Keys that begin with camel. go to Camel. More is in docs/configuration.md.
            """;

    private static final Map<String, String> TITLES = Map.ofEntries(
            Map.entry("controller", "This controller"),
            Map.entry("http", "HTTP"),
            Map.entry("mqtt", "MQTT"),
            Map.entry("ocs", "OCS's router"),
            Map.entry("publisher", "Publisher messages over UDP"),
            Map.entry("scripts", "Scripts"),
            Map.entry("abort", "Scripts"),
            Map.entry("data", "Files"),
            Map.entry("logs", "Files"),
            Map.entry("files", "Files"),
            Map.entry("recovery", "Sessions"),
            Map.entry("sessions", "Sessions"),
            Map.entry("store", "Sessions"),
            Map.entry("retention", "Sessions"),
            Map.entry("auth", "Who may do what"),
            Map.entry("audit", "Who may do what"),
            Map.entry("logging", "Log and traces"),
            Map.entry("traces", "Log and traces"));

    @Test
    void writesTheReference() throws IOException {
        StringBuilder text = new StringBuilder(REFERENCE);
        forEachGroup((title, settings) -> {
            text.append("\n## ").append(title).append("\n\n");
            text.append("| key | environment | default | must be | effect |\n| --- | --- | --- | --- | --- |\n");
            settings.forEach(setting -> text.append(row(setting)));
        });
        check("docs/configuration.md", text.append(ENVIRONMENT).toString());
    }

    @Test
    void writesTheFile() throws IOException {
        StringBuilder text = new StringBuilder(PROPERTIES);
        forEachGroup((title, settings) -> {
            text.append("\n# --- ")
                    .append(title)
                    .append(" ")
                    .append("-".repeat(MAX_LINE - 7 - title.length()))
                    .append("\n");
            settings.forEach(setting -> text.append(entry(setting)));
        });
        check("config/application.properties", text.toString());
    }

    private static void check(String file, String text) throws IOException {
        if (System.getProperty("update") != null) {
            Files.writeString(ROOT.resolve(file), text);
        }

        assertThat(ROOT.resolve(file))
                .as("write it again: mvn test -Dtest=ConfigurationReferenceTest -Dupdate")
                .hasContent(text);
    }

    private static void forEachGroup(BiConsumer<String, List<Setting<?>>> action) {
        Settings.ALL.stream()
                .collect(Collectors.groupingBy(
                        setting -> TITLES.get(
                                setting.key().substring(0, setting.key().indexOf('.'))),
                        LinkedHashMap::new,
                        Collectors.toList()))
                .forEach(action);
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

    private static String entry(Setting<?> setting) {
        String rule = setting.rule().equals("text") ? "" : " Must be: " + setting.rule() + ".";
        return "\n" + wrapped(setting.description() + rule) + "# Environment: " + setting.environmentName() + "\n"
                + ("#" + setting.key() + " = " + setting.defaultValue()).stripTrailing() + "\n";
    }

    private static String wrapped(String text) {
        StringBuilder lines = new StringBuilder();
        StringBuilder line = new StringBuilder("#");
        for (String word : text.split(" ")) {
            if (line.length() + 1 + word.length() > MAX_LINE) {
                lines.append(line).append('\n');
                line = new StringBuilder("#");
            }
            line.append(' ').append(word);
        }
        return lines.append(line).append('\n').toString();
    }
}
