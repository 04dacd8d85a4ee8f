package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.EventsWatcher;
import pysmurf.controller.driver.MqttWatcher;

class RunIT extends RunEndToEnd {

    /** More than there are threads to open files on. */
    private static final int MANY = 30;

    RunIT() {
        super(ControllerOfClasses::start);
    }

    private static Path fifo(Path path) throws Exception {
        Files.createDirectories(path.getParent());
        assertThat(new ProcessBuilder("mkfifo", path.toString()).start().waitFor())
                .isZero();
        return path;
    }

    /** By the OCS bridge; the session that came of it. */
    private int call(String params) throws Exception {
        String procedure = "observatory." + controller.setup().id() + ".ops";
        return http.post(
                        "/call",
                        "{\"procedure\": \"" + procedure + "\", \"args\": [\"start\", \"run\", " + params + "]}")
                .expect(200)
                .json()
                .at("/args/0/2/session_id")
                .asInt(-1);
    }

    private static List<String> messages(JsonNode session) {
        return StreamSupport.stream(session.path("messages").spliterator(), false)
                .map(message -> message.path(1).asText())
                .toList();
    }

    @ParameterizedTest
    @CsvSource({
        "fifo, is no regular file",
        "to-fifo, is no regular file",
        "folder, is a folder",
        "fifo/a, is below a file"
    })
    @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void refusesALogThatIsNoFile(String log, String why) throws Exception {
        Path logs = controller.setup().data().resolve("logs");
        Files.createDirectories(logs.resolve("folder"));
        if (!Files.exists(logs.resolve("fifo"))) {
            Files.createSymbolicLink(logs.resolve("to-fifo"), fifo(logs.resolve("fifo")));
        }
        JsonNode params = script("exit_with.py", 0).put("log", log);

        JsonNode problem = http.post("/api/v1/operations/run", params).problem(400);
        assertThat(problem.path("errors").path(0).path("field").asText()).isEqualTo("log");
        assertThat(problem.path("errors").path(0).path("detail").asText()).startsWith(why);

        try (MqttWatcher watcher = MqttWatcher.of(controller)) {
            watcher.command(
                    "run", params.deepCopy().toString().replaceFirst("\\{", "{\"command_id\": \"" + log + "\","));
            JsonNode reply = watcher.awaitReply(log);
            assertThat(reply.path("accepted").asBoolean(true)).isFalse();
            assertThat(reply.path("detail").asText()).contains(why);
        }
        JsonNode session = http.awaitDone(call(params.toString()));
        assertThat(session.path("success").asBoolean(true)).isFalse();
        assertThat(messages(session)).anyMatch(text -> text.contains(why));
    }

    /** Half a character can be given to no script, by whichever way it comes. */
    @Test
    void refusesHalfASurrogatePair() throws Exception {
        String body = "{\"command_id\": \"half\", \"script\": \"arguments.py\", \"args\": [\"fine \\ud83d\\ude00\","
                + " {\"a\": [\"\\ud800\"]}]}";
        String args = body.replace("\"command_id\": \"half\", ", "");
        String why = "holds half a surrogate pair";

        JsonNode problem = http.post("/api/v1/operations/run", args).problem(400);
        assertThat(problem.path("errors").size()).isEqualTo(1);
        assertThat(problem.path("errors").path(0).path("field").asText()).isEqualTo("args");
        assertThat(problem.path("errors").path(0).path("detail").asText()).contains(why);

        try (MqttWatcher watcher = MqttWatcher.of(controller)) {
            watcher.command("run", body);
            JsonNode reply = watcher.awaitReply("half");
            assertThat(reply.path("reason").asText()).isEqualTo("invalid");
            assertThat(reply.path("detail").asText()).contains("args: " + why);
        }
        JsonNode session = http.awaitDone(call(args));
        assertThat(session.path("success").asBoolean(true)).isFalse();
        assertThat(messages(session)).anyMatch(text -> text.contains("'args': " + why));
    }

    /** Whatever has the names of the next sessions' files. */
    @Test
    @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void runsThoughSomethingIsInTheWayOfItsLog() throws Exception {
        Path output = controller.setup().data().resolve("output");
        int next = http.run("exit_with.py", 0).path("session_id").asInt() + 1;
        fifo(output.resolve(next + ".log"));
        Files.createSymbolicLink(output.resolve(next + 1 + ".log"), fifo(output.resolve("fifo")));
        Files.createDirectories(output.resolve(next + 2 + ".log").resolve("full"));

        for (int id = next; id < next + 3; id++) {
            JsonNode session = http.run("exit_with.py", 0);

            assertThat(session.path("session_id").asInt()).isEqualTo(id);
            assertThat(session.path("outcome").asText()).isEqualTo("succeeded");
            assertThat(http.log(id)).asString().isEqualTo("ending\n");
        }
    }

    @Test
    @Timeout(value = 30, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
    void waitsForNoFifoThatAScriptPutInPlaceOfItsFiles() throws Exception {
        JsonNode session = http.run("puts_fifos.py");

        assertThat(session.path("outcome").asText()).isEqualTo("succeeded");
        assertThat(messages(session)).anyMatch(text -> text.contains("result file cannot be read"));
        List<CompletableFuture<InputStream>> replies = new ArrayList<>();
        for (int i = 0; i < MANY; i++) {
            replies.add(http.openAsync("/api/v1/sessions/" + session.path("session_id") + "/log"));
        }
        for (CompletableFuture<InputStream> reply : replies) {
            try (InputStream body = reply.join()) {
                assertThat(body.readAllBytes()).asString().contains("\"status\":404");
            }
        }
        int after = http.run("exit_with.py", 0).path("session_id").asInt();
        assertThat(http.log(after)).asString().isEqualTo("ending\n");
    }

    @Test
    void showsAProgressBarAsOneLineThatChanges() throws Exception {
        try (EventsWatcher watcher = EventsWatcher.of(controller)) {
            JsonNode session = http.run("progress_bar.py");
            int id = session.path("session_id").asInt();
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(watcher.lines(id)).endsWith("end"));

            assertThat(watcher.lines(id))
                    .filteredOn(line -> !line.endsWith("\r"))
                    .containsExactly("begin", "100%|##########|", "end");
            assertThat(watcher.lines(id))
                    .filteredOn(line -> line.endsWith("\r"))
                    .hasSizeBetween(1, 3)
                    .allMatch(line -> line.matches("[ \\d]{3}%\\|[# ]{10}\\|\r"));
            assertThat(http.log(id)).asString().contains("\r 10%|#         |\r 20%|##        |");
        }
    }
}
