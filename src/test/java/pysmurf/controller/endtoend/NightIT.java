package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.HttpClientOfController.params;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.SharedController;

/** The operations of a night on the simulator: how they end, and what a forced abort leaves. */
class NightIT extends SharedController {

    private static final Duration SOON = Duration.ofSeconds(20);

    NightIT() {
        super(ControllerOfClasses::start);
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        try (Stream<Path> files = Files.list(Setup.PROJECT.resolve("config"))) {
            for (Path file :
                    files.filter(each -> each.toString().endsWith(".yaml")).toList()) {
                Files.copy(file, setup.folder().resolve("config").resolve(file.getFileName()));
            }
        }
    }

    private static ObjectNode simulated() {
        return params().put("simulate", true);
    }

    private static ObjectNode small() {
        ObjectNode params = simulated().put("seed", 1);
        params.putArray("bands").add(0);
        params.putArray("args").add("--channels").add(16);
        return params;
    }

    private static List<String> messages(JsonNode session) {
        return StreamSupport.stream(session.path("messages").spliterator(), false)
                .map(message -> message.path(1).asText())
                .toList();
    }

    @Test
    void aSetupEndsAsTheAgents() throws Exception {
        JsonNode setup = http.runToEnd("uxm_setup", small());

        assertThat(setup.path("outcome").asText()).as(setup.toString()).isEqualTo("succeeded");
        assertThat(messages(setup))
                .endsWith("Finished UXM Setup", "Script has finished with exit code 0", "Status is now \"done\".");
        JsonNode result = setup.at("/data/result");
        assertThat(result.path("success").asBoolean()).isTrue();
        assertThat(result.path("return_val").isNull()).isTrue();
    }

    /** Its limits are those of a tune, and what a gate said is where the agent has its traceback. */
    @Test
    void aRelockThatFailsSaysWhy() throws Exception {
        ObjectNode params = small();
        params.putArray("faults").add("amp_fail");

        JsonNode relock = http.runToEnd("uxm_relock", params);

        assertThat(relock.path("outcome").asText()).isEqualTo("failed");
        assertThat(relock.at("/data/result/success").asBoolean(true)).isFalse();
        assertThat(relock.at("/data/result/traceback").asText()).contains("setup_amps failed", "hemt_id");
        assertThat(messages(relock)).doesNotContain("Finished UXM Relock");
        assertThat(relock.path("stages"))
                .filteredOn(stage -> stage.path("name").asText().equals("safe_state"))
                .extracting(stage -> stage.path("status").asText())
                .containsExactly("succeeded");
    }

    @Test
    void aForcedAbortLeavesNoStream() throws Exception {
        assertThat(http.runToEnd("uxm_setup", small()).path("outcome").asText()).isEqualTo("succeeded");
        int id = http.start("stream", simulated()).path("session_id").asInt();
        await().atMost(SOON).until(() -> http.session(id).at("/data/stream_on").asBoolean());
        assertThat(open()).isEqualTo(1);

        http.post("/api/v1/operations/abort", params().put("force", true)).expect(202);

        JsonNode stream = http.awaitDone(id);
        assertThat(stream.path("outcome").asText()).isEqualTo("aborted");
        assertThat(stream.path("stages"))
                .extracting(stage ->
                        stage.path("name").asText() + " " + stage.path("status").asText())
                .containsExactly("safe_state succeeded");
        assertThat(open()).isZero();
    }

    /** Whether a stream is open, as check_state sees it. */
    private int open() throws Exception {
        return http.runToEnd("check_state", simulated().put("test_mode", true))
                .at("/data/open_g3stream")
                .asInt(-1);
    }
}
