package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfJar;
import pysmurf.controller.driver.HttpClientOfController;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.Setup;

/** A controller that is killed while something runs, and the next one in its place. */
class CrashIT {

    private static final Duration SOON = Duration.ofSeconds(1);

    @TempDir
    Path folder;

    private Setup setup;
    private ControllerOfJar controller;
    private HttpClientOfController http;

    @BeforeEach
    void start() throws Exception {
        setup = Setup.in(folder.resolve("controller"));
        StopOfJarIT.dropFree(setup);
        startAgain();
    }

    private void startAgain() throws Exception {
        controller = ControllerOfJar.start(setup);
        http = controller.http();
    }

    @AfterEach
    void stop() {
        controller.close();
    }

    private static int id(JsonNode session) {
        return session.path("session_id").asInt();
    }

    private static List<String> messages(JsonNode session) {
        return IntStream.range(0, session.path("messages").size())
                .mapToObj(n -> session.path("messages").get(n).path(1).asText())
                .toList();
    }

    private int startCounting(Path end) throws Exception {
        int id = id(http.start("run", script("count.py", end.toString())));
        http.awaitOutput(id, "line 000010");
        return id;
    }

    private static String counted(long pid, String log) {
        int lines = (int) log.lines().count() - 2;
        return IntStream.range(0, lines)
                .mapToObj("line %06d \u00e4\n"::formatted)
                .collect(Collectors.joining("", "process " + pid + "\n", "last " + lines + "\n"));
    }

    /** A session that holds no lock is adopted like any other, beside one that does. */
    @Test
    void adoptsSessionsWithoutLockToo() throws Exception {
        int counting = startCounting(folder.resolve("end"));
        int free = id(http.start("free", params()));
        http.awaitOutput(free, "ready");

        controller.kill();
        startAgain();

        assertThat(http.session(free).path("status").asText()).isEqualTo("running");
        assertThat(http.post("/api/v1/sessions/" + free + "/abort?wait=20", params())
                        .expect(200)
                        .json()
                        .path("outcome")
                        .asText())
                .isEqualTo("succeeded");
        assertThat(http.session(free).path("outcome").asText()).isEqualTo("aborted");
        assertThat(http.session(counting).path("status").asText()).isEqualTo("running");
        http.runToEnd("abort", params());
        assertThat(setup.scriptProcesses().alive()).isEmpty();
    }

    /** The script goes on as if nothing had happened, and so does everything that can be done with it. */
    @Test
    void adoptsTheScriptThatStillRuns() throws Exception {
        Path end = folder.resolve("end");
        ObjectNode once = script("count.py", end.toString()).put("timeout", 100.5);
        JsonNode before = http.post("/api/v1/operations/run", once.toString(), "Idempotency-Key", "first")
                .expect(202)
                .json();
        http.awaitOutput(id(before), "line 000010");
        long pid = http.session(id(before)).path("pid").asLong();

        controller.kill();
        startAgain();

        JsonNode session = http.session(id(before));
        assertThat(session.path("status").asText()).isEqualTo("running");
        assertThat(session.path("pid").asLong()).isEqualTo(pid);
        assertThat(session.path("start_time")).isEqualTo(before.path("start_time"));
        assertThat(setup.scriptProcesses().alive()).containsExactly(pid);
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
            await().atMost(SOON).until(() -> !watcher.lines(id(before)).isEmpty());

            Files.createFile(end);
            await().atMost(SOON).until(() -> !setup.scriptProcesses().alive().contains(pid));
            await().atMost(SOON)
                    .until(() ->
                            http.session(id(before)).path("status").asText().equals("done"));
            assertThat(watcher.awaitDone(id(before)).path("outcome").asText()).isEqualTo("succeeded");
        }

