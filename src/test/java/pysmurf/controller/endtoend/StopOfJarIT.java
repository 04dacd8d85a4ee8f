package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerOfJar;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.TestBroker;

/** The end of the process. */
class StopOfJarIT {

    @TempDir
    Path folder;

    private TestBroker broker;
    private Setup setup;

    @BeforeEach
    void startBroker() throws Exception {
        broker = TestBroker.embedded(folder);
        setup = Setup.in(folder.resolve("controller")).withBroker(broker.url());
        broker.start();
    }

    @AfterEach
    void stopBroker() {
        broker.close();
    }

    /** SIGTERM aborts what runs, tells of it, says goodbye, and leaves nothing behind; with the default waits within ten seconds. */
    @Test
    void saysGoodbyeInTimeWhenItIsToldToStop() throws Exception {
        setup.with("abort.interrupt-grace", "5s").with("abort.terminate-grace", "2s");
        dropFree(setup);
        try (ControllerOfJar controller = ControllerOfJar.start(setup);
                MqttWatcher watcher = MqttWatcher.of(controller)) {
            int id = controller
                    .http()
                    .start("run", script("stubborn.py"))
                    .path("session_id")
                    .asInt();
            controller.http().awaitOutput(id, "grandchild ready");
            int free =
                    controller.http().start("free", params()).path("session_id").asInt();
            controller.http().awaitOutput(free, "ready");
            long before = System.nanoTime();

            controller.terminate();
            Set<Integer> answers = answers(controller, "/api/v1/sessions/" + id);
            int exitCode = controller.exitCode();

            // to the last it is there or it stops, and is never unheard of
            assertThat(answers).contains(503).isSubsetOf(200, 503);
            assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(10));
            assertThat(exitCode).isIn(0, 143);
            JsonNode session = watcher.awaitDone(id);
            assertThat(session.path("outcome").asText()).isEqualTo("aborted");
            assertThat(session.path("abort").path("signals"))
                    .extracting(JsonNode::asText)
                    .containsExactly("INT", "TERM", "KILL");
            assertThat(watcher.awaitDone(free).path("outcome").asText()).isEqualTo("aborted");
            watcher.await("status", message -> !message.json().path("online").asBoolean(true));
            assertThat(setup.scriptProcesses().alive()).isEmpty();
        }
    }

    /** With which status a controller answers until it has ended. */
    private static Set<Integer> answers(ControllerOfJar controller, String path) throws InterruptedException {
        Set<Integer> answers = new HashSet<>();
        while (controller.isAlive()) {
            try {
                answers.add(controller.http().get(path).status());
            } catch (IOException e) {
                // nobody listens any more, or not to the end
                Thread.onSpinWait();
            }
        }
        return answers;
    }

    /** An operation that takes no lock, and waits for ever. */
    static void dropFree(Setup setup) throws Exception {
        Path operations = setup.routes().resolve("operations");
        Files.writeString(operations.resolve("free.schema.json"), "{\"type\": \"object\", \"x-lock\": false}");
        Files.writeString(operations.resolve("free.camel.yaml"), """
                - route:
                    id: free
                    from:
                      uri: direct:operation-free
                      steps:
                        - to:
                            uri: kamelet:script
                            parameters:
                              script: wait_for_file.py
                              args: /never
                """);
    }

    @Test
    void saysGoodbyeAlsoWhenIdle() throws Exception {
        try (ControllerUnderTest controller = ControllerOfClasses.start(setup);
                MqttWatcher watcher = MqttWatcher.of(controller)) {
            watcher.await("status", message -> message.json().path("online").asBoolean());

            controller.stop();

            assertThat(watcher.await(
                                    "status",
                                    message -> !message.json().path("online").asBoolean(true))
                            .json()
                            .path("busy")
                            .asBoolean(true))
                    .isFalse();
        }
    }
}
