package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.params;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.HttpClientOfController;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.Python;
import pysmurf.controller.driver.SharedController;

/** An integrator's own operation: a YAML file, and perhaps a schema, dropped beside the others while the controller runs. */
class DroppedOperationIT extends SharedController {

    private static final long PACE_NANOS = 100_000_000;

    DroppedOperationIT() {
        super(ControllerOfClasses::start);
    }

    private static String route(String name, String argument) {
        return """
                - route:
                    id: %1$s
                    description: Says what it is told.
                    from:
                      uri: direct:operation-%1$s
                      steps:
                        - to:
                            uri: kamelet:script
                            parameters:
                              script: arguments.py
                              args: %2$s
                """.formatted(name, argument);
    }

    private void drop(String file, String text) throws Exception {
        Path target = controller.setup().routes().resolve("operations").resolve(file);
        Path beside = Files.writeString(controller.setup().folder().resolve(file), text);
        Files.move(beside, target);
    }

    private void awaitOperation(String name) {
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(50)).untilAsserted(() -> assertThat(
                        http.get("/api/v1/operations").json())
                .extracting(operation -> operation.path("name").asText())
                .contains(name));
    }

    private void awaitNoOperation(String name) {
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(50)).untilAsserted(() -> assertThat(
                        http.get("/api/v1/operations").json())
                .extracting(operation -> operation.path("name").asText())
                .doesNotContain(name));
    }

    private String logOf(JsonNode session) throws Exception {
        return new String(http.log(session.path("session_id").asInt()), StandardCharsets.UTF_8);
    }

    @Test
    void appearsAndWorksOverHttpAndMqtt() throws Exception {
        drop("say.camel.yaml", route("say", "${body[text]} 'two words' end"));
        awaitOperation("say");

        JsonNode session = http.runToEnd("say", params().put("text", "a b; ${header.x} $(id)"));
        assertThat(session.path("outcome").asText()).isEqualTo("succeeded");
        assertThat(session.path("op_name").asText()).isEqualTo("say");
        assertThat(logOf(session)).isEqualTo("\"a b; ${header.x} $(id)\"\n\"two words\"\n\"end\"\n");

        try (MqttWatcher watcher = MqttWatcher.of(controller)) {
            watcher.command("say", params().put("text", "over MQTT").put("command_id", "say-1"));
            JsonNode reply = watcher.awaitReply("say-1");
            assertThat(reply.path("accepted").asBoolean()).isTrue();
            JsonNode done =
                    watcher.awaitDone(reply.path("session").path("session_id").asInt());
            assertThat(logOf(done)).startsWith("\"over MQTT\"\n");
        }
    }

    @Test
    void isCheckedByItsSchema() throws Exception {
        drop("choose.schema.json", """
                {"type": "object", "required": ["level"], "additionalProperties": false, "properties": {
                  "level": {"type": "integer", "minimum": 1, "x-option": "--level"},
                  "names": {"type": "array", "items": {"type": "string"}, "default": ["a", "b"], "x-option": "--names"},
                  "where": {"type": "object", "x-option": "--where"},
                  "fast": {"type": "boolean", "default": true, "x-option": ["--fast", "--slow"]}}}
                """);
        drop("choose.camel.yaml", route("choose", "${exchangeProperty.options}"));
        awaitOperation("choose");

        JsonNode problem = http.post("/api/v1/operations/choose", "{\"level\": 0, \"colour\": 1}")
                .problem(400);
        assertThat(problem.path("errors"))
                .extracting(error -> error.path("field").asText())
                .containsExactlyInAnyOrder("level", "colour");
        JsonNode session = http.post(
                        "/api/v1/operations/choose?wait=60",
                        "{\"level\": 2, \"names\": [\"a, b\", \"\\u00fc\\n\"],"
                                + " \"where\": {\"to\": [1e-7, 5, 5.0, 1e16, true, null], \"far\": {}}}")
                .expect(200)
                .json();
        List<String> words = logOf(session).lines().toList();
        assertThat(words).hasSize(7);
        assertThat(Python.print(
                        "import json, sys\nprint([json.loads(w) for w in sys.argv[1:]])", words.toArray(String[]::new)))
                .isEqualTo("['--level', '2', '--names', '[\"a, b\", \"\u00fc\\\\n\"]', '--where',"
                        + " '{\"to\": [1e-07, 5, 5.0, 1e+16, true, null], \"far\": {}}', '--fast']");
        assertThat(session.path("params").path("fast").asBoolean()).isTrue();
    }

    /** A file that cannot be read changes nothing, and the next good version is taken. */
    @Test
    void survivesABrokenFile() throws Exception {
        drop("later.camel.yaml", "- route:\n    id: later\n    stepz: []\n");
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(50)).until(() -> http.get("/observe/health")
                .json()
                .at("/checks/routes/status")
                .asText()
                .equals("DEGRADED"));
        assertThat(http.get("/observe/health").json().at("/checks/routes").toString())
                .contains("later.camel.yaml");
        assertThat(http.run("exit_with.py", 0).path("outcome").asText()).isEqualTo("succeeded");

        Files.writeString(
                controller.setup().routes().resolve("operations/later.camel.yaml"), route("later", "at last"));
        awaitOperation("later");

        assertThat(logOf(http.runToEnd("later", params()))).isEqualTo("\"at\"\n\"last\"\n");
        await().atMost(PATIENCE).until(() -> http.get("/observe/health")
                .json()
                .at("/checks/routes/status")
                .asText()
                .equals("UP"));
    }

    /** A file that comes back after it was deleted defines nothing before it is taken, whatever its name stood for before. */
    @Test
    void isForgottenWithItsFile() throws Exception {
        drop("again.camel.yaml", route("again", "once"));
        awaitOperation("again");
        Path file = controller.setup().routes().resolve("operations/again.camel.yaml");
        Files.delete(file);
        awaitNoOperation("again");

        drop("again.camel.yaml", "- route:\n    id: again\n    stepz: []\n");
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(50)).until(() -> http.get("/observe/health")
                .json()
                .at("/checks/routes")
                .toString()
                .contains("again.camel.yaml"));
        http.post("/api/v1/operations/again", "{}").problem(404);
        Files.delete(file);
    }

    /** Whatever is accepted has a route, and ends; nothing holds the lock while it waits for one that went. */
    @Test
    void isRunOrRefusedWhileItsFileComesAndGoes() throws Exception {
        Path file = controller.setup().routes().resolve("operations/restless.camel.yaml");
        AtomicBoolean over = new AtomicBoolean();
        FutureTask<Set<Integer>> answers = new FutureTask<>(() -> ask("restless", over));
        new Thread(answers, "impatient").start();
        try {
            for (int i = 0; i < 4; i++) {
                drop("restless.camel.yaml", route("restless", "time " + i));
                awaitOperation("restless");
                Files.delete(file);
                awaitNoOperation("restless");
            }
        } finally {
            over.set(true);
        }
        assertThat(answers.get(20, TimeUnit.SECONDS)).contains(200, 404);
    }

    private Set<Integer> ask(String operation, AtomicBoolean over) throws Exception {
        Set<Integer> seen = new HashSet<>();
        while (!over.get()) {
            HttpClientOfController.Reply reply = http.post("/api/v1/operations/" + operation + "?wait=10", "{}");
            seen.add(reply.status());
            // an operation that is commanded again at once is always in use, and its file's change waits
            LockSupport.parkNanos(PACE_NANOS);
            assertThat(reply.status()).isIn(200, 404);
            if (reply.status() == 200) {
                assertThat(reply.json().path("status").asText()).isEqualTo("done");
                assertThat(reply.json().toString()).containsAnyOf("\"outcome\":\"succeeded\"", "was taken away");
            }
        }
        return seen;
    }
}
