package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.SharedController;
import pysmurf.controller.driver.TestBroker;

/** Commands, answers and news over MQTT: all that another version of the protocol, or another broker, may do in another way. */
abstract class MqttEndToEnd extends SharedController {

    @TempDir
    Path folder;

    protected MqttWatcher watcher;
    private TestBroker broker;

    MqttEndToEnd(ControllerUnderTest.Launcher launcher) {
        super(launcher);
    }

    /** For {@link #configure}: the controller is given Debian's mosquitto in place of its own broker. */
    protected final void withMosquitto(Setup setup) throws Exception {
        broker = TestBroker.mosquitto(setup.folder());
        broker.start();
        setup.withBroker(broker.url());
    }

    @BeforeAll
    void watch() throws Exception {
        watcher = MqttWatcher.of(controller);
    }

    @AfterAll
    void stopWatching() throws Exception {
        if (watcher != null) {
            watcher.close();
        }
        if (broker != null) {
            broker.close();
        }
    }

    @BeforeEach
    void forgetWhatOthersHeard() {
        watcher.forget();
    }

    static String freshId() {
        return "id-" + UUID.randomUUID();
    }

    JsonNode newest() throws Exception {
        return http.get("/api/v1/sessions?limit=1").json();
    }

    /** What another test left may still be coming. */
    private List<JsonNode> ofSession(String level, int id) {
        return watcher.messages(level).stream()
                .map(MqttWatcher.Message::json)
                .filter(message -> message.path("session_id").asInt(-1) == id)
                .toList();
    }

    static void assertRefused(JsonNode reply, String reason) {
        assertThat(reply.path("accepted").asBoolean(true)).isFalse();
        assertThat(reply.path("reason").asText()).isEqualTo(reason);
        assertThat(reply.path("detail").asText()).isNotBlank();
    }

    @Test
    void startsACommandAndAnswersAtOnce() throws Exception {
        String id = freshId();
        watcher.command(
                "run",
                script("wait_for_file.py", folder.resolve("gate").toString()).put("command_id", id));

        JsonNode reply = watcher.awaitReply(id);

        assertThat(reply.path("accepted").asBoolean()).isTrue();
        assertThat(reply.path("reason").isNull()).isTrue();
        assertThat(reply.path("session").path("op_name").asText()).isEqualTo("run");
        assertThat(reply.path("session").path("command_id").asText()).isEqualTo(id);
        assertThat(reply.path("session").path("requested_by").path("transport").asText())
                .isEqualTo("mqtt");
        assertThat(reply.path("session").path("params").has("command_id")).isFalse();
        Files.createFile(folder.resolve("gate"));
        int session = reply.path("session").path("session_id").asInt();
        assertThat(watcher.awaitDone(session).path("outcome").asText()).isEqualTo("succeeded");
    }

    @Test
    void tellsOfEachChangeOfASession() throws Exception {
        int id = http.run("exit_with.py", 5).path("session_id").asInt();

        JsonNode done = watcher.awaitDone(id);

        assertThat(ofSession("session", id))
                .extracting(session -> session.path("status").asText())
                .containsExactly("starting", "running", "done");
        assertThat(done).isEqualTo(http.session(id));
        assertThat(done.path("exit_code").asInt()).isEqualTo(5);
    }

    @Test
    void keepsAStatusThatTellsWhoIsBusy() throws Exception {
        try (MqttWatcher fresh = MqttWatcher.of(controller)) {
            keepsAStatus(fresh);
        }
    }

