package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfJar;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.ScriptProcesses;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.SharedController;

/** A controller that is killed while something runs, and the next one in its place. */
class CrashIT extends SharedController {

    private static final String STAGE = """
                    - to:
                        uri: kamelet:script
                        parameters:
                          stage: %s
                          script: level.py
                          args: %s
            """;
    private static final String ROUTE = """
            - route:
                id: level
                description: Measures a level three times.
                from:
                  uri: direct:operation-level
                  steps:
            """ + STAGE.formatted("first", "0") + STAGE.formatted("second", "0")
            + STAGE.formatted("third", "${exchangeProperty.params[wait]}");
    private static final String SETTINGS = """
            stages:
              third: {retries: 0, per_band: false, estimate: 1, estimate_simulated: 1,
                      gates: [{number: level, min: 1}]}
            """;
    private static final String SCRIPT = """
            import json, os, sys, time
            print("measures")
            while sys.argv[1] != "0" and not os.path.exists(sys.argv[1]):
                time.sleep(0.02)
            with open(os.environ["PYSMURF_RESULT_FILE"], "w") as result:
                json.dump({"numbers": {"level": 3}}, result)
            """;

    @TempDir
    Path folder;

    CrashIT() {
        super(ControllerOfJar::start);
    }

    /** The operation {@code beside} is {@code run} without a lock, so that one crash can meet several scripts. */
    @Override
    protected void configure(Setup setup) throws Exception {
        StopOfJarIT.dropFree(setup);
        Path operations = addBeside(setup);
        Path scripts = Files.createDirectories(setup.folder().resolve("config/scripts"));
        setup.with("scripts.roots", scripts + "," + setup.get("scripts.roots"));
        Files.writeString(scripts.resolve("level.py"), SCRIPT);
        Files.writeString(setup.folder().resolve("config/level.yaml"), SETTINGS);
        Files.writeString(operations.resolve("level.camel.yaml"), ROUTE);
        Files.writeString(operations.resolve("level.schema.json"), "{\"type\": \"object\", \"x-lock\": false}");
        wait(setup, "3s");
        // each life listens elsewhere
        setup.with("publisher.listen-port", 0);
    }

    static Path addBeside(Setup setup) throws Exception {
        Path operations = setup.routes().resolve("operations");
        Files.writeString(
                operations.resolve("beside.schema.json"),
                Files.readString(operations.resolve("run.schema.json"))
                        .replaceFirst("\"type\": \"object\",", "\"type\": \"object\", \"x-lock\": false,"));
        Files.writeString(
                operations.resolve("beside.camel.yaml"),
                Files.readString(operations.resolve("run.camel.yaml"))
                        .replace("id: run", "id: beside")
                        .replace("operation-run", "operation-beside"));
        return operations;
    }

    /** A new life is slow at first, and what ends by its first signal is not to get a second; where it is to get all, it is short. */
    private static void wait(Setup setup, String interruptGrace) {
        setup.with("abort.interrupt-grace", interruptGrace);
    }

    private void kill() {
        ((ControllerOfJar) controller).kill();
    }

    private void startAgain() throws Exception {
        controller = ControllerOfJar.start(controller.setup());
        http = controller.http();
    }

    private void killAndStartAgain() throws Exception {
        kill();
        startAgain();
    }

    private ScriptProcesses scripts() {
        return controller.setup().scriptProcesses();
    }

    private static int id(JsonNode session) {
        return session.path("session_id").asInt();
    }

    private static List<String> messages(JsonNode session) {
        return IntStream.range(0, session.path("messages").size())
                .mapToObj(n -> session.path("messages").get(n).path(1).asText())
                .toList();
    }

    private int startCounting(String operation, Path end) throws Exception {
        int id = id(http.start(operation, script("count.py", end.toString())));
        http.awaitOutput(id, "line 000010");
        return id;
    }

    private int startDaemon(Path end) throws Exception {
        int id = id(http.start("beside", script("daemonizes.py", end.toString())));
        http.awaitOutput(id, "daemon ready");
        return id;
    }

