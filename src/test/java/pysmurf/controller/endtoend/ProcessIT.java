package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import pysmurf.controller.driver.ControllerOfJar;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.SharedController;

/** Operations of kind process: they run until someone stops them. */
class ProcessIT extends SharedController {

    ProcessIT() {
        super(ControllerOfJar::start);
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        write(setup, "stream", "\"x-stop-grace\": 60, \"x-data\": {\"stream_on\": false}");
        write(setup, "hasty", "\"x-stop-grace\": 0.5");
        write(setup, "check", "\"x-lock\": false, \"x-autostart\": true");
        write(setup, "again", "\"x-lock\": false, \"x-autostart\": true");
        // each life listens elsewhere
        setup.with("publisher.listen-port", 0);
    }

    private static void write(Setup setup, String name, String keywords) throws Exception {
        Path operations = setup.routes().resolve("operations");
        Files.writeString(operations.resolve(name + ".schema.json"), """
                {"type": "object", "x-kind": "process", %s, "additionalProperties": false,
                 "properties": {"how": {"type": "string", "default": "well"}}}
                """.formatted(keywords));
        Files.writeString(operations.resolve(name + ".camel.yaml"), """
                - route:
                    id: %1$s
                    description: Runs until it is stopped.
                    from:
                      uri: direct:operation-%1$s
                      steps:
                        - to: kamelet:script?script=until_stopped.py&args=RAW(${body[how]})
                """.formatted(name));
    }

    /** The one that starts by itself is left alone by what others look at. */
    @AfterEach
    void stopWhatRuns() throws Exception {
        for (JsonNode session : http.get("/api/v1/sessions").json()) {
            if (!session.path("status").asText().equals("done")) {
                http.post(path(session, "abort"), params().put("force", true)).expect(202);
                http.awaitDone(id(session));
            }
        }
    }

    private static int id(JsonNode session) {
        return session.path("session_id").asInt();
    }

    private static String path(JsonNode session, String level) {
        return "/api/v1/sessions/" + id(session) + "/" + level;
    }

    private JsonNode start(String operation, String how) throws Exception {
        JsonNode session = http.start(operation, params().put("how", how));
        http.awaitOutput(id(session), "ready");
        return session;
    }

    private JsonNode latest(String operation) throws Exception {
        return http.get("/api/v1/sessions?limit=1&op=" + operation).json().path(0);
    }

    private static List<String> messages(JsonNode session) {
        return StreamSupport.stream(session.path("messages").spliterator(), false)
                .map(message -> message.path(1).asText())
                .toList();
    }

    @Test
    void isListedByItsKind() throws Exception {
        JsonNode operations = http.get("/api/v1/operations").json();

        assertThat(operations)
                .filteredOn(operation -> operation.path("kind").asText().equals("process"))
                .extracting(operation -> operation.path("name").asText())
                .contains("check", "hasty", "stream")
                .doesNotContain("run");
        assertThat(operations)
                .filteredOn(operation -> operation.path("name").asText().equals("run"))
                .extracting(operation -> operation.path("kind").asText())
                .containsExactly("task");
    }

    @Test
    void runsUntilItIsStopped() throws Exception {
        JsonNode stream = http.start("stream", params());
        assertThat(stream.path("data").path("stream_on").isBoolean()).isTrue();
        http.awaitOutput(id(stream), "ready");

        JsonNode stop = http.post(path(stream, "stop") + "?wait=20", "{}", "Idempotency-Key", "once")
                .expect(200)
                .json();

        // its answer may have been lost
        assertThat(http.post(path(stream, "stop"), "{}", "Idempotency-Key", "once")
                        .expect(200)
                        .json()
                        .path("session_id"))
                .isEqualTo(stop.path("session_id"));
        assertThat(stop.path("op_name").asText()).isEqualTo("stop");
        assertThat(stop.path("outcome").asText()).isEqualTo("succeeded");
        assertThat(stop.path("data").path("session_id").asInt()).isEqualTo(id(stream));
        JsonNode stopped = http.session(id(stream));
        assertThat(stopped.path("outcome").asText()).isEqualTo("succeeded");
        assertThat(stopped.path("exit_code").asInt(-1)).isZero();
        assertThat(stopped.path("abort").isNull()).isTrue();
        assertThat(messages(stopped))
                .containsSubsequence(
                        "Status is now \"running\".",
                        "Stop requested by http 127.0.0.1",
                        "Status is now \"stopping\".",
                        "Status is now \"done\".");
        assertThat(new String(http.log(id(stream)), StandardCharsets.UTF_8)).endsWith("closing\n");
        http.post(path(stream, "stop"), params()).problem(409);
    }

    @Test
    void isStoppedOverMqttWhereItHoldsTheLock() throws Exception {
        JsonNode stream = start("stream", "well");
        try (MqttWatcher watcher = MqttWatcher.of(controller)) {
            watcher.command("stop", params().put("command_id", "stop-1"));

            assertThat(watcher.awaitReply("stop-1").path("accepted").asBoolean())
                    .isTrue();
            assertThat(watcher.awaitDone(id(stream)).path("outcome").asText()).isEqualTo("succeeded");
        }
    }