    private void keepsAStatus(MqttWatcher fresh) throws Exception {
        JsonNode idle = fresh.await(
                        "status", message -> !message.json().path("busy").asBoolean(true))
                .json();
        assertThat(idle.path("online").asBoolean()).isTrue();
        assertThat(idle.path("session_id").isNull()).isTrue();
        assertThat(idle.path("op_name").isNull()).isTrue();
        assertThat(idle.path("since").isNumber()).isTrue();
        int id = http.start(
                        "run", script("wait_for_file.py", folder.resolve("gate").toString()))
                .path("session_id")
                .asInt();

        JsonNode busy = fresh.await(
                        "status", message -> message.json().path("busy").asBoolean())
                .json();

        assertThat(busy.path("session_id").asInt(-1)).isEqualTo(id);
        assertThat(busy.path("op_name").asText()).isEqualTo("run");
        await().atMost(PATIENCE).untilAsserted(() -> {
            try (MqttWatcher late = MqttWatcher.of(controller)) {
                MqttWatcher.Message kept = late.await("status", MqttWatcher.Message::retained);
                assertThat(kept.json()).isEqualTo(busy);
            }
        });
        Files.createFile(folder.resolve("gate"));
        http.awaitDone(id);
    }

    @Test
    void sendsOutputInBatchesInOrder() throws Exception {
        int id = http.run("output.py", "mixed").path("session_id").asInt();

        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(watcher.lines(id)).hasSize(1000));
        assertThat(watcher.lines(id))
                .isEqualTo(java.util.stream.IntStream.range(0, 1000)
                        .mapToObj(Integer::toString)
                        .toList());
        List<Long> numbers = ofSession("output", id).stream()
                .map(output -> output.path("seq").asLong())
                .toList();
        assertThat(numbers).isSorted().doesNotHaveDuplicates().startsWith(0L);
    }

    @Test
    void answersWhereItIsAsked() throws Exception {
        String id = freshId();
        watcher.command(
                "run",
                script("exit_with.py", 0).put("command_id", id).put("reply_to", controller.topic("answers/here")));

        JsonNode reply = watcher.await(
                        "answers/here",
                        message -> message.json().path("command_id").asText().equals(id))
                .json();

        assertThat(reply.path("accepted").asBoolean()).isTrue();
        watcher.awaitDone(reply.path("session").path("session_id").asInt());
    }

    @Test
    void startsACommandWithoutPayloadToo() throws Exception {
        watcher.command("abort", "");

        JsonNode reply = watcher.await(
                        "reply", message -> message.json().path("command_id").isNull())
                .json();

        assertRefused(reply, "nothing_to_abort");
        assertThat(reply.path("session").isNull()).isTrue();
    }

    @Test
    void refusesWhileAnotherRunsAndAborts() throws Exception {
        String first = freshId();
        String second = freshId();
        String abort = freshId();
        watcher.command("run", script("wait_for_file.py", "/never/there").put("command_id", first));
        int id = watcher.awaitReply(first).path("session").path("session_id").asInt();
        http.awaitOutput(id, "ready");

        watcher.command("run", script("exit_with.py", 0).put("command_id", second));
        JsonNode busy = watcher.awaitReply(second);
        watcher.command("abort", params().put("command_id", abort));

        assertRefused(busy, "busy");
        assertThat(busy.path("detail").asText()).contains("run");
        assertThat(watcher.awaitReply(abort).path("accepted").asBoolean()).isTrue();
        JsonNode aborted = watcher.awaitDone(id);
        assertThat(aborted.path("outcome").asText()).isEqualTo("aborted");
        assertThat(aborted.path("abort").path("by").asText()).contains("mqtt");
    }

    /** Commands in a row never keep an abort from getting through. */
    @Test
    void takesAnAbortInACrowd() throws Exception {
        int id = http.start("run", script("flood.py")).path("session_id").asInt();
        int commands = 20;
        for (int i = 0; i < commands; i++) {
            watcher.command("run", script("exit_with.py", 0));
        }
        watcher.command("abort", params());

        assertThat(http.awaitDone(id).path("outcome").asText()).isEqualTo("aborted");
        watcher.awaitDone(id);
        // and each is answered
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(watcher.messages("reply")).hasSize(commands + 1));
    }
}
