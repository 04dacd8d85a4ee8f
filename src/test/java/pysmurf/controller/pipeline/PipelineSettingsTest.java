package pysmurf.controller.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.config.FollowedFiles;
import pysmurf.controller.operation.Operation;
import pysmurf.controller.operation.Parameters;
import pysmurf.controller.operation.RouteFault;
import pysmurf.controller.operation.Schema;
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
                .satisfies(fault ->
                        assertThat(RouteFault.of("mine.yaml", fault).line()).isEqualTo(3));
    }

    @Test
    void aFileThatBreaksLeavesTheLastGoodSettingsInForce(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("mine.yaml");
        FollowedFiles files = new FollowedFiles(Clock.systemUTC());
        Pipelines pipelines = new Pipelines(files, folder, name -> Optional.empty());
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

    /** The limits of a tune are in one file, whoever tunes. */
    @Test
    void aFileMayBeLikeOthers(@TempDir Path folder) throws Exception {
        Path tune = folder.resolve("tune.yaml");
        FollowedFiles files = new FollowedFiles(Clock.systemUTC());
        Pipelines pipelines = new Pipelines(files, folder, name -> Optional.empty());
        Files.writeString(tune, """
                presets: {full: [track]}
                stages:
                  track: {timeout: 5, per_band: true, retries: 1, gates: [{number: good_frac, min: 0.5}]}
                  noise: {timeout: 7}
                """);
        Files.writeString(folder.resolve("map.yaml"), "stages: {noise: {timeout: 8}, map: {timeout: 9}}\n");
        Files.writeString(
                folder.resolve("mine.yaml"), "like: [tune, map]\nstages: {track: {timeout: 40, per_band: false}}\n");

        PipelineSettings settings = pipelines.of("mine");
        StageSettings tuned = pipelines.of("tune").stage("track");
        assertThat(settings.stage("track")).isEqualTo(new StageSettings(40.0, 1, false, 0, 0, tuned.gates()));
        assertThat(settings.stage("noise").timeout()).isEqualTo(8);
        assertThat(settings.stage("map").timeout()).isEqualTo(9);
        assertThat(settings.presets()).isEmpty();

        write(files, tune, "stages: {track: {gates: [{number: good_frac, min: 0.7}]}}\n");
        assertThat(pipelines.of("mine").stage("track").gates())
                .isEqualTo(pipelines.of("tune").stage("track").gates())
                .isNotEqualTo(tuned.gates());

        Files.delete(folder.resolve("map.yaml"));
        files.look();
        files.look();
        assertThat(pipelines.faults())
                .extracting(RouteFault::toString)
                .containsExactly("mine.yaml line 1: like: there is no map.yaml");
    }

    @ParameterizedTest
    @ValueSource(strings = {"uxm_setup", "uxm_relock"})
    void whatIsLikeATuneIsJudgedLikeIt(String operation) {
        Pipelines pipelines =
                new Pipelines(new FollowedFiles(Clock.systemUTC()), ROOT.resolve("config"), name -> Optional.empty());

        PipelineSettings settings = pipelines.of(operation);
        StageSettings tracking = settings.stage("tracking_setup");
        assertThat(tracking.perBand()).isFalse();
        assertThat(tracking.gates())
                .isNotEmpty()
                .isEqualTo(pipelines.of("tune_squids").stage("tracking_setup").gates());
        assertThat(settings.stage("safe_state"))
                .isEqualTo(pipelines.of("tune_squids").stage("safe_state"));
        assertThat(settings.stage("serial_algs").perBand()).isTrue();
    }

    private static Operation operation(List<String> stages, List<String> named) {
        return new Operation(
                "mine", "", new Parameters(Schema.of(Json.object()), List.of()), stages, named, named.size());
    }

    /** The route may be there after the file, and may change by itself; the rest of the file counts meanwhile. */
    @Test
    void aStageThatTheRouteDoesNotHaveIsNamed(@TempDir Path folder) throws Exception {
        Files.writeString(folder.resolve("mine.yaml"), """
                # settle is misspelt, and so is a stage of a preset
                stages:
                  set_bias: {timeout: 5}
                  setle:
                    gates: [{number: rms, max: 1}]
                  make_safe: {timeout: 9}
                presets:
                  full:
                    - set_bias
                    - nothere
                """);
        AtomicReference<Operation> route = new AtomicReference<>();
        Pipelines pipelines =
                new Pipelines(new FollowedFiles(Clock.systemUTC()), folder, name -> Optional.ofNullable(route.get()));
        assertThat(pipelines.of("mine").stage("set_bias").timeout()).isEqualTo(5);
        assertThat(pipelines.faults()).isEmpty();

        route.set(operation(List.of("set_bias", "settle"), List.of("set_bias", "settle", "make_safe")));
        assertThat(pipelines.faults())
                .extracting(RouteFault::toString)
                .containsExactly(
                        "mine.yaml line 4: stages.setle: the route has no stage setle; it has "
                                + "set_bias, settle, make_safe",
                        "mine.yaml line 10: presets.full.1: the route has no stage nothere; it has "
                                + "set_bias, settle, make_safe");
        assertThat(pipelines.of("mine").stage("set_bias").timeout()).isEqualTo(5);

        List<String> more = List.of("set_bias", "setle", "nothere", "make_safe");
        route.set(operation(more, more));
        assertThat(pipelines.faults()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "timeout: abc | timeout: 'abc' is not a number",
                "retries: 1.5 | retries: '1.5' is not a whole number",
                "retries: [1] | retries: a list is not a whole number",
                "per_band: 1 | per_band: '1' is not true or false",
                "gates: 5 | gates: '5' is not a list",
                "gates: [{number: n_res, max: many}] | gates.0.max: 'many' is not a number",
                "gates: [{number: n_res, maxi: 1}] | gates.0.maxi: there is no such key; there are is, max, min, number",
                "gates: [null] | gates.0: has no value",
                "timeout: 0 | timeout: 0.0 is not above 0 and at most 31536000",
                "gates: [{min: 1}] | gates.0: the gate has no number",
            })
    void aFaultIsToldWithLineAndFieldInPlainWords(String line, String told) {
        assertThatThrownBy(
                        () -> PipelineSettings.read("presets: {short: [x]}\nstages:\n  set_bias:\n    " + line + "\n"))
                .satisfies(fault -> assertThat(RouteFault.of("bias_step.yaml", fault))
                        .hasToString("bias_step.yaml line 4: stages.set_bias." + told));
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
                        assertThat(RouteFault.of("mine.yaml", fault).line()).isEqualTo(6));
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

    @Test
    void aGroupHasIdsAndPatternsOnly() {
        assertThat(PipelineSettings.read("groups: {lat: [crate1slot2, 'crate2*']}\n")
                        .groups())
                .containsOnlyKeys("lat");
        for (String groups : List.of(
                "a: ['+']",
                "a: ['a b']",
                "a: ['e(']",
                "a: [1.5]",
                "a: [7]",
                "a: [b]\n  b: [c]",
                "'*': [c]",
                "a: c",
                "a: [true]")) {
            assertThatThrownBy(() -> PipelineSettings.read("groups:\n  " + groups + "\n"))
                    .as(groups)
                    .isInstanceOfSatisfying(RouteFault.InLine.class, fault -> assertThat(
                                    RouteFault.of("fleet.yaml", fault).line())
                            .isEqualTo(2));
        }
    }
}