    /** A stop that comes while Python is still starting ends it so, whatever the script would do. */
    @Test
    void succeedsWhereTheSignalItselfEndsIt() throws Exception {
        JsonNode stream = start("stream", "plainly");

        http.post(path(stream, "stop"), params()).expect(202);

        JsonNode done = http.awaitDone(id(stream));
        assertThat(done.path("outcome").asText()).isEqualTo("succeeded");
        assertThat(done.path("exit_code").asInt()).isEqualTo(130);
        JsonNode atOnce = http.start("stream", params());
        http.post(path(atOnce, "stop"), params()).expect(202);
        assertThat(http.awaitDone(id(atOnce)).path("outcome").asText()).isEqualTo("succeeded");
    }

    @Test
    void failsWithItsExitCode() throws Exception {
        JsonNode stream = start("stream", "badly");

        http.post(path(stream, "stop"), params()).expect(202);

        JsonNode done = http.awaitDone(id(stream));
        assertThat(done.path("outcome").asText()).isEqualTo("failed");
        assertThat(done.path("exit_code").asInt()).isEqualTo(3);
    }

    @Test
    void isEndedWhereItDoesNotEndInTime() throws Exception {
        JsonNode stream = start("hasty", "never");

        JsonNode stop = http.post(path(stream, "stop") + "?wait=30", params())
                .expect(200)
                .json();

        assertThat(stop.path("outcome").asText()).isEqualTo("failed");
        JsonNode done = http.awaitDone(id(stream));
        assertThat(done.path("outcome").asText()).isEqualTo("failed");
        assertThat(messages(done)).contains("until_stopped.py did not end within 0.5 s of the stop");
    }

    @Test
    void isAbortedAlthoughItIsBeingStopped() throws Exception {
        stopWhatRuns();
        JsonNode stuck = start("check", "never");
        http.post(path(stuck, "stop"), params()).expect(202);

        http.post(path(stuck, "abort"), params().put("force", true)).expect(202);

        assertThat(http.awaitDone(id(stuck)).path("outcome").asText()).isEqualTo("aborted");
    }

    @Test
    void runsOnceAtATimeAndBesideOthers() throws Exception {
        JsonNode check = begin("check");

        JsonNode problem = http.post("/api/v1/operations/check", params()).problem(409);

        assertThat(problem.path("session_id").asInt()).isEqualTo(id(check));
        assertThat(http.run("exit_with.py", 0).path("outcome").asText()).isEqualTo("succeeded");
        assertThat(http.session(id(check)).path("status").asText()).isEqualTo("running");
    }

    /** The one that began with the controller may have been ended by another test. */
    private JsonNode begin(String operation) throws Exception {
        JsonNode session = latest(operation);
        return session.path("status").asText().equals("done") ? start(operation, "well") : session;
    }

    @Test
    void isNoTask() throws Exception {
        JsonNode run = http.start("run", script("wait_for_file.py", "/never"));

        JsonNode problem = http.post(path(run, "stop"), params()).problem(409);

        assertThat(problem.path("detail").asText()).contains("run", "is no process");
        assertThat(http.post("/api/v1/operations/stop", params()).problem(409)).isEqualTo(problem);
        http.post("/api/v1/sessions/999999/stop", params()).problem(404);
    }

    /**
     * Whether the script had been asked is not known then, so it is asked again, and ended if it takes too long. What begins with the
     * controller goes on, or begins again where it was stopped.
     */
    @Test
    void isStoppedAlthoughTheControllerDiesMeanwhile() throws Exception {
        JsonNode stream = start("hasty", "never");
        JsonNode check = begin("check");
        JsonNode again = begin("again");
        http.post(path(again, "stop"), params()).expect(202);
        assertThat(http.awaitDone(id(again)).path("outcome").asText()).isEqualTo("succeeded");
        http.post(path(stream, "stop"), params()).expect(202);
        ((ControllerOfJar) controller).kill();
        controller = ControllerOfJar.start(controller.setup());
        http = controller.http();

        JsonNode done = http.awaitDone(id(stream));

        assertThat(done.path("outcome").asText()).isEqualTo("failed");
        assertThat(messages(done)).contains("until_stopped.py did not end within 0.5 s of the stop");
        // none begins beside the one that goes on
        JsonNode goesOn = latest("check");
        assertThat(id(goesOn)).isEqualTo(id(check));
        assertThat(goesOn.path("status").asText()).isEqualTo("running");
        await().atMost(PATIENCE)
                .until(() -> latest("again").path("status").asText().equals("running"));
        assertThat(id(latest("again"))).isGreaterThan(id(again));
        assertThat(latest("again").path("requested_by").path("client").asText()).isEqualTo("autostart");
    }
}
