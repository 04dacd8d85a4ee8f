package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.EventsWatcher;
import pysmurf.controller.driver.Python;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.SharedController;

/** The operation run: what a script is given, and what becomes of what it writes. */
abstract class RunEndToEnd extends SharedController {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    RunEndToEnd(ControllerUnderTest.Launcher launcher) {
        super(launcher);
    }

    @Override
    protected void configure(Setup setup) {
        setup.with("controller.slot", "3")
                .with("mqtt.password", "secret-of-the-broker")
                .withEnvironment("MQTT_PASSWORD", "secret-of-the-broker")
                .withEnvironment("SMURFPUB_ID", "crate1slot3")
                .withEnvironment("OF_THE_SITE", "kept");
    }

    private String logOf(JsonNode session) throws Exception {
        return new String(http.log(session.path("session_id").asInt()), StandardCharsets.UTF_8);
    }

    private static int id(JsonNode session) {
        return session.path("session_id").asInt(-1);
    }

    /** Each argument reaches the script as Python's own str() of the JSON value would. */
    @Test
    void givesArgumentsAsPythonWouldPrintThem() throws Exception {
        String args = "[\"plain\", \"two words\", \"\", \"'quoted' \\\"twice\\\"\", \"$HOME `id` ; * ?\", \"--flag=1\","
                + " \"\\u00fc\\u03c6\\ud83d\\ude00\", \"line\\nbreak\", 0, -7, 123456789012345678901234567890, 1.0, 0.1,"
                + " 1e16, 1e-5, 12345678.9, true, false, null, [1, \"a\", null, [true]], {\"k\": \"v\", \"n\": 1.5}]";

        JsonNode session = http.post(
                        "/api/v1/operations/run?wait=30", "{\"script\": \"arguments.py\", \"args\": " + args + "}")
                .expect(200)
                .json();

        String expected =
                Python.print("import json, sys\nfor a in json.loads(sys.argv[1]): print(json.dumps(str(a)))", args);
        assertThat(logOf(session).stripTrailing()).isEqualTo(expected);
    }

    @Test
    void tellsTheScriptWhereItIs() throws Exception {
        JsonNode session = http.run("environment.py");
        JsonNode environment = JSON.readTree(logOf(session));

        assertThat(environment.path("SMURFPUB_BACKEND").asText()).isEqualTo("udp");
        assertThat(environment.path("SMURFPUB_ID").asText()).isEqualTo("crate1slot3");
        assertThat(environment.path("SMURFPUB_UDP_HOST").asText()).isIn("127.0.0.1", "localhost");
        assertThat(environment.path("SMURFPUB_UDP_PORT").asText())
                .isEqualTo(controller.setup().get("publisher.listen-port"));
        assertThat(environment.path("SLOT").asText()).isEqualTo("3");
        assertThat(environment.path("OCS_CONFIG_DIR").asText())
                .isEqualTo(controller.setup().folder().resolve("config").toString());
        assertThat(environment.path("PYTHONUNBUFFERED").asText()).isEqualTo("1");
        assertThat(environment.path("PYSMURF_SESSION_ID").asText()).isEqualTo(Integer.toString(id(session)));
        assertThat(environment.path("OF_THE_SITE").asText()).isEqualTo("kept");
        assertThat(environment.toString()).doesNotContain("secret-of-the-broker");
    }

    @Test
    void reportsTheExitCode() throws Exception {
        JsonNode failed = http.run("exit_with.py", 42);

        assertThat(failed.path("exit_code").asInt()).isEqualTo(42);
        assertThat(failed.path("outcome").asText()).isEqualTo("failed");
        assertThat(failed.path("success").asBoolean(true)).isFalse();
    }

    @Test
    void endsAScriptThatTakesTooLong() throws Exception {
        JsonNode session = http.runToEnd(
                "run",
                script("wait_for_file.py", folder.resolve("never").toString()).put("timeout", 1.5));

        assertThat(session.path("outcome").asText()).isEqualTo("timed_out");
        assertThat(session.path("success").asBoolean(true)).isFalse();
        assertThat(session.path("end_time").asDouble()
                        - session.path("start_time").asDouble())
                .isBetween(1.5, 11.0);
        assertThat(logOf(session)).startsWith("ready\n").contains("tidied up\n");
        assertThat(controller.setup().scriptProcesses().alive()).isEmpty();
    }

    @Test
    void keepsTheLogByteForByte() throws Exception {
        for (String kind : List.of(
                "many_lines", "one_long_line", "invalid_utf8", "stderr_first", "mixed", "no_newline", "nothing")) {
            JsonNode session = http.run("output.py", kind);

            assertThat(session.path("outcome").asText()).as(kind).isEqualTo("succeeded");
            assertThat(http.log(id(session)))
                    .as(kind)
                    .isEqualTo(Python.bytesOf(Setup.SCRIPTS.resolve("output.py"), kind));
        }
    }

