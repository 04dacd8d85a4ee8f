package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.Setup;

/** Besides, what becomes of a command once it is read. */
class MqttIT extends Mqtt5EndToEnd {

    MqttIT() {
        super(ControllerOfClasses::start);
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        setup.with("mqtt.version", "5");
    }

    @Test
    void showsALineWhileItsScriptRuns() throws Exception {
        int id = http.start(
                        "run", script("wait_for_file.py", folder.resolve("gate").toString()))
                .path("session_id")
                .asInt();
        http.awaitOutput(id, "ready");

        watcher.await("output", message -> message.json().path("session_id").asInt(-1) == id);
        Files.createFile(folder.resolve("gate"));
        http.awaitDone(id);
    }

    @Test
    void passesPublisherMessagesOn() throws Exception {
        Path file = Files.writeString(folder.resolve("t.txt"), "1\n");
        int data = http.run("publish.py", "all_types").path("session_id").asInt();
        int files = http.run("publish.py", "register", "txt", file.toString())
                .path("session_id")
                .asInt();

        JsonNode message = watcher.await(
                        "data", one -> one.json().path("type").asText().equals("session_data"))
                .json();
        assertThat(message.path("payload").path("a").asInt()).isEqualTo(1);
        assertThat(message.path("session_id").asInt(-1)).isEqualTo(data);
        JsonNode registered = watcher.await("file", one -> true).json();
        assertThat(registered.path("path").asText()).isEqualTo(file.toString());
        assertThat(registered.path("session_id").asInt(-1)).isEqualTo(files);
    }

    @Test
    void refusesAnExpiredCommand() throws Exception {
        JsonNode before = newest();
        String id = freshId();
        watcher.command(
                "run",
                script("exit_with.py", 0)
                        .put("command_id", id)
                        .put("expires_at", System.currentTimeMillis() / 1000.0 - 10));

        assertRefused(watcher.awaitReply(id), "expired");
        assertThat(newest()).isEqualTo(before);
    }

    @Test
    void acceptsACommandThatHasNotExpired() throws Exception {
        String id = freshId();
        watcher.command(
                "run",
                script("exit_with.py", 0)
                        .put("command_id", id)
                        .put("expires_at", System.currentTimeMillis() / 1000.0 + 60));

        JsonNode reply = watcher.awaitReply(id);

        assertThat(reply.path("accepted").asBoolean()).isTrue();
        watcher.awaitDone(reply.path("session").path("session_id").asInt());
    }

    @Test
    void refusesARepeatedCommandWithTheFirstOnesSession() throws Exception {
        String id = freshId();
        String command = script("exit_with.py", 0).put("command_id", id).toString();
        watcher.command("run", command);
        int first = watcher.awaitReply(id).path("session").path("session_id").asInt();
        watcher.awaitDone(first);
        watcher.command("run", command);

        JsonNode again = watcher.await(
                        "reply",
                        message -> message.json().path("reason").asText().equals("duplicate"))
                .json();

        assertRefused(again, "duplicate");
        assertThat(again.path("command_id").asText()).isEqualTo(id);
        assertThat(again.path("session").path("session_id").asInt(-1)).isEqualTo(first);
        assertThat(newest().path(0).path("session_id").asInt()).isEqualTo(first);
    }

    @Test
    void refusesAnUnknownOperation() throws Exception {
        String id = freshId();
        watcher.command("no_such", params().put("command_id", id));

        assertRefused(watcher.awaitReply(id), "unknown_operation");
    }

    @Test
    void refusesParametersThatAreWrong() throws Exception {
        String id = freshId();
        watcher.command(
                "run",
                params().put("command_id", id).put("script", "no_such.py").put("colour", 1));

        JsonNode reply = watcher.awaitReply(id);

        assertRefused(reply, "invalid");
        assertThat(reply.path("detail").asText()).contains("script").contains("colour");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{",
                "[1]",
                "\"run\"",
                "{\"script\": \"exit_with.py\", \"expires_at\": \"soon\"}",
                "{\"script\": \"exit_with.py\", \"command_id\": 7}",
                "{\"script\": \"exit_with.py\", \"reply_to\": \"a/#\"}"
            })
    void refusesAPayloadThatIsNoCommand(String payload) throws Exception {
        JsonNode before = newest();

        watcher.command("run", payload);

        assertRefused(watcher.await("reply", message -> true).json(), "invalid");
        assertThat(newest()).isEqualTo(before);
    }
}