    private void abort(int id) throws Exception {
        JsonNode abort = http.post("/api/v1/sessions/" + id + "/abort?wait=20", params())
                .expect(200)
                .json();
        assertThat(abort.path("outcome").asText()).isEqualTo("succeeded");
        assertThat(http.session(id).path("outcome").asText()).isEqualTo("aborted");
    }

    private static String counted(long pid, String log) {
        int lines = (int) log.lines().count() - 2;
        return IntStream.range(0, lines)
                .mapToObj("line %06d \u00e4\n"::formatted)
                .collect(Collectors.joining("", "process " + pid + "\n", "last " + lines + "\n"));
    }

    /** Scripts go on as if nothing had happened, and so does everything that can be done with them, also at the next crash. */
    @Test
    void adoptsTheScriptsThatStillRun() throws Exception {
        int free = id(http.start("free", params()));
        http.awaitOutput(free, "ready");
        Path endOfPublishing = folder.resolve("end of publishing");
        int publishing = id(http.start("beside", script("publish.py", "until", endOfPublishing.toString())));
        http.awaitOutput(publishing, "published 100");
        int daemon = startDaemon(folder.resolve("never"));
        Path end = folder.resolve("end");
        ObjectNode once = script("count.py", end.toString()).put("timeout", 100.5);
        JsonNode before = http.post("/api/v1/operations/run", once.toString(), "Idempotency-Key", "first")
                .expect(202)
                .json();
        http.awaitOutput(id(before), "line 000010");
        long pid = http.session(id(before)).path("pid").asLong();

        killAndStartAgain();

        isTheSame(before, pid, once);
        goesOnToItsEnd(before, pid, end);
        assertThat(http.session(free).path("status").asText()).isEqualTo("running");
        abort(free);
        hearsOn(publishing, endOfPublishing);
        int counting = startCounting("run", folder.resolve("never"));
        assertThat(scripts().alive()).hasSize(3);

        killAndStartAgain();

        abort(daemon);
        abortsByItsLadder(counting);
    }

    private void isTheSame(JsonNode before, long pid, ObjectNode once) throws Exception {
        JsonNode session = http.session(id(before));
        assertThat(session.path("status").asText()).isEqualTo("running");
        assertThat(session.path("pid").asLong()).isEqualTo(pid);
        assertThat(session.path("start_time")).isEqualTo(before.path("start_time"));
        assertThat(scripts().alive()).contains(pid);
        JsonNode busy =
                http.post("/api/v1/operations/run", script("exit_with.py", 0)).problem(409);
        assertThat(busy.path("session_id").asInt()).isEqualTo(id(before));
        assertThat(id(http.post("/api/v1/operations/run", once.toString(), "Idempotency-Key", "first")
                        .expect(200)
                        .json()))
                .isEqualTo(id(before));
        http.post("/api/v1/operations/run", script("exit_with.py", 0).toString(), "Idempotency-Key", "first")
                .problem(422);
        try (MqttWatcher watcher = MqttWatcher.of(controller)) {
            watcher.command("run", once.deepCopy().put("command_id", "first"));
            JsonNode reply = watcher.awaitReply("first");
            assertThat(reply.path("reason").asText()).isEqualTo("duplicate");
            assertThat(id(reply.path("session"))).isEqualTo(id(before));
        }
    }

    private void goesOnToItsEnd(JsonNode before, long pid, Path end) throws Exception {
        try (MqttWatcher watcher = MqttWatcher.of(controller)) {
            await().atMost(PATIENCE).until(() -> !watcher.lines(id(before)).isEmpty());

            Files.createFile(end);
            await().atMost(PATIENCE).until(() -> !scripts().alive().contains(pid));
            assertThat(watcher.awaitDone(id(before)).path("outcome").asText()).isEqualTo("succeeded");
        }
        http.awaitDone(id(before));
        String log = new String(http.log(id(before)), StandardCharsets.UTF_8);
        assertThat(log).isEqualTo(counted(pid, log));
        // nothing is left to be made safe, and ids go on rising
        assertThat(id(http.run("exit_with.py", 0))).isEqualTo(id(before) + 1);
    }

