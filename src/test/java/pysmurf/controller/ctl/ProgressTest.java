package pysmurf.controller.ctl;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.session.Json;

class ProgressTest {

    private static final double ELAPSED = 1.44;

    private final ByteArrayOutputStream written = new ByteArrayOutputStream();
    private final Progress lines = progress(0);

    private Progress progress(int columns) {
        return new Progress(new PrintStream(written, true, StandardCharsets.UTF_8), columns);
    }

    private static ObjectNode session(String... stages) {
        ObjectNode session = Json.object();
        ArrayNode list = session.putArray("stages");
        for (String stage : stages) {
            String[] words = stage.split(" ");
            list.addObject().put("name", words[0]).put("status", words[1]);
        }
        return session;
    }

    private static ObjectNode at(String stage, int done, int total, String... stages) {
        ObjectNode session = session(stages);
        session.putObject("data")
                .putObject("progress")
                .put("stage", stage)
                .put("band", 3)
                .put("done", done)
                .put("total", total);
        return session;
    }

    private String written() {
        return written.toString(StandardCharsets.UTF_8);
    }

    private String bar(ObjectNode session, int width) {
        progress(width + 1).show(session, ELAPSED);
        return written().replaceFirst("^\r", "").replaceFirst("\033\\[K$", "");
    }

    @Test
    void isStartingBeforeAStageRuns() {
        assertThat(bar(session("setup_amps not_run", "find_freq not_run"), 79))
                .isEqualTo("starting  [..............................]    1.4 s");
    }

    @Test
    void showsStageBandChannelsAndTime() {
        String[] stages = {"setup_amps succeeded", "find_freq running", "setup_notches not_run"};

        assertThat(bar(at("find_freq", 32, 64, stages), 99))
                .isEqualTo("stage 2 of 3  find_freq  band 3  [###############...............]  32 of 64    1.4 s");
    }

    @ParameterizedTest
    @ValueSource(ints = {10, 20, 40, 60, 61, 62, 63, 64, 65, 66, 70, 79, 200})
    void isNeverWiderThanTheTerminal(int columns) {
        assertThat(bar(at("find_freq", 64, 64, "setup_amps succeeded", "find_freq running"), columns))
                .hasSizeLessThanOrEqualTo(columns)
                .startsWith("stage 2 of");
    }

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 0", "32, 15", "63, 29", "64, 30", "70, 30", "-1, 0"})
    void fillsTheBarOnlyAsFarAsItIs(int done, int filled) {
        assertThat(bar(at("find_freq", done, 64, "find_freq running"), 99))
                .contains("[" + "#".repeat(filled) + ".".repeat(30 - filled) + "]");
    }

    @Test
    void countsNeitherSkippedStagesNorASafeStateThatIsNotNeeded() {
        assertThat(bar(
                        session("preflight succeeded", "load_tune skipped", "find_freq running", "safe_state not_run"),
                        99))
                .startsWith("stage 2 of 2  find_freq");
    }

    @Test
    void countsASafeStateThatIsNeeded() {
        assertThat(bar(session("find_freq failed", "setup_notches not_run", "safe_state running"), 99))
                .startsWith("stage 3 of 3  safe_state");
    }

    @Test
    void showsNoProgressOfTheStageBefore() {
        assertThat(bar(at("find_freq", 64, 64, "find_freq succeeded", "setup_notches running"), 99))
                .startsWith("stage 2 of 2  setup_notches  [.");
    }

    @Test
    void isOneLineOnATerminal() {
        Progress drawn = progress(80);
        drawn.show(session("find_freq running"), 0);
        drawn.show(at("find_freq", 1, 64, "find_freq running"), ELAPSED);
        drawn.clear();

        assertThat(written()).doesNotContain("\n").contains("1 of 64").endsWith("\r\033[K");
    }

    @Test
    void isAFewPlainLinesElsewhere() {
        lines.show(session("find_freq running"), 0);
        for (int done = 1; done <= 64; done++) {
            lines.show(at("find_freq", done, 64, "find_freq running"), 0.02 * done);
        }
        lines.clear();

        assertThat(written().lines())
                .containsExactly(
                        "  0.0 s  stage 1 of 1  find_freq",
                        "  0.5 s  stage 1 of 1  find_freq  band 3, 25 of 64",
                        "  1.0 s  stage 1 of 1  find_freq  band 3, 50 of 64");
    }

    @Test
    void tellsOfAStageThatWasOverBeforeItWasSeen() {
        lines.show(session("preflight succeeded", "setup_amps succeeded", "find_freq running"), 1);

        assertThat(written().lines())
                .containsExactly(
                        "  1.0 s  stage 1 of 3  preflight",
                        "  1.0 s  stage 2 of 3  setup_amps",
                        "  1.0 s  stage 3 of 3  find_freq");
    }
}
