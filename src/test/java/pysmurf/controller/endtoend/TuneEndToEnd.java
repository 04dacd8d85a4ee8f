package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.EventsWatcher;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.SharedController;

/** The composed operation tune_squids on the simulator. */
abstract class TuneEndToEnd extends SharedController {

    private static final List<String> STAGES = List.of("setup_amps", "find_freq", "serial_algs", "tracking_setup");

    private Path settings;

    TuneEndToEnd(ControllerUnderTest.Launcher launcher) {
        super(launcher);
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        settings = setup.folder().resolve("config/tune_squids.yaml");
        Files.copy(Setup.PROJECT.resolve("config/tune_squids.yaml"), settings);
    }

    private static ObjectNode simulated(int seed) {
        ObjectNode params = params().put("simulate", true).put("seed", seed);
        params.putArray("bands").add(0);
        // a small array, for the tests' sake
        params.putArray("args").add("--channels").add(16);
        return params;
    }

    private static JsonNode stage(JsonNode session, String name) {
        return StreamSupport.stream(session.path("stages").spliterator(), false)
                .filter(stage -> stage.path("name").asText().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no stage " + name + " in " + session.path("stages")));
    }

    private static List<String> ran(JsonNode session) {
        return StreamSupport.stream(session.path("stages").spliterator(), false)
                .filter(stage -> stage.path("start_time").isNumber())
                .map(stage -> stage.path("name").asText())
                .toList();
    }

    @Test
    void runsItsStagesInOrderWithTheirNumbers() throws Exception {
        JsonNode session = http.runToEnd("tune_squids", simulated(1));

        assertThat(session.path("outcome").asText()).as(session.toString()).isEqualTo("succeeded");
        assertThat(ran(session)).containsSubsequence(STAGES);
        double last = 0;
        for (JsonNode stage : session.path("stages")) {
            if (stage.path("start_time").isNumber()) {
                assertThat(stage.path("start_time").asDouble()).isGreaterThanOrEqualTo(last);
                last = stage.path("end_time").asDouble();
            }
        }
        assertThat(stage(session, "setup_amps").at("/numbers/0/hemt_id").asDouble())
                .isBetween(7.5, 8.5);
        assertThat(stage(session, "find_freq").at("/numbers/0/n_res").asInt()).isPositive();
        JsonNode tracking = stage(session, "tracking_setup").at("/numbers/0");
        assertThat(tracking.path("n_good").asInt())
                .isPositive()
                .isLessThanOrEqualTo(tracking.path("n_all").asInt());
        assertThat(session.path("files")).isNotEmpty();
        assertThat(StreamSupport.stream(session.path("files").spliterator(), false))
                .anyMatch(file -> file.path("plot").asBoolean());
        for (int n = 0; n < session.path("files").size(); n++) {
            http.get("/api/v1/sessions/" + session.path("session_id").asInt() + "/files/" + n)
                    .expect(200);
        }
    }

    @Test
    void isAbortedInTheMiddleOfAScanAndLeftSafe() throws Exception {
        try (EventsWatcher watcher = EventsWatcher.of(controller)) {
            ObjectNode params = simulated(1);
            params.putArray("faults").add("hang@serial_algs");
            int id = http.start("tune_squids", params).path("session_id").asInt();
            // A scan of the server runs from here on, whatever becomes of its client.
            watcher.await(
                    "output",
                    data -> data.path("session_id").asInt(-1) == id
                            && data.path("lines").toString().contains("hanging"));

            JsonNode busy = http.post("/api/v1/operations/run", script("exit_with.py", 0))
                    .problem(409);
            http.runToEnd("abort", params());

            assertThat(busy.path("session_id").asInt(-1)).isEqualTo(id);
            assertThat(busy.path("op_name").asText()).isEqualTo("tune_squids");
            JsonNode session = http.session(id);
            assertThat(session.path("outcome").asText()).isEqualTo("aborted");
            assertThat(stage(session, "setup_amps").path("status").asText()).isEqualTo("succeeded");
            assertThat(stage(session, "serial_algs").path("status").asText()).isEqualTo("aborted");
            assertThat(stage(session, "serial_algs").path("end_time").asDouble())
                    .isLessThanOrEqualTo(
                            stage(session, "safe_state").path("start_time").asDouble());
            assertThat(summary(session).path("stages")).isEqualTo(session.path("stages"));
            assertThat(stage(session, "tracking_setup").path("status").asText()).isEqualTo("not_run");
            assertThat(stage(session, "safe_state").path("status").asText()).isEqualTo("succeeded");
            assertThat(stage(session, "safe_state").at("/numbers/0/quiet").asBoolean())
                    .isTrue();
            JsonNode state = new ObjectMapper()
                    .readTree(controller
                            .setup()
                            .folder()
                            .resolve("data/simulator/state.json")
                            .toFile());
            assertThat(state.path("scans").isEmpty()).isTrue();
            assertThat(state.at("/tones_on/0").asInt(-1)).isZero();
            assertThat(controller.setup().scriptProcesses().alive()).isEmpty();
        }
    }

    @Test
    void failsByTheGateThoughTheScriptExitsWithZero() throws Exception {
        ObjectNode params = simulated(1);
        params.putArray("faults").add("amp_fail");
        JsonNode session = http.runToEnd("tune_squids", params);

        assertThat(session.path("outcome").asText()).isEqualTo("failed");
        assertThat(session.path("exit_code").asInt(-1)).as("that of safe_state").isZero();
        assertThat(stage(session, "setup_amps").path("status").asText()).isEqualTo("failed");
        assertThat(stage(session, "setup_amps").path("detail").asText()).containsPattern("hemt_id .* is below 7.8");
        assertThat(stage(session, "find_freq").path("status").asText()).isEqualTo("not_run");
        assertThat(stage(session, "safe_state").path("status").asText()).isEqualTo("succeeded");
        assertThat(summary(session).path("outcome").asText()).isEqualTo("failed");
    }

    @Test
    void goesOnWithoutABandThatFailsItsGateWhenAsked() throws Exception {
        String usual = Files.readString(settings);
        // of this seed band 0 has 15 resonators and band 1 has 11
        String strict = usual.replace("{number: n_res, min: 1}", "{number: n_res, min: 12}");
        assertThat(strict).isNotEqualTo(usual);
        Files.writeString(settings, strict);
        try {
            ObjectNode params = simulated(3).put("on_gate_fail", "skip_band").put("to_stage", "setup_notches");
            params.putArray("bands").add(0).add(1);
            JsonNode session = http.runToEnd("tune_squids", params);

            assertThat(session.path("outcome").asText()).as(session.toString()).isEqualTo("partial");
            assertThat(session.path("success").asBoolean(true)).isFalse();
            JsonNode search = stage(session, "find_freq");
            assertThat(search.path("status").asText()).isEqualTo("warned");
            assertThat(search.path("detail").asText()).isEqualTo("band 1: n_res 11 is below 12");
            assertThat(stage(session, "setup_notches").path("status").asText()).isEqualTo("succeeded");
            assertThat(stage(session, "setup_notches").path("numbers").has("0")).isTrue();
            assertThat(stage(session, "setup_notches").path("numbers").has("1")).isFalse();
            JsonNode summary = summary(session);
            assertThat(summary.path("outcome").asText()).isEqualTo("partial");
            assertThat(summary.at("/bands/1/find_freq/n_res").asInt()).isEqualTo(11);
        } finally {
            Files.writeString(settings, usual);
        }
    }

    private JsonNode summary(JsonNode session) throws Exception {
        for (int n = 0; n < session.path("files").size(); n++) {
            if (session.path("files").path(n).path("type").asText().equals("summary")) {
                return http.get("/api/v1/sessions/" + session.path("session_id").asInt() + "/files/" + n)
                        .json();
            }
        }
        throw new AssertionError("no summary in " + session.path("files"));
    }

    @Test
    void refusesParametersOutOfTheirRules() throws Exception {
        for (String params : List.of(
                "{\"bands\": [9]}",
                "{\"bands\": []}",
                "{\"bands\": 0}",
                "{\"bands\": [0, 0]}",
                "{\"seed\": \"x\"}",
                "{\"faults\": [\"nonsense\"]}",
                "{\"colour\": 1}")) {
            JsonNode problem =
                    http.post("/api/v1/operations/tune_squids", params).problem(400);
            assertThat(problem.path("errors").path(0).path("field").asText())
                    .as(params)
                    .isNotBlank();
        }
    }
}
