package pysmurf.controller.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
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
        Pipelines pipelines = new Pipelines(folder);
        assertThat(pipelines.of("mine")).isEqualTo(PipelineSettings.NONE);

        write(file, "presets: {short: [find_freq]}\n", 1);
        assertThat(pipelines.of("mine").presets()).containsOnlyKeys("short");

        write(file, "presets: [\n", 2);
        assertThat(pipelines.of("mine").presets()).containsOnlyKeys("short");
        assertThat(pipelines.faults()).singleElement().satisfies(fault -> assertThat(fault.file())
                .isEqualTo("mine.yaml"));

        write(file, "presets: {long: [find_freq]}\n", 3);
        assertThat(pipelines.of("mine").presets()).containsOnlyKeys("long");
        assertThat(pipelines.faults()).isEmpty();
    }

    /** With a time of its own, since a test is faster than the clock of some file systems. */
    private static void write(Path file, String text, int second) throws Exception {
        Files.writeString(file, text);
        Files.setLastModifiedTime(
                file, java.nio.file.attribute.FileTime.fromMillis(1_700_000_000_000L + second * 1000L));
    }
}
