package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import ch.qos.logback.classic.Level;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import pysmurf.controller.config.StartFailure;
import pysmurf.controller.driver.CapturedLog;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.HttpClientOfController.Reply;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.SharedController;

/** Route files that are wrong at the start, and files that change while work goes on. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ReloadIT extends SharedController {

    /** Where the files are wrong that are there at the start. */
    private static final Map<String, Integer> FAULTS = Map.of(
            "operations/syntax.camel.yaml", 3,
            "operations/component.camel.yaml", 6,
            "operations/kamelet.camel.yaml", 7,
            "operations/option.camel.yaml", 9,
            "operations/parameter.camel.yaml", 10,
            "operations/args.camel.yaml", 7,
            "operations/bean.camel.yaml", 7,
            "operations/another.camel.yaml", 2,
            "clash.camel.yaml", 4);

    @TempDir
    Path folder;

    private Path routes;

    private CapturedLog log;
    /** How much of the log is of earlier tests. */
    private int logged;

    ReloadIT() {
        super(ControllerOfClasses::start);
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        // Camel tells of each route that it starts again
        log = CapturedLog.from(Level.INFO);
        routes = setup.routes();
        write("operations/syntax.camel.yaml", "- route:\n    id: syntax\n   from:\n");
        write("operations/component.camel.yaml", operation("component", "        - to: nosuch:thing\n"));
        write(
                "operations/kamelet.camel.yaml",
                operation("kamelet", "        - to:\n            uri: kamelet:nosuch\n"));
        write(
                "operations/option.camel.yaml",
                operation(
                        "option",
                        "        - to:\n            uri: seda:x\n            parameters:\n              colour: red\n"));
        write("operations/parameter.camel.yaml", operation("parameter", MISSPELT));
        write("operations/args.camel.yaml", operation("args", QUOTE));
        write("operations/bean.camel.yaml", operation("bean", "        - bean:\n            ref: nosuch\n"));
        write("operations/another.camel.yaml", operation("run", "        - log: x\n"));
        write("clash.camel.yaml", route("clash", "direct:command", "        - log: x\n"));
        // a kamelet of two others: its placeholders hold behind the first of them
        write("kamelets/twice.kamelet.yaml", """
                apiVersion: camel.apache.org/v1
                kind: Kamelet
                metadata:
                  name: twice
                spec:
                  definition:
                    title: Twice
                    properties:
                      what:
                        title: What
                        type: string
                  template:
                    from:
                      uri: kamelet:source
                      steps:
                        - to: kamelet:script?script={{what}}&args=0
                        - to: kamelet:script?script={{what}}&args=00
                """);
        write("operations/twice.camel.yaml", operation("twice", "        - to: kamelet:twice?what=exit_with.py\n"));
    }

    @AfterAll
    void closeLog() {
        log.close();
    }

    @BeforeEach
    void beginAnew() {
        logged = log().length();
    }

    private String log() {
        return String.join("\n", log.lines());
    }

    private Path path(String file) {
        return routes.resolve(file);
    }

    private void write(String file, String text) throws Exception {
        Files.writeString(path(file), text);
    }

    private String read(String file) throws Exception {
        return Files.readString(path(file));
    }

    private static String route(String id, String from, String steps) {
        return "- route:\n    id: " + id + "\n    from:\n      uri: " + from + "\n      steps:\n" + steps;
    }

    private static final String MISSPELT = """
                    - to:
                        uri: kamelet:script
                        parameters:
                          script: exit_with.py
                          timelimit: 5
            """;

    private static final String QUOTE = """
                    - to:
                        uri: kamelet:script
                        parameters:
                          script: exit_with.py
                          args: --note 'not closed
            """;

    private static String operation(String id, String steps) {
        return route(id, "direct:operation-" + id, steps);
    }

    /** File and line of each fault. */
    private Map<String, Integer> broken() throws Exception {
        List<JsonNode> broken = new ArrayList<>();
        http.get("/observe/health")
                .expect(200)
                .json()
                .at("/checks/routes/broken")
                .forEach(broken::add);
        return broken.stream()
                .collect(Collectors.toMap(fault -> fault.path("file").asText(), fault -> fault.path("line")
                        .asInt(-1)));
    }

    /** The first: what the controller was started with is mended here. */
    @Test
    @Order(1)
    void startsWithoutWhatCannotBeUsed() throws Exception {
        assertThat(broken()).isEqualTo(FAULTS);
        assertThat(http.run("exit_with.py", 0).path("outcome").asText()).isEqualTo("succeeded");
        assertThat(http.runToEnd("twice", params()).path("outcome").asText()).isEqualTo("succeeded");
        for (String file : FAULTS.keySet()) {
            Files.delete(path(file));
        }
        // said at the start
        logged = 0;
        awaitLog("operations/parameter.camel.yaml line 10: the block kamelet:script has no parameter timelimit; it has "
                + "always, args, script, stage, timeLimit; it is left out");
        awaitLog("args: a quote is not closed in: --note 'not closed");
        awaitLog("there is no block kamelet:nosuch (routes/kamelets/nosuch.kamelet.yaml)");
        write("operations/late.camel.yaml", operation("late", MISSPELT));
        awaitLog("operations/late.camel.yaml line 10: the block kamelet:script has no parameter timelimit; it has "
                + "always, args, script, stage, timeLimit; it is left out");
        Files.delete(path("operations/late.camel.yaml"));
        write("operations/component.camel.yaml", operation("component", "        - log: x\n"));
        write("operations/twice.camel.yaml", read("operations/twice.camel.yaml") + "        - log: x\n");
        await().atMost(PATIENCE).until(() -> broken().isEmpty());
        await().atMost(PATIENCE)
                .until(() -> http.post("/api/v1/operations/component", "{}").status() == 202);
        awaitLog("operations/twice.camel.yaml was taken");
        assertThat(http.runToEnd("twice", params()).path("outcome").asText()).isEqualTo("succeeded");
    }

    /** Only without what every command goes through there is nothing to start. */
    @ParameterizedTest
    @CsvSource({"command.camel.yaml, command", "out/audit.camel.yaml, audit"})
    void doesNotStartWithoutTheWayOfAllCommands(String file, String id) throws Exception {
        Setup setup = Setup.in(folder);
        Files.writeString(setup.routes().resolve(file), route(id, "nosuch:x", "        - log: x\n"));

        assertThatThrownBy(() -> ControllerOfClasses.start(setup))
                .hasStackTraceContaining(StartFailure.class.getName())
                .hasStackTraceContaining(file + " line 4")
                .hasStackTraceContaining("nosuch");
    }

    /** What a session that holds no lock is still to go through stays as it is until then. */
    @Test
    void waitsForASessionWithoutTheLockToo() throws Exception {
        Path gate = folder.resolve("gate");
        String step = "        - to:\n            uri: kamelet:script\n            parameters:\n"
                + "              script: wait_for_file.py\n              args: " + gate + "\n";
        write("operations/free.schema.json", "{\"type\": \"object\", \"x-lock\": false}");
        write("operations/free.camel.yaml", operation("free", step + step));
        awaitLog("operations/free.camel.yaml was taken");
        beginAnew();
        int id = http.start("free", params()).path("session_id").asInt();
        http.awaitOutput(id, "ready");

        write("operations/free.camel.yaml", operation("free", step));
        write("kamelets/script.kamelet.yaml", read("kamelets/script.kamelet.yaml") + "# changed\n");
        awaitLog("the change of operations/free.camel.yaml is taken when it has ended");
        awaitLog("the change of kamelets/script.kamelet.yaml is taken when it has ended");
        assertThat(http.get("/observe/health").json().at("/checks/routes/waiting"))
                .extracting(JsonNode::asText)
                .containsExactly("kamelets/script.kamelet.yaml", "operations/free.camel.yaml");
        Files.createFile(gate);

        assertThat(http.awaitDone(id).path("outcome").asText()).isEqualTo("succeeded");
        awaitLog("operations/free.camel.yaml was taken");
        awaitLog("kamelets/script.kamelet.yaml was taken");
        assertThat(http.run("exit_with.py", 0).path("outcome").asText()).isEqualTo("succeeded");
    }

    /** A file that only another one's fault kept from being used is used when that one is mended; of a deleted file nothing stays. */
    @Test
    void forgetsAFaultThatIsMended() throws Exception {
        String script = read("kamelets/script.kamelet.yaml");
        String stage = read("kamelets/tuning-stage.kamelet.yaml");
        write("kamelets/script.kamelet.yaml", "no: [yaml");
        write("kamelets/tuning-stage.kamelet.yaml", "no: [yaml");
        await().atMost(PATIENCE).until(() -> broken().size() == 2);
        write("kamelets/script.kamelet.yaml", script + "# mended\n");
        write("kamelets/tuning-stage.kamelet.yaml", stage + "# mended\n");
        await().atMost(PATIENCE).until(() -> broken().isEmpty());
        awaitLog("kamelets/script.kamelet.yaml was taken");

        Path command = path("command.camel.yaml");
        String text = Files.readString(command);
        Files.move(command, path("renamed.camel.yaml"));
        awaitLog("renamed.camel.yaml was taken");
        Files.delete(path("renamed.camel.yaml"));
        await().atMost(PATIENCE).until(() -> broken().containsKey("renamed.camel.yaml"));
        Files.writeString(command, text);
        await().atMost(PATIENCE).until(() -> broken().isEmpty());
        assertThat(http.run("exit_with.py", 0).path("outcome").asText()).isEqualTo("succeeded");
        assertThat(log()).doesNotContain("Restarting route");
        // routes that came later give their faults back as those that were there at the start
        assertThat(http.run("exit_with.py", 1).path("outcome").asText()).isEqualTo("failed");
        assertThat(log()).doesNotContain("Failed delivery");
    }

    /** Sessions that are accepted while the routes that they go through are replaced come to their end. */
    @Test
    void endsEachSessionThatBeginsWhileRoutesChange() throws Exception {
        write("operations/brief.schema.json", "{\"type\": \"object\", \"x-lock\": false}");
        write("operations/brief.camel.yaml", operation("brief", "        - delay: {constant: 30}\n"));
        awaitLog("operations/brief.camel.yaml was taken");
        List<String> files = List.of("operation.camel.yaml", "in/mqtt.camel.yaml", "command.camel.yaml");
        int commands = 60;
        try (MqttWatcher watcher = MqttWatcher.of(controller)) {
            for (int i = 0; i < commands; i++) {
                watcher.command("brief", params().put("command_id", "b" + i));
                if (i % 10 == 5) {
                    String file = files.get(i / 10 % files.size());
                    write(file, read(file) + "# changed\n");
                }
            }
            for (int i = 0; i < commands; i++) {
                JsonNode reply = watcher.awaitReply("b" + i);
                assertThat(reply.path("accepted").asBoolean()).isTrue();
                JsonNode done =
                        http.awaitDone(reply.path("session").path("session_id").asInt());
                assertThat(done.path("outcome").asText()).as(done.toString()).isEqualTo("succeeded");
            }
        }
    }

    /** Every command is answered once, no line of output is lost, and HTTP answers, whatever becomes of the files. */
    @Test
    void losesNothingWhileFilesChange() throws Exception {
        Path end = folder.resolve("end");
        ScheduledExecutorService clock = Executors.newScheduledThreadPool(2);
        try (MqttWatcher watcher = MqttWatcher.of(controller)) {
            int id = http.start("run", script("count.py", end.toString()))
                    .path("session_id")
                    .asInt();
            String busy = script("exit_with.py", 0).toString();
            AtomicInteger sent = new AtomicInteger();
            List<String> failures = new java.util.concurrent.CopyOnWriteArrayList<>();
            clock.scheduleAtFixedRate(
                    () -> {
                        try {
                            watcher.command(
                                    sent.get() % 2 == 0 ? "run" : "added",
                                    script("exit_with.py", 0).put("command_id", "c" + sent.getAndIncrement()));
                        } catch (Exception e) {
                            failures.add(e.toString());
                        }
                    },
                    0,
                    50,
                    TimeUnit.MILLISECONDS);
            clock.scheduleAtFixedRate(
                    () -> {
                        try {
                            expect(200, http.get("/api/v1/sessions/" + id));
                            expect(200, http.get("/observe/health"));
                            expect(409, http.post("/api/v1/operations/run", busy));
                        } catch (Exception e) {
                            failures.add(e.toString());
                        }
                    },
                    0,
                    50,
                    TimeUnit.MILLISECONDS);
            String run = read("operations/run.camel.yaml");
            String kamelet = read("kamelets/script.kamelet.yaml");

            write("operations/added.camel.yaml", operation("added", "        - log: x\n"));
            List<String> atOnce = List.of(
                    "command.camel.yaml",
                    "in/mqtt.camel.yaml",
                    "out/events.camel.yaml",
                    "out/mqtt.camel.yaml",
                    "out/page.camel.yaml",
                    "out/udp.camel.yaml",
                    "out/audit.camel.yaml",
                    "in/ocs.camel.yaml",
                    "in/http.camel.yaml");
            for (String file : atOnce) {
                write(file, read(file) + "# changed\n");
            }
            write("operation.camel.yaml", read("operation.camel.yaml") + "# changed\n");
            // twice while it is in use: what counts in the end is what was written last
            write("operations/run.camel.yaml", run.replaceFirst("description: .*", "description: First."));
            write("kamelets/script.kamelet.yaml", kamelet + "# changed\n");
            awaitLog("the change of operations/run.camel.yaml is taken when it has ended");
            write("operations/run.camel.yaml", run.replaceFirst("description: .*", "description: Second."));
            for (String file : atOnce) {
                awaitLog(file + " was taken");
            }
            // under another name it serves on; and two that are swapped get out of each other's way
            Path served = path("in");
            Files.move(served.resolve("http.camel.yaml"), served.resolve("web.camel.yaml"));
            awaitLog("in/web.camel.yaml was taken");
            Files.move(served.resolve("web.camel.yaml"), served.resolve("swap"));
            Files.move(served.resolve("ocs.camel.yaml"), served.resolve("web.camel.yaml"));
            Files.move(served.resolve("swap"), served.resolve("ocs.camel.yaml"));
            awaitLog("in/ocs.camel.yaml was taken");
            write("operations/added.camel.yaml", operation("added", "        - to: nosuch:x\n"));
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(broken()).isEqualTo(Map.of("operations/added.camel.yaml", 6)));
            assertThat(http.get("/observe/metrics").expect(200).text()).contains("pysmurf_routes_broken 1.0");
            Files.delete(path("operations/added.camel.yaml"));
            await().atMost(PATIENCE).until(() -> broken().isEmpty());
            clock.shutdown();
            clock.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS);
            Files.createFile(end);
            watcher.awaitDone(id);

            assertThat(failures).isEmpty();
            List<String> asked =
                    IntStream.range(0, sent.get()).mapToObj(n -> "c" + n).toList();
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(watcher.messages("reply"))
                    .extracting(reply -> reply.json().path("command_id").asText())
                    .containsExactlyInAnyOrderElementsOf(asked));
            assertThat(http.session(id).path("outcome").asText()).isEqualTo("succeeded");
            // joined: where a script is slow to end a line, a watcher gets it in pieces
            String lines = new String(http.log(id), java.nio.charset.StandardCharsets.UTF_8).replace("\n", "");
            await().atMost(PATIENCE).untilAsserted(() -> assertThat(String.join("", watcher.lines(id)))
                    .isEqualTo(lines));
            assertThat(log().substring(logged))
                    .doesNotContain("Timeout occurred during graceful shutdown", "InterruptedException");
            awaitLog("kamelets/script.kamelet.yaml was taken");
            await().atMost(PATIENCE)
                    .untilAsserted(() -> assertThat(description("run")).isEqualTo("Second."));
            awaitLog("operation.camel.yaml was taken");
            assertThat(http.run("exit_with.py", 0).path("outcome").asText()).isEqualTo("succeeded");
        } finally {
            clock.shutdownNow();
        }
    }

    /** While its route is replaced, a request may be told to come again. */
    private static void expect(int status, Reply reply) {
        if (reply.status() == 503) {
            assertThat(reply.header("Retry-After")).isEqualTo("1");
        } else {
            reply.expect(status);
        }
    }

    private void awaitLog(String text) {
        await(text).atMost(PATIENCE).until(() -> log().indexOf(text, logged) >= 0);
    }

    private String description(String name) throws Exception {
        for (JsonNode operation : http.get("/api/v1/operations").json()) {
            if (operation.path("name").asText().equals(name)) {
                return operation.path("description").asText();
            }
        }
        return null;
    }
}
