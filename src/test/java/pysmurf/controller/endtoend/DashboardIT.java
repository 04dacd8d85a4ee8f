package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.SharedController;

/** The dashboard and the alerts name nothing that a controller does not tell. */
class DashboardIT extends SharedController {

    private static final Path DOCS = Setup.PROJECT.resolve("docs/observability");
    private static final Pattern METRIC = Pattern.compile("\\bpysmurf_\\w+");
    private static final Pattern BY = Pattern.compile("\\bby \\(([^)]*)\\)");
    private static final Pattern LABEL = Pattern.compile("[{,](\\w+)=~?\"");
    /** What Prometheus adds, and what a histogram has. */
    private static final Set<String> ADDED = Set.of("instance", "job", "le");

    private String figures;

    DashboardIT() {
        super(ControllerOfClasses::start);
    }

    @Override
    protected void configure(Setup setup) {
        setup.with("publisher.destinations", "127.0.0.1:9");
    }

    /** Of what has never happened there is no series. */
    @BeforeAll
    void letThingsHappen() throws Exception {
        int id = http.start("run", script("wait_for_file.py", "/never"))
                .path("session_id")
                .asInt();
        http.awaitOutput(id, "ready");
        http.post("/api/v1/operations/run", script("exit_with.py", 0)).expect(409);
        http.runToEnd("abort", params());
        figures = http.get("/observe/metrics").expect(200).text();
    }

    private Set<String> names() {
        return figures.lines()
                .filter(line -> !line.startsWith("#"))
                .map(line -> line.split("[{ ]", 2)[0])
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private Set<String> labels() {
        return Stream.concat(
                        ADDED.stream(),
                        figures.lines()
                                .filter(line -> !line.startsWith("#"))
                                .flatMap(line -> LABEL.matcher(line).results())
                                .map(match -> match.group(1)))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private void assertKnown(String expression) {
        List<String> metrics =
                METRIC.matcher(expression).results().map(MatchResult::group).toList();
        assertThat(names()).as(expression).containsAll(metrics);
        List<String> labels = Stream.concat(
                        LABEL.matcher(expression).results().map(match -> match.group(1)),
                        BY.matcher(expression)
                                .results()
                                .flatMap(match -> Stream.of(match.group(1).split(",\\s*"))))
                .toList();
        assertThat(labels()).as(expression).containsAll(labels);
    }

    @Test
    void dashboard() throws Exception {
        JsonNode dashboard =
                new ObjectMapper().readTree(DOCS.resolve("dashboard.json").toFile());
        List<String> expressions = dashboard.findValuesAsText("expr");

        assertThat(expressions).hasSizeGreaterThan(15).allMatch(text -> text.contains("pysmurf_"));
        expressions.forEach(this::assertKnown);
        assertThat(dashboard.path("panels"))
                .allMatch(panel -> panel.path("gridPos").path("x").asInt()
                                + panel.path("gridPos").path("w").asInt()
                        <= 24);
    }

    @Test
    void alerts() throws Exception {
        Object alerts =
                new Load(LoadSettings.builder().build()).loadFromString(Files.readString(DOCS.resolve("alerts.yaml")));
        JsonNode groups = new ObjectMapper().valueToTree(((Map<?, ?>) alerts).get("groups"));
        List<JsonNode> rules = groups.findValues("rules");

        assertThat(rules).isNotEmpty();
        for (JsonNode rule : rules.get(0)) {
            assertThat(rule.path("alert").asText()).startsWith("Pysmurf");
            assertThat(rule.at("/annotations/summary").asText()).isNotBlank();
            assertThat(rule.at("/labels/severity").asText()).isIn("critical", "warning", "info");
            assertKnown(rule.path("expr").asText());
        }
    }

    @Test
    void whatTheTableNamesIsThere() throws Exception {
        Set<String> documented = METRIC.matcher(Files.readString(DOCS.resolve("README.md")))
                .results()
                .map(MatchResult::group)
                .filter(name -> !name.endsWith("_"))
                .collect(Collectors.toCollection(TreeSet::new));

        assertThat(documented).isNotEmpty();
        assertThat(documented).allMatch(name -> names().stream().anyMatch(known -> known.startsWith(name)));
    }
}