    /** It sends to where it was told to, wherever the next life listens; what was sent in between is missing. */
    private void hearsOn(int publishing, Path end) throws Exception {
        long before =
                http.session(publishing).path("publisher").path("received").asLong(-1);
        await().atMost(PATIENCE)
                .until(() -> http.session(publishing)
                                .path("publisher")
                                .path("received")
                                .asLong(-1)
                        > before + 100);
        assertThat(http.session(publishing).path("status").asText()).isEqualTo("running");
        Files.createFile(end);

        JsonNode session = http.awaitDone(publishing);
        String log = new String(http.log(publishing), StandardCharsets.UTF_8).strip();
        long sent = Long.parseLong(log.substring(log.lastIndexOf(' ') + 1));
        JsonNode publisher = session.path("publisher");
        assertThat(session.path("data").path("last").asLong()).isEqualTo(sent - 1);
        assertThat(publisher.path("lost").asLong()).isPositive();
        assertThat(publisher.path("received").asLong() + publisher.path("lost").asLong())
                .isEqualTo(sent);
    }

    private void abortsByItsLadder(int id) throws Exception {
        assertThat(scripts().alive())
                .containsExactly(http.session(id).path("pid").asLong());
        JsonNode abort = http.post("/api/v1/operations/abort?wait=10", params())
                .expect(200)
                .json();

        assertThat(abort.path("outcome").asText()).isEqualTo("succeeded");
        JsonNode session = http.awaitDone(id);
        assertThat(session.path("outcome").asText()).isEqualTo("aborted");
        assertThat(session.path("abort").path("signals"))
                .as(session.toString())
                .extracting(JsonNode::asText)
                .containsExactly("INT");
        assertThat(scripts().alive()).isEmpty();
        assertThat(messages(session)).anyMatch(text -> text.contains("goes on as this session"));
    }

    /**
     * One script has ended while nobody was there to see it; one has, but not its daemon; and what a third writes can be followed
     * no more, since its log is a fifo now, for whose reader nothing waits.
     */
    @Test
    void endsWhatCannotGoOn() throws Exception {
        Path end = folder.resolve("end");
        int unreadable = startCounting("beside", folder.resolve("never"));
        int daemon = startDaemon(end);
        int gone = startCounting("run", end);
        kill();
        Files.createFile(end);
        await().atMost(PATIENCE).until(() -> scripts().alive().size() == 2);
        Path log = controller.setup().data().resolve("output/" + unreadable + ".log");
        Files.delete(log);
        assertThat(new ProcessBuilder("mkfifo", log.toString()).start().waitFor())
                .isZero();

        wait(controller.setup(), "500ms");
        startAgain();
        wait(controller.setup(), "3s");

        JsonNode session = http.session(gone);
        assertThat(session.path("status").asText()).isEqualTo("done");
        assertThat(session.path("outcome").asText()).isEqualTo("interrupted");
        assertThat(new String(http.log(gone), StandardCharsets.UTF_8)).contains("last ");
        JsonNode ended = http.awaitDone(daemon);
        assertThat(ended.path("outcome").asText()).isEqualTo("interrupted");
        assertThat(ended.path("abort").path("signals"))
                .extracting(JsonNode::asText)
                .containsExactly("INT", "TERM", "KILL");
        assertThat(http.awaitDone(unreadable).path("outcome").asText()).isEqualTo("interrupted");
        JsonNode safe = awaitSafeState(gone + 1);
        assertThat(safe.path("op_name").asText()).isEqualTo("safe_state");
        assertThat(safe.path("outcome").asText()).as(safe.toString()).isEqualTo("succeeded");
        assertThat(scripts().alive()).isEmpty();
        assertThat(id(http.run("exit_with.py", 0))).isEqualTo(gone + 2);
    }

