package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.params;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.SharedController;

/** A session is open as long as anything of it lives, whatever kind of step that is and whatever thread it is on. */
class SessionLifeIT extends SharedController {

    private static final String SCRIPT = """
            - to:
                uri: kamelet:script
                parameters:
                  script: %s
                  args: %s
            """;

    /** Takes connections and never answers. */
    private final ServerSocket silent;

    private Path folder;

    SessionLifeIT() throws IOException {
        super(ControllerOfClasses::start);
        silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        folder = Files.createDirectory(setup.folder().resolve("traces"));
        String first = script("append.py", trace() + " first");
        String last = script("append.py", trace() + " last");
        operation(setup, "pause_delay", first, "- delay:\n    constant: 700\n", last);
        operation(
                setup,
                "pause_threads",
                "- threads:\n    poolSize: 1\n    threadName: elsewhere\n",
                first,
                "- delay:\n    constant: 700\n",
                last);
        operation(
                setup,
                "pause_throttle",
                "- throttle:\n    expression:\n      constant: 1\n    timePeriodMillis: 1\n    asyncDelayed: true\n",
                first,
                "- delay:\n    constant: 700\n",
                last);
        operation(
                setup,
                "pause_parallel",
                "- multicast:\n    parallelProcessing: true\n    steps:\n"
                        + pipeline(first)
                        + pipeline("- delay:\n    constant: 700\n", last));
        operation(setup, "stuck_delay", "- delay:\n    constant: 60000\n", last);
        operation(
                setup,
                "stuck_synchronous",
                "- delay:\n    expression:\n      constant: 60000\n    asyncDelayed: false\n",
                last);
        operation(
                setup,
                "stuck_request",
                "- setBody:\n    constant: anybody there?\n",
                "- to:\n    uri: netty:tcp://127.0.0.1:" + silent.getLocalPort()
                        + "\n    parameters:\n      sync: true\n      requestTimeout: 60000\n",
                last);
        operation(
                setup,
                "stuck_parallel",
                "- multicast:\n    parallelProcessing: true\n    steps:\n"
                        + pipeline(script("wait_for_file.py", folder + "/never"))
                        + pipeline("- delay:\n    constant: 60000\n"),
                last);
        operation(
                setup,
                "stuck_loop",
                "- loop:\n    expression:\n      constant: 1000\n    steps:\n" + indented(8, """
                        - doTry:
                            steps:
                              - delay:
                                  constant: 200
                            doCatch:
                              - exception:
                                  - java.lang.Exception
                                steps:
                                  - log: swallowed
                        """),
                last);
        operation(
                setup,
                "guarded",
                "- doTry:\n    steps:\n" + indented(8, "- delay:\n    constant: 60000\n")
                        + "    doCatch:\n      - exception:\n          - java.lang.Exception\n        steps:\n"
                        + indented(12, script("append.py", trace() + " safe") + "      always: true\n"));
        operation(
                setup,
                "stuck_recipients",
                "- setBody:\n    constant: anybody there?\n",
                "- recipientList:\n    constant: netty:tcp://127.0.0.1:" + silent.getLocalPort()
                        + "?sync=true&requestTimeout=60000\n",
                last);
        Files.writeString(setup.routes().resolve("operations/stuck_redelivery.camel.yaml"), """
                - route:
                    id: stuck_redelivery
                    errorHandler:
                      defaultErrorHandler:
                        redeliveryPolicy:
                          maximumRedeliveries: 3
                          redeliveryDelay: 30000
                    from:
                      uri: direct:operation-stuck_redelivery
                      steps:
                        - choice:
                            when:
                              - simple: ${exchangeProperty.session} != null
                                steps:
                                  - to: direct:not-there?block=false
                """ + indented(18, last));
        Files.writeString(
                setup.routes().resolve("operations/stuck_redelivery_apart.camel.yaml"), """
                - route:
                    id: stuck_redelivery_apart
                    errorHandler:
                      defaultErrorHandler:
                        redeliveryPolicy:
                          maximumRedeliveries: 3
                          redeliveryDelay: 30000
                    from:
                      uri: direct:operation-stuck_redelivery_apart
                      steps:
                        - multicast:
                            parallelProcessing: true
                            steps:
                              - pipeline:
                                  steps:
                                    - log: one
                                    - to: direct:not-there?block=false
                              - pipeline:
                                  steps:
                                    - log: two
                                    - to: direct:not-there-either?block=false
                """ + indented(8, last));
        operation(
                setup,
                "guarded_apart",
                "- doTry:\n    steps:\n" + indented(8, script("wait_for_file.py", folder + "/never"))
                        + "    doCatch:\n      - exception:\n          - java.lang.Exception\n        steps:\n"
                        + "          - recipientList:\n              constant: direct:guard-a,direct:guard-b\n"
                        + "              parallelProcessing: true\n");
        Files.writeString(setup.routes().resolve("guards.camel.yaml"), guard("guard-a") + guard("guard-b"));
        operation(
                setup,
                "beside_guard",
                "- multicast:\n    parallelProcessing: true\n    steps:\n"
                        + pipeline("- doTry:\n    steps:\n" + indented(8, script("exit_with.py", "1"))
                                + "    doCatch:\n      - exception:\n          - java.lang.Exception\n"
                                + "        steps:\n"
                                + indented(12, script("wait_for_file.py", folder + "/guard") + "      always: true\n"))
                        // longer than a script takes to fail and a safeguard to begin
                        + pipeline("- delay:\n    constant: 3000\n", last));
        operation(
                setup,
                "two",
                "- multicast:\n    parallelProcessing: true\n    steps:\n"
                        + pipeline(script("wait_for_file.py", folder + "/one"))
                        + pipeline(script("wait_for_file.py", folder + "/two")));
        operation(
                setup,
                "tapped",
                "- wireTap:\n    uri: direct:tap\n    dynamicUri: false\n",
                script("wait_for_file.py", folder + "/begun"),
                first);
        Files.writeString(
                setup.routes().resolve("tap.camel.yaml"),
                """
                - route:
                    id: tap
                    from:
                      uri: direct:tap
                      steps:
                """
                        + indented(
                                8,
                                script("wait_for_file.py", folder + "/tap") + "- delay:\n    constant: 1000\n" + last));
        operation(setup, "stops", first, "- stop: {}\n", last);
        operation(setup, "free", script("wait_for_file.py", "${body[file]}"));
        Files.writeString(setup.routes().resolve("operations/free.schema.json"), """
                {"type": "object", "x-lock": false, "properties": {"file": {"type": "string"}}}
                """);
    }

