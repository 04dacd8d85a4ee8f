package pysmurf.controller.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.session.Json;

class ProgressTest {

    private static final Duration ELAPSED = Duration.ofMillis(1440);

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final Progress progress = new Progress(new PrintStream(written, true, StandardCharsets.UTF_8), 0);

    private static JsonNode session(String... stages) {
        ObjectNode session = Json.object();
        ArrayNode list = session.putArray("stages");
        for (String stage : stages) {
            String[] words = stage.split(" ");
            list.addObject().put("name", words[0]).put("status", words[1]);
        }
        return session;
    }

    private static JsonNode message(String stage, int done, int total) {
        ObjectNode message = Json.object();
        message.putObject("payload")
                .putObject("progress")
                .put("stage", stage)
                .put("band", 3)
                .put("done", done)
                .put("total", total);
        return message;
    }

    @Test
    void isStartingBeforeAStageRuns() {
        progress.session(session("setup_amps not_run", "find_freq not_run"), ELAPSED);

        assertThat(progress.bar(ELAPSED, 79)).isEqualTo("starting  [..............................]    1.4 s");
    }

    @Test
    void showsStageBandChannelsAndTime() {
        progress.session(session("setup_amps succeeded", "find_freq running", "setup_notches not_run"), ELAPSED);
        progress.data(message("find_freq", 32, 64), ELAPSED);

        assertThat(progress.bar(ELAPSED, 99))
                .isEqualTo("stage 2 of 3  find_freq  band 3  [###############...............]  32 of 64    1.4 s");
        assertThat(progress.plain(ELAPSED)).isEqualTo("  1.4 s  stage 2 of 3  find_freq  band 3, 32 of 64");
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 20, 40, 60, 61, 62, 63, 64, 65, 66, 70, 79, 200})
    void isNeverWiderThanTheTerminal(int columns) {
        progress.session(session("setup_amps succeeded", "find_freq running"), ELAPSED);
        progress.data(message("find_freq", 64, 64), ELAPSED);

        assertThat(progress.bar(ELAPSED, columns))
                .hasSizeLessThanOrEqualTo(columns)
                .startsWith("stage 2 of");
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 0", "32, 15", "63, 29", "64, 30", "70, 30", "-1, 0"})
    void fillsTheBarOnlyAsFarAsItIs(int done, int filled) {
        progress.session(session("find_freq running"), ELAPSED);
        progress.data(message("find_freq", done, 64), ELAPSED);

        assertThat(progress.bar(ELAPSED, 99)).contains("[" + "#".repeat(filled) + ".".repeat(30 - filled) + "]");
    }

    @Test
    void countsNeitherSkippedStagesNorASafeStateThatIsNotNeeded() {
        progress.session(
                session("preflight succeeded", "load_tune skipped", "find_freq running", "safe_state not_run"),
                ELAPSED);

        assertThat(progress.bar(ELAPSED, 99)).startsWith("stage 2 of 2  find_freq");
    }

    @Test
    void countsASafeStateThatIsNeeded() {
        progress.session(session("find_freq failed", "setup_notches not_run", "safe_state running"), ELAPSED);

        assertThat(progress.plain(ELAPSED)).endsWith("stage 3 of 3  safe_state");
    }

    @Test
    void beginsAnewWithEachStage() {
        progress.session(session("find_freq running", "setup_notches not_run"), ELAPSED);
        progress.data(message("find_freq", 64, 64), ELAPSED);

        progress.session(session("find_freq running", "setup_notches not_run"), ELAPSED);
        assertThat(progress.plain(ELAPSED)).endsWith("find_freq  band 3, 64 of 64");
        progress.session(session("find_freq succeeded", "setup_notches running"), ELAPSED);
        assertThat(progress.plain(ELAPSED)).endsWith("stage 2 of 2  setup_notches");
    }

    @Test
    void isNotSetBackByAStragglerOfTheStageBefore() {
        progress.session(session("find_freq succeeded", "setup_notches running"), ELAPSED);

        progress.data(message("find_freq", 64, 64), ELAPSED);
        assertThat(progress.plain(ELAPSED)).endsWith("setup_notches");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{\"payload\":{}}", "{\"payload\":\"text\"}", "{\"payload\":{\"progress\":7}}"})
    void ignoresOtherMessages(String json) throws JsonProcessingException {
        progress.session(session("find_freq running"), ELAPSED);

        progress.data(Json.read(json.getBytes(StandardCharsets.UTF_8)), ELAPSED);

        assertThat(progress.plain(ELAPSED)).endsWith("stage 1 of 1  find_freq");
    }

    @Test
    void isOneLineOnATerminal() {
        Progress drawn = new Progress(new PrintStream(written, true, StandardCharsets.UTF_8), 80);
        drawn.session(session("find_freq running"), ELAPSED);
        drawn.data(message("find_freq", 1, 64), ELAPSED);
        drawn.redraw();
        drawn.redraw();
        drawn.clear();

        assertThat(written.toString(StandardCharsets.UTF_8))
                .doesNotContain("\n")
                .contains("1 of 64")
                .endsWith("\r\033[K");
    }

    @Test
    void isAFewPlainLinesElsewhere() {
        progress.session(session("find_freq running"), Duration.ZERO);
        for (int done = 1; done <= 64; done++) {
            progress.data(message("find_freq", done, 64), Duration.ofMillis(20 * done));
            progress.redraw();
        }
        progress.clear();

        assertThat(written.toString(StandardCharsets.UTF_8).lines())
                .containsExactly(
                        "  0.0 s  stage 1 of 1  find_freq",
                        "  0.5 s  stage 1 of 1  find_freq  band 3, 25 of 64",
                        "  1.0 s  stage 1 of 1  find_freq  band 3, 50 of 64");
    }
}
