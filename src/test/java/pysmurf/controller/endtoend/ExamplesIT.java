package pysmurf.controller.endtoend;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.params;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.FreePort;
import pysmurf.controller.driver.Python;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.SharedController;

/** What the integrator's guide shows, docs/examples, works when it is copied into a controller that runs. */
class ExamplesIT extends SharedController {

    private static final Path EXAMPLES = Setup.PROJECT.resolve("docs/examples");
    private Path heard;
    private Process listener;

    ExamplesIT() {
        super(ControllerOfClasses::start);
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        setup.with("scripts.roots", setup.folder().resolve("config/scripts"));
        int port = FreePort.udp();
        setup.with("publisher.destinations", "127.0.0.1:" + port);
        heard = setup.folder().resolve("heard.txt");
        listener = new ProcessBuilder(
                        Python.interpreter(),
                        EXAMPLES.resolve("udp_listener.py").toString(),
                        Integer.toString(port))
                .redirectErrorStream(true)
                .redirectOutput(heard.toFile())
                .start();
    }

    /** The block comes last: until then the pipeline that uses it is refused, and so tried again. */
    @BeforeAll
    void copyTheExamples() throws Exception {
        copy("config", controller.setup().folder().resolve("config"));
        copy("routes/operations", controller.setup().routes().resolve("operations"));
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(http.get("/observe/health")
                        .json()
                        .at("/checks/routes/broken/0/file")
                        .asText())
                .isEqualTo("operations/bench_step.camel.yaml"));
        copy("routes/kamelets", controller.setup().routes().resolve("kamelets"));
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(http.get("/api/v1/operations").json())
                        .extracting(operation -> operation.path("name").asText())
                        .contains("bench_set", "bench_step", "bench_poll"));
    }

    @AfterAll
    void stopListening() {
        listener.destroy();
    }

    private static void copy(String folder, Path to) throws IOException {
        Path from = EXAMPLES.resolve(folder);
        try (Stream<Path> files = Files.walk(from)) {
            files.filter(Files::isRegularFile).forEach(file -> {
                try {
                    Path target = to.resolve(from.relativize(file));
                    Files.createDirectories(target.getParent());
                    Files.copy(file, target);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });
        }
    }

    private static ObjectNode step(double volts, int... bands) {
        ObjectNode params = params().put("volts", volts);
        for (int band : bands) {
            params.withArray("bands").add(band);
        }
        return params;
    }

    private static JsonNode stage(JsonNode session, String name) {
        return StreamSupport.stream(session.path("stages").spliterator(), false)
                .filter(stage -> stage.path("name").asText().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no stage " + name + " in " + session));
    }

    private static List<String> stages(JsonNode session) {
        return StreamSupport.stream(session.path("stages").spliterator(), false)
                .map(stage ->
                        stage.path("name").asText() + " " + stage.path("status").asText())
                .toList();
    }

    @Test
    void anOperationTakesItsParametersAsOptions() throws Exception {
        JsonNode session = http.runToEnd("bench_set", step(1.5, 0, 1));

        assertThat(session.path("outcome").asText()).as(session.toString()).isEqualTo("succeeded");
        assertThat(session.path("messages").toString()).contains("bias of bands [0, 1] is 1.5 V");
        JsonNode problem =
                http.post("/api/v1/operations/bench_set", step(9)).expect(400).json();
        assertThat(problem.at("/errors/0/field").asText()).isEqualTo("volts");
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(heard)
                .content()
                .contains("set_bias.py session_log \"bias of bands [0, 1] is 1.5 V\"")
                .contains("controller:bench_set session_data {\"session_id\": " + session.path("session_id")));
    }

    @Test
    void aPipelineRunsItsStagesTriesOneAgainAndRegistersItsFiles() throws Exception {
        JsonNode session = http.runToEnd("bench_step", step(1.5, 0, 1));

        assertThat(session.path("outcome").asText()).as(session.toString()).isEqualTo("succeeded");
        assertThat(stages(session)).containsExactly("set_bias succeeded", "settle succeeded", "measure_step succeeded");
        assertThat(session.path("messages").toString())
                .contains("settle failed and is tried again: band 0: drift_uv 8 is above 5");
        assertThat(stage(session, "measure_step").at("/numbers/1/response_ua").asDouble())
                .isEqualTo(3);
        assertThat(session.path("files"))
                .extracting(file -> file.path("type").asText())
                .containsExactly("bench_step", "bench_step", "summary");
    }

    @Test
    void aGateThatFailsEndsInTheSafeState() throws Exception {
        JsonNode session = http.runToEnd("bench_step", step(0.1));

        assertThat(session.path("outcome").asText()).isEqualTo("failed");
        assertThat(stages(session))
                .containsExactly(
                        "set_bias succeeded", "settle succeeded", "measure_step failed", "safe_state succeeded");
        assertThat(stage(session, "measure_step").path("detail").asText())
                .isEqualTo("band 0: response_ua 0.2 is below 0.5");
        assertThat(stage(session, "safe_state").at("/numbers/0/quiet").asBoolean())
                .isTrue();
    }

    @Test
    void aBandCanBeGivenUpAndAPresetLeavesStagesOut() throws Exception {
        JsonNode partial = http.runToEnd("bench_step", step(1.5, 5, 6).put("on_gate_fail", "skip_band"));
        assertThat(partial.path("outcome").asText()).isEqualTo("partial");
        assertThat(stage(partial, "measure_step").path("status").asText()).isEqualTo("warned");

        JsonNode again = http.runToEnd("bench_step", step(1.5, 5).put("preset", "again"));
        assertThat(stages(again)).containsExactly("measure_step succeeded");
        assertThat(stage(again, "measure_step").at("/numbers/5/response_ua").asDouble())
                .isEqualTo(3);
    }

    @Test
    void aDryRunOnlyPlans() throws Exception {
        JsonNode session = http.runToEnd("bench_step", step(1.5).put("dry_run", true));

        assertThat(session.at("/data/plan/stages").toString()).isEqualTo("[\"set_bias\",\"settle\",\"measure_step\"]");
        assertThat(session.path("pid").isNull()).isTrue();
    }

    @Test
    void aProcessRunsBesideOthersUntilItIsStopped() throws Exception {
        int poll = http.start("bench_poll", params()).path("session_id").asInt();
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(
                        http.session(poll).at("/data/volts").isObject())
                .isTrue());
        assertThat(http.runToEnd("bench_set", step(1.5)).path("outcome").asText())
                .isEqualTo("succeeded");
        http.post("/api/v1/operations/stop", params()).expect(409);

        http.post("/api/v1/sessions/" + poll + "/stop", params()).expect(202);

        JsonNode done = http.awaitDone(poll);
        assertThat(done.path("outcome").asText()).as(done.toString()).isEqualTo("succeeded");
        assertThat(done.path("exit_code").asInt(-1)).isZero();
        assertThat(new String(http.log(poll), UTF_8)).contains("closed");
    }
}