    private String guard(String name) {
        return """
                - route:
                    id: %1$s
                    from:
                      uri: direct:%1$s
                      steps:
                """.formatted(name) + indented(8, script("append.py", trace() + " " + name) + "      always: true\n");
    }

    private String trace() {
        return folder + "/trace";
    }

    private static String script(String script, String args) {
        return SCRIPT.formatted(script, args);
    }

    private static String pipeline(String... steps) {
        return indented(8, "- pipeline:\n    steps:\n" + indented(8, String.join("", steps)));
    }

    private static String indented(int blanks, String yaml) {
        return yaml.lines().map(line -> " ".repeat(blanks) + line + "\n").reduce("", String::concat);
    }

    private static void operation(Setup setup, String name, String... steps) throws IOException {
        Files.writeString(
                setup.routes().resolve("operations/" + name + ".camel.yaml"),
                """
                - route:
                    id: %1$s
                    description: A test's own.
                    from:
                      uri: direct:operation-%1$s
                      steps:
                """.formatted(name) + indented(8, String.join("", steps)));
    }

    @BeforeEach
    void forget() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
    }

    @AfterEach
    void leaveNothing() throws Exception {
        for (JsonNode session : http.get("/api/v1/sessions?op=free").json()) {
            http.post("/api/v1/sessions/" + session.path("session_id").asInt() + "/abort", "{\"force\": true}");
        }
    }

    @AfterAll
    void close() throws IOException {
        silent.close();
    }

    private List<String> traces() throws IOException {
        return Files.exists(Path.of(trace())) ? Files.readAllLines(Path.of(trace())) : List.of();
    }

    private int start(String operation) throws Exception {
        return http.start(operation, params()).path("session_id").asInt();
    }

    private static List<String> messages(JsonNode session) {
        return StreamSupport.stream(session.path("messages").spliterator(), false)
                .map(message -> message.path(1).asText())
                .toList();
    }

    private void awaitRunning(int id) {
        await().atMost(PATIENCE)
                .pollInterval(10, TimeUnit.MILLISECONDS)
                .until(() -> http.session(id).path("status").asText().equals("running"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"pause_delay", "pause_threads", "pause_throttle", "pause_parallel"})
    void lastsUntilWhatGoesOnLaterIsOver(String operation) throws Exception {
        int id = start(operation);
        await().atMost(PATIENCE).pollInterval(10, TimeUnit.MILLISECONDS).until(() -> traces().contains("first"));

        http.post("/api/v1/operations/run", "{\"script\": \"exit_with.py\", \"args\": [0]}")
                .problem(409);
        assertThat(http.session(id).path("status").asText()).isEqualTo("running");
        JsonNode session = http.awaitDone(id);

        assertThat(session.path("outcome").asText()).isEqualTo("succeeded");
        assertThat(traces()).containsExactly("first", "last");
        assertThat(session.path("end_time").asDouble()
                        - session.path("start_time").asDouble())
                .isGreaterThan(0.7);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "stuck_recipients",
                "stuck_redelivery",
                "stuck_redelivery_apart",
                "stuck_delay",
                "stuck_synchronous",
                "stuck_request",
                "stuck_parallel",
                "stuck_loop"
            })
    void endsAStepThatIsNoScriptByAnAbort(String operation) throws Exception {
        int id = start(operation);
        if (operation.equals("stuck_parallel")) {
            http.awaitOutput(id, "ready");
        } else {
            awaitRunning(id);
        }

        JsonNode abort = http.runToEnd("abort", params());

        assertThat(abort.path("outcome").asText()).isEqualTo("succeeded");
        assertThat(abort.path("end_time").asDouble() - abort.path("start_time").asDouble())
                .isLessThan(5);
        assertThat(http.session(id).path("outcome").asText()).isEqualTo("aborted");
        assertThat(controller.setup().scriptProcesses().alive()).isEmpty();
        assertThat(traces()).isEmpty();
    }

    @Test
    void bringsTheCrateToASafeStateWhenAStepWasInterrupted() throws Exception {
        int id = start("guarded");
        awaitRunning(id);

        http.runToEnd("abort", params());

        JsonNode session = http.session(id);
        assertThat(session.path("outcome").asText()).as(session.toString()).isEqualTo("aborted");
        assertThat(traces()).containsExactly("safe");
    }

    @Test
    void runsSafeguardsOnOtherThreadsToo() throws Exception {
        int id = start("guarded_apart");
        http.awaitOutput(id, "ready");

        http.runToEnd("abort", params());

        assertThat(http.session(id).path("outcome").asText()).isEqualTo("aborted");
        assertThat(traces()).containsExactlyInAnyOrder("guard-a", "guard-b");
    }

    @Test
    void startsNothingBesideOrBehindASafeguard() throws Exception {
        int id = start("beside_guard");
        await().atMost(PATIENCE).until(() -> messages(http.session(id)).stream()
                .anyMatch(text -> text.startsWith("ERROR: append.py is not started: a safeguard")));
        Files.createFile(folder.resolve("guard"));

        assertThat(http.awaitDone(id).path("outcome").asText()).isEqualTo("failed");
        assertThat(traces()).isEmpty();
    }

    /** All of it but the tap is over then. */
    private int startTapped() throws Exception {
        int id = start("tapped");
        await().atMost(PATIENCE).until(() -> count(id, "ready") == 2);
        Files.createFile(folder.resolve("begun"));
        await().atMost(PATIENCE).pollInterval(10, TimeUnit.MILLISECONDS).until(() -> traces().contains("first"));
        return id;
    }

    @Test
    void isAbortedWhereOnlyTheScriptOfATapWasLeft() throws Exception {
        int id = startTapped();

        http.runToEnd("abort", params());

        assertThat(http.session(id).path("outcome").asText()).isEqualTo("aborted");
    }

    @Test
    void reachesEachOfTwoScriptsThatRunAtATime() throws Exception {
        int id = start("two");
        await().atMost(PATIENCE).until(() -> count(id, "ready") == 2);
        Files.createFile(folder.resolve("one"));
        http.awaitOutput(id, "tidied up");
        assertThat(http.session(id).path("status").asText()).isEqualTo("running");

        http.runToEnd("abort", params());

        assertThat(http.session(id).path("outcome").asText()).isEqualTo("aborted");
        assertThat(count(id, "ready")).isEqualTo(2);
        assertThat(count(id, "found")).isOne();
        assertThat(count(id, "tidied up")).isEqualTo(2);
        assertThat(controller.setup().scriptProcesses().alive()).isEmpty();
    }

    private int count(int id, String text) throws Exception {
        return new String(http.log(id), StandardCharsets.UTF_8).split(text, -1).length - 1;
    }

    @Test
    void waitsForTheScriptOfAWireTapAndStartsNoneAfterTheEnd() throws Exception {
        int id = startTapped();
        http.post("/api/v1/operations/run", "{\"script\": \"exit_with.py\", \"args\": [0]}")
                .problem(409);
        Files.createFile(folder.resolve("tap"));

        JsonNode session = http.awaitDone(id);
        assertThat(session.path("outcome").asText()).isEqualTo("succeeded");

        // longer than the tap's pause before its last script
        await().during(Duration.ofMillis(1300)).atMost(PATIENCE).until(() -> !traces().contains("last"));
        assertThat(http.run("exit_with.py", 0).path("outcome").asText()).isEqualTo("succeeded");
    }

    @Test
    void succeedsWhereItsRouteStopsByItself() throws Exception {
        JsonNode session = http.runToEnd("stops", params());

        assertThat(session.path("outcome").asText()).isEqualTo("succeeded");
        assertThat(traces()).containsExactly("first");
    }

    @Test
    void endsOneSessionWithoutLockAndNoOther() throws Exception {
        int one = http.start("free", params().put("file", folder + "/never"))
                .path("session_id")
                .asInt();
        int other = http.start("free", params().put("file", folder + "/other"))
                .path("session_id")
                .asInt();
        http.awaitOutput(one, "ready");
        http.awaitOutput(other, "ready");
        // that needs a lock, and neither holds it
        http.post("/api/v1/operations/abort", "{}").problem(409);

        JsonNode abort = http.runToEnd("abort", params().put("session_id", one));

        assertThat(abort.path("data").path("session_id").asInt(-1)).isEqualTo(one);
        JsonNode session = http.session(one);
        assertThat(session.path("outcome").asText()).isEqualTo("aborted");
        assertThat(messages(session)).contains("Sent SIGINT to the script and its children");
        assertThat(http.session(other).path("status").asText()).isEqualTo("running");
        Files.createFile(folder.resolve("other"));
        assertThat(http.awaitDone(other).path("outcome").asText()).isEqualTo("succeeded");
        http.post("/api/v1/sessions/" + other + "/abort", "{}").problem(409);
        http.post("/api/v1/operations/abort", "{\"session_id\": 999999}").problem(404);
    }

    @Test
    void letsAStoppedScriptTidyUp() throws Exception {
        int id = http.start(
                        "run",
                        params().put("script", "wait_for_file.py")
                                .set("args", params().arrayNode().add(folder + "/never")))
                .path("session_id")
                .asInt();
        http.awaitOutput(id, "ready\n");
        long pid = http.session(id).path("pid").asLong();
        assertThat(new ProcessBuilder("kill", "-STOP", Long.toString(pid))
                        .start()
                        .waitFor())
                .isZero();

        http.runToEnd("abort", params());

        JsonNode session = http.session(id);
        assertThat(session.path("abort").path("signals").toString()).isEqualTo("[\"INT\"]");
        assertThat(new String(http.log(id), StandardCharsets.UTF_8)).startsWith("ready\ntidied up\n");
    }
}
