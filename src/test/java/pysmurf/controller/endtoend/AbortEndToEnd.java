package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.EventsWatcher;
import pysmurf.controller.driver.HttpClientOfController.Reply;
import pysmurf.controller.driver.SharedController;

/** The operation abort: the ladder, the whole tree, and who may ask how often. */
abstract class AbortEndToEnd extends SharedController {

    private static final String ABORT = "/api/v1/operations/abort";

    @TempDir
    Path folder;

    AbortEndToEnd(ControllerUnderTest.Launcher launcher) {
        super(launcher);
    }

    private int start(String script, Object... args) throws Exception {
        int id = http.start("run", script(script, args)).path("session_id").asInt();
        http.awaitOutput(id, "ready");
        if (script.equals("stubborn.py")) {
            http.awaitOutput(id, "grandchild ready");
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(
                            controller.setup().scriptProcesses().alive())
                    .hasSizeGreaterThanOrEqualTo(2));
        }
        return id;
    }

    private int startWaiting() throws Exception {
        return start("wait_for_file.py", folder.resolve("never").toString());
    }

    private static List<String> signals(JsonNode session) {
        return StreamSupport.stream(session.path("abort").path("signals").spliterator(), false)
                .map(JsonNode::asText)
                .toList();
    }

    private void assertAborted(JsonNode session, String... signals) {
        assertThat(session.path("status").asText()).isEqualTo("done");
        assertThat(session.path("outcome").asText()).isEqualTo("aborted");
        assertThat(session.path("success").asBoolean(true)).isFalse();
        assertThat(signals(session)).containsExactly(signals);
        assertThat(session.path("abort").path("survivors").asInt(-1)).isZero();
        assertThat(session.path("abort").path("by").asText()).isNotBlank();
        assertThat(session.path("abort").path("at").asDouble())
                .isBetween(
                        session.path("start_time").asDouble(),
                        session.path("end_time").asDouble());
        assertThat(controller.setup().scriptProcesses().alive()).isEmpty();
    }

    @Test
    void letsAScriptTidyUp() throws Exception {
        int id = startWaiting();

        JsonNode abort = http.runToEnd("abort", params());

        JsonNode session = http.session(id);
        assertAborted(session, "INT");
        assertThat(abort.path("op_name").asText()).isEqualTo("abort");
        assertThat(abort.path("outcome").asText()).isEqualTo("succeeded");
        assertThat(abort.path("end_time").asDouble())
                .isGreaterThanOrEqualTo(session.path("end_time").asDouble());
        assertThat(new String(http.log(id), StandardCharsets.UTF_8)).contains("tidied up\n");
        List<String> messages = StreamSupport.stream(session.path("messages").spliterator(), false)
                .map(message -> message.path(1).asText())
                .toList();
        assertThat(messages)
                .containsOnlyOnce("Aborted")
                .endsWith("Aborted", "Script has finished with exit code 130", "Status is now \"done\".");
    }

    @Test
    void goesOnToTermIfInterruptIsIgnored() throws Exception {
        int id = start("ignores_interrupt.py");

        http.runToEnd("abort", params());

        assertAborted(http.session(id), "INT", "TERM");
    }

    @Test
    void killsWhatIgnoresEverythingWithItsEscapedGrandchild() throws Exception {
        int id = start("stubborn.py");

        http.runToEnd("abort", params());

        assertAborted(http.session(id), "INT", "TERM", "KILL");
    }

    @Test
    void killsAtOnceByForce() throws Exception {
        int id = start("stubborn.py");
        long before = System.nanoTime();

        http.runToEnd("abort", params().put("force", true));

        assertAborted(http.session(id), "KILL");
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(10));
    }

    @Test
    void becomesMoreUrgentByForceWhileALadderRuns() throws Exception {
        int id = start("stubborn.py");
        int first = http.start("abort", params()).path("session_id").asInt();
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(
                        signals(http.get("/api/v1/sessions/" + id).json()))
                .as("the ladder runs")
                .contains("INT"));

        Reply second = http.post(ABORT, params().put("force", true));

        assertThat(second.expect(202).json().path("session_id").asInt()).isEqualTo(first);
        JsonNode session = http.awaitDone(id);
        assertThat(signals(session)).startsWith("INT").endsWith("KILL").doesNotHaveDuplicates();
        http.awaitDone(first);
        assertThat(controller.setup().scriptProcesses().alive()).isEmpty();
    }

    @Test
    void joinsASecondAbort() throws Exception {
        int id = start("ignores_interrupt.py");
        List<CompletableFuture<Reply>> aborts = java.util.stream.IntStream.range(0, 10)
                .mapToObj(i -> http.postAsync(i % 2 == 0 ? ABORT : "/api/v1/sessions/" + id + "/abort", params()))
                .toList();

        List<Reply> replies = aborts.stream().map(CompletableFuture::join).toList();

        assertThat(replies).allMatch(reply -> reply.status() == 202);
        assertThat(replies.stream().map(reply -> reply.json().path("session_id").asInt()))
                .as("one abort for all")
                .containsOnly(replies.get(0).json().path("session_id").asInt());
        assertAborted(http.awaitDone(id), "INT", "TERM");
    }

    @Test
    void hasNothingToAbort() throws Exception {
        JsonNode before = http.get("/api/v1/sessions?limit=1").json();

        JsonNode problem = http.post(ABORT, params()).problem(409);

        assertThat(problem.path("detail").asText()).contains("nothing to abort");
        assertThat(http.get("/api/v1/sessions?limit=1").json())
                .as("no session was opened")
                .isEqualTo(before);
    }

    @Test
    void hasNothingToAbortInASessionThatIsDone() throws Exception {
        int done = http.run("exit_with.py", 0).path("session_id").asInt();

        http.post("/api/v1/sessions/" + done + "/abort", params()).problem(409);
    }

    @Test
    void abortsOneSessionAndNoOther() throws Exception {
        int done = http.run("exit_with.py", 0).path("session_id").asInt();
        int id = startWaiting();

        http.post("/api/v1/sessions/" + done + "/abort", params()).problem(409);
        assertThat(http.session(id).path("status").asText()).isEqualTo("running");
        JsonNode abort = http.post("/api/v1/sessions/" + id + "/abort", params())
                .expect(202)
                .json();

        assertAborted(http.awaitDone(id), "INT");
        assertThat(http.awaitDone(abort.path("session_id").asInt())
                        .path("outcome")
                        .asText())
                .isEqualTo("succeeded");
    }

    @Test
    void knowsNoSessionThatNeverWas() throws Exception {
        http.post("/api/v1/sessions/999999/abort", params()).problem(404);
    }

    @Test
    void abortsInTheMidstOfAFlood() throws Exception {
        try (EventsWatcher watcher = EventsWatcher.of(controller)) {
            int id = http.start("run", script("flood.py")).path("session_id").asInt();
            watcher.await("output", data -> data.path("session_id").asInt(-1) == id);
            long before = System.nanoTime();

            http.runToEnd("abort", params());

            assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(10));
            assertAborted(http.session(id), "INT");
        }
    }

    @Test
    void freesTheLockWithTheEnd() throws Exception {
        startWaiting();

        http.runToEnd("abort", params());

        assertThat(http.run("exit_with.py", 0).path("outcome").asText()).isEqualTo("succeeded");
    }

    /** An abort with a command id is the same abort for ever. */
    @Test
    void repeatsAnAbortWithItsKeyAfterTheEndToo() throws Exception {
        startWaiting();
        String key = "abort-" + folder;
        JsonNode first = http.post(ABORT + "?wait=30", "{}", "Idempotency-Key", key)
                .expect(200)
                .json();

        JsonNode again =
                http.post(ABORT, "{}", "Idempotency-Key", key).expect(200).json();

        assertThat(again).isEqualTo(first);
    }

    @Test
    void refusesUnknownParameters() throws Exception {
        startWaiting();

        JsonNode problem = http.post(ABORT, params().put("forse", true)).problem(400);

        assertThat(problem.path("errors").path(0).path("field").asText()).isEqualTo("forse");
    }

    /** A script that somebody else killed ends its session, and the lock is free. */
    @Test
    void noticesThatTheScriptWasKilledByOthers() throws Exception {
        int id = startWaiting();
        long pid = http.session(id).path("pid").asLong();

        ProcessHandle.of(pid).orElseThrow().destroyForcibly();

        await().atMost(PATIENCE)
                .pollInterval(Duration.ofMillis(20))
                .until(() -> http.session(id).path("status").asText().equals("done"));
        JsonNode session = http.session(id);
        assertThat(session.path("outcome").asText()).isEqualTo("failed");
        assertThat(session.path("exit_code").asInt()).isNotZero();
        assertThat(http.run("exit_with.py", 0).path("outcome").asText()).isEqualTo("succeeded");
    }

    /** What a daemon does to get away from whoever started it helps it neither at an abort nor at its script's end. */
    @Test
    void endsADaemonWithItsScript() throws Exception {
        int id = start("daemonizes.py", folder.resolve("never").toString());
        assertThat(controller.setup().scriptProcesses().alive()).hasSize(2);

        http.runToEnd("abort", params());

        assertAborted(http.session(id), "INT", "TERM", "KILL");

        JsonNode alone = http.run("daemonizes.py");
        assertThat(alone.path("outcome").asText()).isEqualTo("succeeded");
        assertThat(alone.path("exit_code").asInt(-1)).isZero();
        assertThat(alone.path("messages").toString()).contains("The script left processes behind, which are ended");
        assertThat(controller.setup().scriptProcesses().alive()).isEmpty();
    }

    /** While nothing but the daemon is left an abort is still of use: by force it is over at once. */
    @Test
    void abortsWhereOnlyADaemonIsLeft() throws Exception {
        int id = start("daemonizes.py");
        await().atMost(PATIENCE)
                .until(() -> http.session(id).path("messages").toString().contains("left processes behind"));

        http.post(ABORT + "?wait=10", params().put("force", true)).expect(200);

        JsonNode session = http.awaitDone(id);
        assertThat(session.path("outcome").asText()).isEqualTo("aborted");
        assertThat(controller.setup().scriptProcesses().alive()).isEmpty();
    }
}