        String log = new String(http.log(id(before)), StandardCharsets.UTF_8);
        assertThat(log).isEqualTo(counted(pid, log));
        // nothing is left to be made safe, and ids go on rising
        assertThat(id(http.run("exit_with.py", 0))).isEqualTo(id(before) + 1);
        assertThat(http.get("/api/v1/sessions").json()).hasSize(2);
    }

    /** It sends to where it was told to, wherever the next life would listen; what was sent in between is missing. */
    @Test
    void hearsOnWhatAnAdoptedScriptPublishes() throws Exception {
        controller.close();
        setup.with("publisher.listen-port", 0);
        startAgain();
        Path end = folder.resolve("end");
        int id = id(http.start("run", script("publish.py", "until", end.toString())));
        http.awaitOutput(id, "published 100");
        controller.kill();
        startAgain();
        long before = http.session(id).path("publisher").path("received").asLong(-1);
        await().until(() -> http.session(id).path("publisher").path("received").asLong(-1) > before + 100);

        Files.createFile(end);

        JsonNode session = http.awaitDone(id);
        String log = new String(http.log(id), StandardCharsets.UTF_8).strip();
        long sent = Long.parseLong(log.substring(log.lastIndexOf(' ') + 1));
        JsonNode publisher = session.path("publisher");
        assertThat(session.path("data").path("last").asLong()).isEqualTo(sent - 1);
        assertThat(publisher.path("lost").asLong()).isPositive();
        assertThat(publisher.path("received").asLong() + publisher.path("lost").asLong())
                .isEqualTo(sent);
    }

    /** Twice in a row, and then it is aborted by its ladder. */
    @Test
    void abortsWhatItAdopted() throws Exception {
        int id = startCounting(folder.resolve("never"));
        controller.kill();
        startAgain();
        controller.kill();
        startAgain();

        JsonNode abort = http.post("/api/v1/operations/abort?wait=10", params())
                .expect(200)
                .json();

        assertThat(abort.path("outcome").asText()).isEqualTo("succeeded");
        JsonNode session = http.awaitDone(id);
        assertThat(session.path("outcome").asText()).isEqualTo("aborted");
        assertThat(session.path("abort").path("signals"))
                .extracting(JsonNode::asText)
                .containsExactly("INT");
        assertThat(setup.scriptProcesses().alive()).isEmpty();
        assertThat(messages(session)).anyMatch(text -> text.contains("goes on as this session"));
    }

    /** Its end comes while nobody is there to see it. */
    @Test
    void closesTheSessionWhoseScriptIsGone() throws Exception {
        Path end = folder.resolve("end");
        int id = startCounting(end);
        controller.kill();
        Files.createFile(end);
        await().until(() -> setup.scriptProcesses().alive().isEmpty());

        startAgain();

        JsonNode session = http.session(id);
        assertThat(session.path("status").asText()).isEqualTo("done");
        assertThat(session.path("outcome").asText()).isEqualTo("interrupted");
        assertThat(new String(http.log(id), StandardCharsets.UTF_8)).contains("last ");
        JsonNode safe = awaitSafeState(id + 1);
        assertThat(safe.path("op_name").asText()).isEqualTo("safe_state");
        assertThat(safe.path("outcome").asText()).isEqualTo("succeeded");
        assertThat(id(http.run("exit_with.py", 0))).isEqualTo(id + 2);
    }

    /** What it writes can be followed no more, and nothing waits for a reader. */
    @Test
    void endsTheScriptWhoseLogIsAFifoNow() throws Exception {
        int id = startCounting(folder.resolve("never"));
        controller.kill();
        Path log = setup.data().resolve("output/" + id + ".log");
        Files.delete(log);
        assertThat(new ProcessBuilder("mkfifo", log.toString()).start().waitFor())
                .isZero();

        startAgain();

        assertThat(http.awaitDone(id).path("outcome").asText()).isEqualTo("interrupted");
        assertThat(setup.scriptProcesses().alive()).isEmpty();
        assertThat(awaitSafeState(id + 1).path("outcome").asText()).isEqualTo("succeeded");
    }

    /** With the policy abort nothing of the script is alive when the first command can come. */
    @Test
    void endsTheScriptWhereThatIsThePolicy() throws Exception {
        setup.with("recovery.policy", "abort");
        int id = id(http.start("run", script("stubborn.py")));
        http.awaitOutput(id, "grandchild ready");
        controller.kill();
        assertThat(setup.scriptProcesses().alive()).hasSize(2);
        controller = ControllerOfJar.start(setup);

        JsonNode session = http.session(id);
        assertThat(session.path("outcome").asText()).isEqualTo("interrupted");
        assertThat(session.path("abort").path("signals"))
                .extracting(JsonNode::asText)
                .containsExactly("INT", "TERM", "KILL");
        JsonNode safe = awaitSafeState(id + 1);
        assertThat(safe.path("op_name").asText()).isEqualTo("safe_state");
        assertThat(safe.path("outcome").asText()).isEqualTo("succeeded");
        assertThat(setup.scriptProcesses().alive()).isEmpty();
    }

    /** The stage that ran is finished; what would have come after it is not begun; the crate is made safe at once. */
    @Test
    void finishesTheStageOfATuneAndMakesTheCrateSafe() throws Exception {
        ObjectNode tune = params().put("simulate", true).put("seed", 3).put("preset", "setup");
        tune.putArray("faults").add("hang@find_freq");
        int id = id(http.start("tune_squids", tune));
        await().atMost(Duration.ofSeconds(30))
                .until(() -> stage(http.session(id), "find_freq").equals("running"));
        await().until(() -> !http.session(id).path("pid").isNull());
        controller.kill();

        startAgain();

        JsonNode running = http.session(id);
        assertThat(running.path("status").asText()).isEqualTo("running");
        assertThat(stage(running, "find_freq")).isEqualTo("running");
        // the same signal that an operator would send by hand
        new ProcessBuilder("kill", "-INT", running.path("pid").asText()).start().waitFor();
        JsonNode session = http.awaitDone(id);
        assertThat(session.path("outcome").asText()).isEqualTo("interrupted");
        assertThat(stage(session, "estimate_phase_delay")).isEqualTo("succeeded");
        assertThat(stage(session, "setup_notches")).isEqualTo("not_run");
        JsonNode safe = awaitSafeState(id + 1);
        assertThat(safe.path("op_name").asText()).isEqualTo("safe_state");
        assertThat(safe.path("outcome").asText()).isEqualTo("succeeded");
    }

    /** Its session is opened when the one before it is closed. */
    private JsonNode awaitSafeState(int id) {
        await().until(() -> http.get("/api/v1/sessions/" + id).status() == 200);
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

    /** Its daemon is the script's also in the next life, whether the script outlives the controller or not. */
    @Test
    void findsTheDaemonOfAScriptAgain() throws Exception {
        int adopted = startDaemon(folder.resolve("never"));
        controller.kill();
        startAgain();
        http.post("/api/v1/operations/abort?wait=10", params()).expect(200);
        assertThat(http.awaitDone(adopted).path("outcome").asText()).isEqualTo("aborted");
        assertThat(setup.scriptProcesses().alive()).isEmpty();

        Path end = folder.resolve("end");
        int left = startDaemon(end);
        controller.kill();
        Files.createFile(end);
        await().until(() -> setup.scriptProcesses().alive().size() == 1);
        startAgain();
        JsonNode session = http.awaitDone(left);
        assertThat(session.path("outcome").asText()).isEqualTo("interrupted");
        assertThat(session.path("abort").path("signals"))
                .extracting(JsonNode::asText)
                .containsExactly("INT", "TERM", "KILL");
        awaitSafeState(left + 1);
        assertThat(setup.scriptProcesses().alive()).isEmpty();
    }

    private int startDaemon(Path end) throws Exception {
        int id = id(http.start("run", script("daemonizes.py", end.toString())));
        http.awaitOutput(id, "daemon ready");
        assertThat(setup.scriptProcesses().alive()).hasSize(2);
        return id;
    }
}