    /** With the policy abort nothing of the script is alive when the first command can come. */
    @Test
    void endsTheScriptWhereThatIsThePolicy() throws Exception {
        int id = id(http.start("run", script("stubborn.py")));
        http.awaitOutput(id, "grandchild ready");
        kill();
        assertThat(scripts().alive()).hasSize(2);
        wait(controller.setup().with("recovery.policy", "abort"), "500ms");
        startAgain();
        wait(controller.setup().with("recovery.policy", "adopt"), "3s");

        JsonNode session = http.session(id);
        assertThat(session.path("outcome").asText()).isEqualTo("interrupted");
        assertThat(session.path("abort").path("signals"))
                .extracting(JsonNode::asText)
                .containsExactly("INT", "TERM", "KILL");
        JsonNode safe = awaitSafeState(id + 1);
        assertThat(safe.path("op_name").asText()).isEqualTo("safe_state");
        assertThat(safe.path("outcome").asText()).as(safe.toString()).isEqualTo("succeeded");
        assertThat(scripts().alive()).isEmpty();
    }

    /**
     * The stage that ran is finished, and judged where its script succeeded; those before it are what they were, what would have come
     * after it is not begun, and the crate is made safe at once.
     */
    @Test
    void finishesTheStagesThatRanAndMakesTheCrateSafe() throws Exception {
        ObjectNode tune = params().put("simulate", true).put("seed", 3).put("preset", "setup");
        tune.putArray("faults").add("hang@find_freq");
        int id = id(http.start("tune_squids", tune));
        Path released = folder.resolve("released");
        int judged = id(http.start("level", params().put("from_stage", "second").put("wait", released.toString())));
        await().atMost(PATIENCE)
                .until(() -> stage(http.session(id), "find_freq").equals("running"));
        await().atMost(PATIENCE).until(() -> !http.session(id).path("pid").isNull());
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(
                        http.session(judged).at("/stages/2/status").asText())
                .isEqualTo("running"));
        http.awaitOutput(judged, "measures\nmeasures\n");

        killAndStartAgain();
        Files.createFile(released);

        judgesTheStageThatRan(http.awaitDone(judged));
        JsonNode running = http.session(id);
        assertThat(running.path("status").asText()).isEqualTo("running");
        assertThat(stage(running, "find_freq")).isEqualTo("running");
        // the same signal that an operator would send by hand
        new ProcessBuilder("kill", "-INT", running.path("pid").asText()).start().waitFor();
        JsonNode session = http.awaitDone(id);
        assertThat(session.path("outcome").asText()).isEqualTo("interrupted");
        assertThat(stage(session, "estimate_phase_delay")).isEqualTo("succeeded");
        assertThat(stage(session, "setup_notches")).isEqualTo("not_run");
        JsonNode safe = awaitSafeState(judged + 1);
        assertThat(safe.path("op_name").asText()).isEqualTo("safe_state");
        assertThat(safe.path("outcome").asText()).as(safe.toString()).isEqualTo("succeeded");
    }

    private static void judgesTheStageThatRan(JsonNode session) {
        assertThat(session.path("outcome").asText()).as(session.toString()).isEqualTo("interrupted");
        assertThat(session.at("/stages/0/status").asText()).isEqualTo("skipped");
        assertThat(session.at("/stages/2/status").asText()).isEqualTo("succeeded");
        assertThat(session.at("/stages/2/numbers/level").asInt()).isEqualTo(3);
    }

    /** Its session is opened when the one before it is closed. */
    private JsonNode awaitSafeState(int id) {
        await().atMost(PATIENCE).until(() -> http.get("/api/v1/sessions/" + id).status() == 200);
        return http.awaitDone(id);
    }

    private static String stage(JsonNode session, String name) {
        for (JsonNode stage : session.path("stages")) {
            if (stage.path("name").asText().equals(name)) {
                return stage.path("status").asText();
            }
        }
        return "";
    }
}
