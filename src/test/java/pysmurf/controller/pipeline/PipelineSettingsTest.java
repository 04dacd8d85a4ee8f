package pysmurf.controller.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.config.FollowedFiles;
import pysmurf.controller.routing.RouteFault;
import pysmurf.controller.session.Json;

class PipelineSettingsTest {

    private static final Path ROOT = Path.of(System.getProperty("project.root", "."));

    @Test
    void theTunesSettingsFitItsParameters() throws Exception {
        PipelineSettings settings = PipelineSettings.read(Files.readString(ROOT.resolve("config/tune_squids.yaml")));
        JsonNode schema = Json.read(Files.readAllBytes(ROOT.resolve("routes/operations/tune_squids.schema.json")));
        List<String> stages = new ArrayList<>();
        schema.at("/properties/from_stage/enum").forEach(name -> {
            if (name.isTextual()) {
                stages.add(name.textValue());
            }
        });
        List<String> presets = new ArrayList<>();
        schema.at("/properties/preset/enum").forEach(name -> presets.add(name.textValue()));

        assertThat(settings.presets()).containsOnlyKeys(presets);
        settings.presets().values().forEach(preset -> assertThat(stages).containsAll(preset));
        assertThat(settings.stages())
                .containsKeys(stages.toArray(new String[0]))
                .containsKey("safe_state");
    }

    @Test
    void anUnknownKeyIsNamed() {
        assertThatThrownBy(() -> PipelineSettings.read("stages:\n  find_freq:\n    timout: 5\n"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("timout");
    }

    @Test
    void brokenYamlTellsTheLine() {
        assertThatThrownBy(() -> PipelineSettings.read("stages:\n  find_freq: {timeout: 5\n"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("line 3");
    }

    @Test
    void aFileThatBreaksLeavesTheLastGoodSettingsInForce(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("mine.yaml");
        FollowedFiles files = new FollowedFiles(Clock.systemUTC());
        Pipelines pipelines = new Pipelines(files, folder);
        assertThat(pipelines.of("mine")).isEqualTo(PipelineSettings.NONE);

        write(files, file, "presets: {short: [find_freq]}\n");
        assertThat(pipelines.of("mine").presets()).containsOnlyKeys("short");

        write(files, file, "presets: [\n");
        assertThat(pipelines.of("mine").presets()).containsOnlyKeys("short");
        assertThat(pipelines.faults()).singleElement().satisfies(fault -> assertThat(fault.file())
                .isEqualTo("mine.yaml"));

        write(files, file, "presets: {long: [find_freq]}\n");
        assertThat(pipelines.of("mine").presets()).containsOnlyKeys("long");
        assertThat(pipelines.faults()).isEmpty();
    }

    private static void write(FollowedFiles files, Path file, String text) throws Exception {
        Files.writeString(file, text);
        // a change is taken when it is found twice
        files.look();
        files.look();
    }

    /** What no stage can be run or judged by is the file's fault, with its line. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "timeout: 0 | timeout",
                "timeout: -5 | timeout",
                "timeout: .nan | timeout",
                "timeout: .inf | timeout",
                "timeout: 1.0e+300 | timeout",
                "retries: -1 | retries",
                "retries: 1.5 | retries",
                "retries: '1' | retries",
                "estimate: -1 | estimate",
                "estimate_simulated: .nan | estimate_simulated",
                "gates: [{number: n_res, min: .nan}] | n_res",
                "gates: [{number: n_res, max: .inf}] | n_res",
                "gates: [{number: n_res, min: 2, max: 1}] | n_res",
                "gates: [{number: n_res, is: true, max: 1}] | n_res",
                "gates: [{min: 1}] | gates",
                "gates: [null] | gates",
            })
    void aValueThatCannotBeMeantIsNamed(String line, String key) {
        assertThatThrownBy(() -> PipelineSettings.read("presets: {short: [find_freq]}\nstages:\n  other: {timeout: 5}\n"
                        + "  find_freq:\n    per_band: true\n    " + line + "\n"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("find_freq")
                .hasMessageContaining(key)
                .satisfies(fault ->
                        assertThat(RouteFault.of("mine.yaml", fault).line()).isIn(null, 6));
    }

    @ParameterizedTest
    @ValueSource(strings = {"stages: {find_freq: }", "presets: {short: }", "stages: &a {find_freq: *a}"})
    void whatIsEmptyOrEndlessIsRefused(String yaml) {
        assertThatThrownBy(() -> PipelineSettings.read(yaml)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void aFileOfCommentsSaysNothing() {
        assertThat(PipelineSettings.read("# later\n")).isEqualTo(PipelineSettings.NONE);
    }
}