    @Test
    void showsEveryLineInOrderToWhoeverWatches() throws Exception {
        try (EventsWatcher watcher = EventsWatcher.of(controller)) {
            int id = id(http.run("output.py", "mixed"));
            watcher.awaitDone(id);
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(watcher.lines(id)).hasSize(1000));
            assertThat(watcher.lines(id))
                    .isEqualTo(java.util.stream.IntStream.range(0, 1000)
                            .mapToObj(Integer::toString)
                            .toList());
        }
    }

    @Test
    void showsAlsoTheLastLineWithoutAnEnd() throws Exception {
        try (EventsWatcher watcher = EventsWatcher.of(controller)) {
            int id = id(http.run("output.py", "no_newline"));
            watcher.awaitDone(id);
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(watcher.lines(id)).containsExactly("first", "no end"));
        }
    }

    @Test
    void appendsToThePathInLog() throws Exception {
        JsonNode first = http.runToEnd("run", script("arguments.py", 1).put("log", "deep/er/run.log"));
        JsonNode second = http.runToEnd("run", script("arguments.py", 2).put("log", "deep/er/run.log"));

        assertThat(controller.setup().data().resolve("logs/deep/er/run.log")).hasContent("\"1\"\n\"2\"\n");
        assertThat(logOf(first)).isEqualTo("\"1\"\n");
        assertThat(logOf(second)).isEqualTo("\"2\"\n");
        assertThat(second.path("params").path("log").asText()).isEqualTo("deep/er/run.log");
    }

    @Test
    void appendsToAnAbsolutePathBelowTheRootsAsWell() throws Exception {
        Path file = controller.setup().data().resolve("logs/absolute.log");

        http.runToEnd("run", script("arguments.py", "here").put("log", file.toString()));

        assertThat(file).hasContent("\"here\"\n");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../outside.log", "/tmp/outside.log", "a/../../outside.log", "a\u0000b"})
    void refusesALogOutsideTheRoots(String log) throws Exception {
        JsonNode problem = http.post(
                        "/api/v1/operations/run", script("arguments.py").put("log", log))
                .problem(400);

        assertThat(problem.path("errors").path(0).path("field").asText()).isEqualTo("log");
    }

    @Test
    void keepsNothingButTheLiveStreamWithoutALog() throws Exception {
        Path gate = folder.resolve("gate");
        try (EventsWatcher watcher = EventsWatcher.of(controller)) {
            int id = id(http.start(
                    "run", script("wait_for_file.py", gate.toString()).put("log", false)));
            watcher.await("output", data -> data.path("session_id").asInt(-1) == id);
            Files.createFile(gate);
            http.awaitDone(id);
            watcher.awaitDone(id);

            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(watcher.lines(id)).containsExactly("ready", "found", "tidied up"));
            http.get("/api/v1/sessions/" + id + "/log").problem(404);
            try (var files = Files.walk(controller.setup().data())) {
                assertThat(files.filter(Files::isRegularFile)
                                .map(Path::getFileName)
                                .map(Path::toString))
                        .doesNotContain(id + ".log");
            }
        }
    }

    @Test
    void refusesArgumentsThatAreNoList() throws Exception {
        for (String args : List.of("\"-v\"", "{\"a\": 1}", "3", "null")) {
            JsonNode problem = http.post(
                            "/api/v1/operations/run", "{\"script\": \"arguments.py\", \"args\": " + args + "}")
                    .problem(400);
            assertThat(problem.path("errors").path(0).path("field").asText())
                    .as(args)
                    .isEqualTo("args");
        }
    }

    @Test
    void endsChildrenThatOutliveTheScriptAndNamesThem() throws Exception {
        JsonNode session = http.run("leaves_child.py");

        assertThat(session.path("outcome").asText()).isEqualTo("succeeded");
        assertThat(session.path("exit_code").asInt(-1)).isZero();
        assertThat(controller.setup().scriptProcesses().alive()).isEmpty();
        assertThat(StreamSupport.stream(session.path("messages").spliterator(), false)
                        .map(message -> message.path(1).asText()))
                .anyMatch(text -> text.contains("left processes behind"));
        assertThat(logOf(session)).isEqualTo("leaving\n");
    }

    @Test
    void finishesWhatTheScriptSaysItIsAndNotWhatItsChildHolds() throws Exception {
        long before = System.nanoTime();
        http.run("leaves_child.py");

        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(10));
    }

    @Test
    void takesScriptsByAbsolutePathToo() throws Exception {
        JsonNode session = http.runToEnd(
                "run",
                params().put("script", Setup.SCRIPTS.resolve("exit_with.py").toString())
                        .set("args", JSON.createArrayNode().add("0")));

        assertThat(session.path("outcome").asText()).isEqualTo("succeeded");
    }
}
