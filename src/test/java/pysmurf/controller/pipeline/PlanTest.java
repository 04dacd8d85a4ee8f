package pysmurf.controller.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.OperationFailure;

class PlanTest {

    /** {@link System#nanoTime} begins anywhere. */
    private static final long NOW = Long.MAX_VALUE - 2_000_000_000L;

    private static final List<String> ROUTE = List.of("setup_amps", "find_freq", "setup_notches", "take_noise");
    private static final PipelineSettings SETTINGS = new PipelineSettings(
            List.of(),
            Map.of(
                    "setup_amps", new StageSettings(60.0, 0, false, 60, 1, List.of()),
                    "find_freq", new StageSettings(90.0, 0, true, 30, 0.5, List.of())),
            Map.of("setup", ROUTE, "check", List.of("take_noise")),
            Map.of());

    private static Plan plan(String params) {
        try {
            JsonNode json = Json.read(params.replace('\'', '"').getBytes());
            return Plan.of(SETTINGS, ROUTE, json, NOW);
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }

    @Test
    void aPresetPicksStagesInTheOrderOfTheRoute() {
        assertThat(plan("{'preset': 'setup'}").wanted()).isEqualTo(ROUTE);
        assertThat(plan("{'preset': 'check'}").wanted()).containsExactly("take_noise");
        assertThat(plan("{'preset': 'check'}").wants("find_freq")).isFalse();
    }

    @Test
    void stagesOutsideFromAndToAreSkippedAndStillListed() {
        Plan plan = plan("{'preset': 'setup', 'from_stage': 'find_freq', 'to_stage': 'setup_notches'}");

        assertThat(plan.wanted()).containsExactly("find_freq", "setup_notches");
        assertThat(plan.listed()).isEqualTo(ROUTE);
        assertThat(plan.isSkipped("setup_amps")).isTrue();
        assertThat(plan.isSkipped("take_noise")).isTrue();
    }

    @Test
    void namedStagesAreSkipped() {
        assertThat(plan("{'preset': 'setup', 'skip': ['find_freq']}").wanted())
                .containsExactly("setup_amps", "setup_notches", "take_noise");
    }

    @Test
    void contradictionsNameTheParameter() {
        assertThatThrownBy(() -> plan("{'preset': 'check', 'from_stage': 'find_freq'}"))
                .isInstanceOf(OperationFailure.class)
                .hasMessageStartingWith("from_stage: find_freq is none of this plan's stages");
        assertThatThrownBy(() -> plan("{'preset': 'setup', 'from_stage': 'take_noise', 'to_stage': 'find_freq'}"))
                .hasMessage("from_stage: comes after to_stage");
    }

    @Test
    void anOperationWithoutStagesNeedsNoPlan() throws Exception {
        assertThat(Plan.of(PipelineSettings.NONE, List.of(), Json.object(), NOW).wanted())
                .isEmpty();
    }

    @Test
    void theEstimateCountsBands() {
        assertThat(plan("{'preset': 'setup', 'bands': [0, 1], 'simulate': false}")
                        .toJson()
                        .path("estimate_s")
                        .asDouble())
                .isEqualTo(60 + 2 * 30.0);
        assertThat(plan("{'preset': 'setup', 'bands': [0, 1], 'simulate': true}")
                        .toJson()
                        .path("estimate_s")
                        .asDouble())
                .isEqualTo(1 + 2 * 0.5);
    }

    @Test
    void aLostBandIsNoLongerWorkedOn() {
        Plan plan = plan("{'bands': [0, 1, 3]}");
        plan.lose(1, "n_res 0 is below 1");

        assertThat(plan.bands()).containsExactly(0, 3);
        assertThat(plan.lost()).containsExactly(Map.entry(1, "n_res 0 is below 1"));
    }

    @Test
    void theTimeForTheWholeRunsFromTheStart() {
        assertThat(plan("{'timeout': 2.5}").remaining(NOW + 1_000_000_000L)).isEqualTo(Duration.ofMillis(1500));
        assertThat(plan("{}").remaining(NOW)).isNull();
    }
}
