package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.InputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.EventsWatcher;
import pysmurf.controller.driver.HttpClientOfController.Reply;
import pysmurf.controller.driver.SharedController;

/** The HTTP interface: commands, what can be read, events, errors. */
abstract class HttpEndToEnd extends SharedController {

    private static final String RUN = "/api/v1/operations/run";

    @TempDir
    Path folder;

    HttpEndToEnd(ControllerUnderTest.Launcher launcher) {
        super(launcher);
    }

    private Path gate() {
        return folder.resolve("gate");
    }

    private JsonNode startWaiting() throws Exception {
        JsonNode session = http.start("run", script("wait_for_file.py", gate().toString()));
        http.awaitOutput(session.path("session_id").asInt(), "ready");
        return session;
    }

    private JsonNode letGo(int id) throws Exception {
        Files.createFile(gate());
        return http.awaitDone(id);
    }

    @Test
    void acceptsACommandWithItsSessionAndWhereToFindIt() throws Exception {
        Reply reply = http.post(RUN, script("wait_for_file.py", gate().toString()));

        reply.expect(202);
        JsonNode session = reply.json();
        int id = session.path("session_id").asInt();
        assertThat(reply.header("Location")).isEqualTo("/api/v1/sessions/" + id);
        assertThat(session.path("op_name").asText()).isEqualTo("run");
        assertThat(session.path("outcome").isNull()).isTrue();
        assertThat(session.path("status").asText()).isIn("starting", "running");
        assertThat(letGo(id).path("outcome").asText()).isEqualTo("succeeded");
    }

    @Test
    void givesTheWholeSessionObject() throws Exception {
        JsonNode session = http.run("exit_with.py", 0);

        assertThat(names(session))
                .contains(
                        "session_id",
                        "op_name",
                        "op_code",
                        "cred_level",
                        "status",
                        "degraded",
                        "success",
                        "start_time",
                        "end_time",
                        "data",
                        "messages",
                        "outcome",
                        "params",
                        "exit_code",
                        "pid",
                        "command_id",
                        "requested_by",
                        "abort",
                        "stages",
                        "files",
                        "publisher");
        assertThat(session.path("op_code").asInt()).isEqualTo(5);
        assertThat(session.path("cred_level").asInt()).isEqualTo(1);
        assertThat(session.path("degraded").asBoolean(true)).isFalse();
        assertThat(session.path("success").asBoolean()).isTrue();
        assertThat(session.path("status").asText()).isEqualTo("done");
        assertThat(session.path("outcome").asText()).isEqualTo("succeeded");
        assertThat(session.path("exit_code").asInt(-1)).isZero();
        assertThat(session.path("pid").asLong()).isPositive();
        assertThat(session.path("abort").isNull()).isTrue();
        assertThat(session.path("command_id").isNull()).isTrue();
        assertThat(session.path("requested_by").path("transport").asText()).isEqualTo("http");
        assertThat(session.path("requested_by").path("client").asText()).isEqualTo("127.0.0.1");
        assertThat(session.path("end_time").asDouble())
                .isGreaterThanOrEqualTo(session.path("start_time").asDouble());
        assertThat(session.path("params"))
                .isEqualTo(params().put("script", "exit_with.py")
                        .<ObjectNode>set("args", params().arrayNode().add(0))
                        .put("log", true)
                        .putNull("timeout"));
        assertThat(texts(session))
                .startsWith("Status is now \"starting\".")
                .endsWith("Status is now \"done\".")
                .contains("Status is now \"running\".");
        List<Double> times = StreamSupport.stream(session.path("messages").spliterator(), false)
                .map(message -> message.path(0).asDouble())
                .toList();
        assertThat(times).isSorted();
    }

    @Test
    void answersAPollThatHasTheSessionAlreadyWithoutIt() throws Exception {
        JsonNode session = startWaiting();
        int id = session.path("session_id").asInt();
        String path = "/api/v1/sessions/" + id;
        Reply whole = http.get(path).expect(200);
        String tag = whole.header("ETag");
        assertThat(tag).matches("\"[0-9a-f.]+\"");

        for (String known : List.of(tag, "W/" + tag, "\"another\", W/\"one, more\" ," + tag, " *")) {
            Reply reply = http.get(path, "If-None-Match", known).expect(304);
            assertThat(reply.bytes()).isEmpty();
            assertThat(reply.header("ETag")).isEqualTo(tag);
            assertThat(reply.header("Content-Length")).isEmpty();
        }
        assertThat(http.get(path, "If-None-Match", "\"another\"", "If-None-Match", tag)
                        .status())
                .isEqualTo(304);
        for (String other : List.of("\"another\"", tag.replace("\"", ""), "\"*\"", "")) {
            assertThat(http.get(path, "If-None-Match", other).expect(200).bytes())
                    .isEqualTo(whole.bytes());
        }
        assertThat(http.get("/api/v1/sessions/999999", "If-None-Match", "*").status())
                .isEqualTo(404);

        Reply head = http.send("HEAD", path).expect(200);
        assertThat(head.header("ETag")).isEqualTo(tag);
        assertThat(head.header("Content-Length")).isEqualTo(Integer.toString(whole.bytes().length));

        letGo(id);
        Reply ended = http.get(path, "If-None-Match", tag).expect(200);
        assertThat(ended.header("ETag")).isNotEqualTo(tag);
        assertThat(ended.json().path("status").asText()).isEqualTo("done");
    }

    @Test
    void showsAsManyMessagesAsAreAskedFor() throws Exception {
        JsonNode session = http.run("exit_with.py", 0);
        String path = "/api/v1/sessions/" + session.path("session_id").asInt() + "?messages=";
        Reply none = http.get(path + 0).expect(200);
        assertThat(none.json().path("messages").isArray()).isTrue();
        assertThat(none.json().path("messages")).isEmpty();
        Reply all = http.get(path + "all").expect(200);
        assertThat(all.json().path("messages")).isEqualTo(session.path("messages"));
        assertThat(all.header("ETag")).isNotEqualTo(none.header("ETag"));
        assertThat(http.get(path + "2").json().path("messages")).hasSize(2);
        for (String wrong : List.of("-1", "1.5", "ALL", "", "99999999999")) {
            JsonNode problem = http.get(path + wrong).problem(400);
            assertThat(problem.at("/errors/0").toString()).contains("messages");
        }
    }

    private static List<String> names(JsonNode object) {
        return object.properties().stream().map(java.util.Map.Entry::getKey).toList();
    }

    private static List<String> texts(JsonNode session) {
        return StreamSupport.stream(session.path("messages").spliterator(), false)
                .map(message -> message.path(1).asText())
                .toList();
    }

    @Test
    void waitsForTheEndIfAsked() throws Exception {
        JsonNode ended = http.post(RUN + "?wait=30", script("exit_with.py", 3))
                .expect(200)
                .json();

        assertThat(ended.path("status").asText()).isEqualTo("done");
        assertThat(ended.path("outcome").asText()).isEqualTo("failed");
        assertThat(ended.path("success").asBoolean(true)).isFalse();
        assertThat(ended.path("op_code").asInt()).isEqualTo(6);
        assertThat(ended.path("exit_code").asInt()).isEqualTo(3);
    }

    @Test
    void waitsNoLongerThanAsked() throws Exception {
        JsonNode running = http.post(RUN + "?wait=0.2", script("wait_for_file.py", gate().toString()))
                .expect(202)
                .json();

        assertThat(running.path("status").asText()).isEqualTo("running");
        letGo(running.path("session_id").asInt());
    }

    @ParameterizedTest
    @ValueSource(strings = {"-1", "3601", "soon", "NaN", ""})
    void refusesAWaitThatIsNone(String wait) throws Exception {
        JsonNode before = http.get("/api/v1/sessions?limit=1").json();
        JsonNode problem =
                http.post(RUN + "?wait=" + wait, script("exit_with.py", 0)).problem(400);

        assertThat(problem.path("errors").path(0).path("field").asText()).isEqualTo("wait");
        assertThat(http.get("/api/v1/sessions?limit=1").json())
                .as("nothing was started")
                .isEqualTo(before);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{", "[]", "3", "\"run\"", "{\"script\": \"a\", \"script\": \"b\"}", "{} {}", "null"})
    void refusesABodyThatIsNoJsonObject(String body) throws Exception {
        assertThat(http.post(RUN, body).problem(400).path("detail").asText()).contains("body");
    }

    @Test
    void namesEachFieldThatIsWrong() throws Exception {
        JsonNode problem = http.post(
                        RUN,
                        "{\"script\": \"no_such.py\", \"args\": \"a b\", \"timeout\": -1, \"log\": 3, \"colour\": 1}")
                .problem(400);

        assertThat(StreamSupport.stream(problem.path("errors").spliterator(), false)
                        .map(error -> error.path("field").asText()))
                .containsExactlyInAnyOrder("script", "args", "timeout", "log", "colour");
        assertThat(problem.path("errors"))
                .allSatisfy(error -> assertThat(error.path("detail").asText()).isNotBlank());
    }

    @ParameterizedTest
    @CsvSource({
        "''",
        "no_such.py",
        "/etc/passwd",
        "../../../etc/passwd",
        "../java",
        ".",
        "'a\\u0000b'",
    })
    void refusesAScriptThatIsMissingOrOutside(String script) throws Exception {
        JsonNode problem = http.post(RUN, "{\"script\": \"" + script + "\"}").problem(400);

        assertThat(problem.path("errors").path(0).path("field").asText()).isEqualTo("script");
    }

    @Test
    void doesNotKnowWhatIsNotThere() throws Exception {
        http.post("/api/v1/operations/no_such", "{}").problem(404);
        http.get("/api/v1/sessions/999999").problem(404);
        http.get("/api/v1/sessions/first").problem(404);
        http.get("/api/v1/sessions/999999/log").problem(404);
        http.get("/api/v1/sessions/999999/files/0").problem(404);
        http.post("/api/v1/sessions/999999/abort", "{}").problem(404);
        http.get("/no/such/path").problem(404);
    }

    @Test
    void tellsWhichMethodsAPathTakes() throws Exception {
        Reply wrong = http.get("/api/v1/operations/run");

        wrong.problem(405);
        assertThat(wrong.header("Allow")).isEqualTo("POST");
        http.send("DELETE", "/api/v1/sessions/0").problem(405);
    }

    @Test
    void refusesABodyOverOneMebibyte() throws Exception {
        http.post(RUN, "{\"script\": \"" + "x".repeat(1024 * 1024) + "\"}").problem(413);
    }

    @Test
    void takesABodyOfNearlyOneMebibyte() throws Exception {
        JsonNode session = http.run("arguments.py", "x".repeat(120_000), "y");

        assertThat(http.log(session.path("session_id").asInt())).hasSize(120_003 + 4);
    }

    @Test
    void refusesASecondStartAndNamesTheHolder() throws Exception {
        int holder = startWaiting().path("session_id").asInt();

        JsonNode problem = http.post(RUN, script("exit_with.py", 0)).problem(409);
        JsonNode other = http.post("/api/v1/operations/tune_squids", params()).problem(409);

        assertThat(problem.path("session_id").asInt(-1)).isEqualTo(holder);
        assertThat(problem.path("op_name").asText()).isEqualTo("run");
        assertThat(other.path("session_id").asInt(-1)).isEqualTo(holder);
        letGo(holder);
        assertThat(http.run("exit_with.py", 0).path("session_id").asInt()).isEqualTo(holder + 1);
    }

    @Test
    void startsOnlyOneOfManyAtATime() throws Exception {
        List<CompletableFuture<Reply>> replies = java.util.stream.IntStream.range(0, 50)
                .mapToObj(i -> http.postAsync(RUN, script("wait_for_file.py", gate().toString())))
                .toList();
        List<Integer> statuses =
                replies.stream().map(CompletableFuture::join).map(Reply::status).toList();

        assertThat(statuses).filteredOn(status -> status == 202).hasSize(1);
        assertThat(statuses).filteredOn(status -> status == 409).hasSize(49);
        letGo(http.get("/api/v1/sessions?limit=1")
                .json()
                .path(0)
                .path("session_id")
                .asInt());
    }

    @Test
    void startsTheSameIdempotencyKeyOnce() throws Exception {
        String body = script("exit_with.py", 0).toString();
        Reply first = http.post(RUN + "?wait=30", body, "Idempotency-Key", "key-" + folder);
        Reply again = http.post(RUN, body, "Idempotency-Key", "key-" + folder);

        assertThat(first.expect(200).json().path("command_id").asText()).isEqualTo("key-" + folder);
        assertThat(again.expect(200).json()).isEqualTo(first.json());
        assertThat(again.header("Location"))
                .isEqualTo("/api/v1/sessions/" + first.json().path("session_id").asInt());
        http.post(RUN, script("exit_with.py", 1).toString(), "Idempotency-Key", "key-" + folder)
                .problem(422);
    }

    @Test
    void repeatsAnIdempotencyKeyAlsoWhileItsSessionRuns() throws Exception {
        String body = script("wait_for_file.py", gate().toString()).toString();
        int first = http.post(RUN, body, "Idempotency-Key", "running-" + folder)
                .expect(202)
                .json()
                .path("session_id")
                .asInt();
        int again = http.post(RUN, body, "Idempotency-Key", "running-" + folder)
                .expect(200)
                .json()
                .path("session_id")
                .asInt(-1);

        assertThat(again).isEqualTo(first);
        letGo(first);
    }

    @Test
    void listsOperationsWithTheirParametersAndLatestSession() throws Exception {
        JsonNode last = http.run("exit_with.py", 0);
        JsonNode operations = http.get("/api/v1/operations").expect(200).json();

        assertThat(operations)
                .extracting(operation -> operation.path("name").asText())
                .contains("run", "abort", "tune_squids");
        JsonNode run = StreamSupport.stream(operations.spliterator(), false)
                .filter(operation -> operation.path("name").asText().equals("run"))
                .findFirst()
                .orElseThrow();
        assertThat(run.path("description").asText()).isNotBlank();
        assertThat(names(run.path("parameters").path("properties"))).contains("script", "args", "log", "timeout");
        assertThat(run.path("session")).isEqualTo(last);
    }

    @Test
    void listsSessionsNewestFirstAndByWhatIsAsked() throws Exception {
        int first = http.run("exit_with.py", 0).path("session_id").asInt();
        int second = http.run("exit_with.py", 1).path("session_id").asInt();
        int third = http.run("exit_with.py", 0).path("session_id").asInt();

        assertThat(ids("?limit=3")).containsExactly(third, second, first);
        assertThat(ids("?limit=2&before=" + third)).containsExactly(second, first);
        assertThat(ids("?outcome=failed&limit=1")).containsExactly(second);
        assertThat(ids("?op=run&limit=1")).containsExactly(third);
        assertThat(ids("?op=no_such")).isEmpty();
        assertThat(ids("?limit=100000")).hasSizeGreaterThanOrEqualTo(3);
        http.get("/api/v1/sessions?limit=many").problem(400);
        http.get("/api/v1/sessions?limit=-1").problem(400);
        http.get("/api/v1/sessions?outcome=nice").problem(400);
    }

    private List<Integer> ids(String query) throws Exception {
        JsonNode list = http.get("/api/v1/sessions" + query).expect(200).json();
        return StreamSupport.stream(list.spliterator(), false)
                .map(session -> session.path("session_id").asInt())
                .toList();
    }

    @Test
    void servesRegisteredFilesAndNoOthers() throws Exception {
        Path file = Files.writeString(folder.resolve("numbers.txt"), "1 2 3\n");
        Files.writeString(folder.resolve("secret.txt"), "secret");
        JsonNode session = http.run("publish.py", "register", "txt", file.toString());
        String files = "/api/v1/sessions/" + session.path("session_id").asInt() + "/files/";

        assertThat(session.path("files").path(0).path("path").asText()).isEqualTo(file.toString());
        assertThat(session.path("files").path(0).path("size").asInt()).isEqualTo(6);
        assertThat(http.get(files + "0").expect(200).text()).isEqualTo("1 2 3\n");
        http.get(files + "1").problem(404);
        assertThat(http.get(files + "../secret.txt").status()).isIn(400, 404);
        assertThat(http.get(files + "%2e%2e%2fsecret.txt").status()).isIn(400, 404);
    }

    @Test
    void followsALogUntilTheEnd() throws Exception {
        int id = http.start("run", script("print_and_wait.py", folder.toString(), "first", "second"))
                .path("session_id")
                .asInt();
        CompletableFuture<InputStream> opened = http.openAsync("/api/v1/sessions/" + id + "/log?follow=true");
        Files.createFile(folder.resolve("0"));
        try (InputStream log = opened.join()) {
            assertThat(log.readNBytes(6)).asString(StandardCharsets.UTF_8).isEqualTo("first\n");
            Files.createFile(folder.resolve("1"));
            assertThat(log.readAllBytes()).asString(StandardCharsets.UTF_8).isEqualTo("second\n");
        }
        assertThat(http.session(id).path("status").asText()).isEqualTo("done");
    }

    @Test
    void givesTheLogSoFarWithoutFollowing() throws Exception {
        int id = startWaiting().path("session_id").asInt();

        Reply log = http.get("/api/v1/sessions/" + id + "/log");

        assertThat(log.expect(200).text()).isEqualTo("ready\n");
        assertThat(log.header("Content-Type")).startsWith("text/plain");
        letGo(id);
    }

    @Test
    void streamsEventsWithRisingIds() throws Exception {
        try (EventsWatcher watcher = EventsWatcher.of(controller)) {
            int id = http.run("exit_with.py", 0).path("session_id").asInt();
            watcher.awaitDone(id);
            watcher.await("status", data -> !data.path("busy").asBoolean(true));

            assertThat(watcher.contentType()).startsWith("text/event-stream");
            assertThat(watcher.events()).extracting(EventsWatcher.Event::id).doesNotContainNull();
            assertThat(watcher.events())
                    .extracting(EventsWatcher.Event::id)
                    .isSorted()
                    .doesNotHaveDuplicates();
            assertThat(watcher.events())
                    .filteredOn(event -> event.name().equals("session"))
                    .extracting(event -> event.data().path("status").asText())
                    .containsExactly("starting", "running", "done");
            assertThat(watcher.lines(id)).containsExactly("ending");
            assertThat(watcher.events())
                    .filteredOn(event -> event.name().equals("status"))
                    .extracting(event -> event.data().path("busy").asBoolean())
                    .containsExactly(true, false);
        }
    }

    /** An id of an earlier life, when the clock was ahead: its watcher would else miss what this life has to tell. */
    @Test
    void resumesAfterAnEventThatIsStillToCome() throws Exception {
        int id = http.run("exit_with.py", 0).path("session_id").asInt();
        try (EventsWatcher resumed = EventsWatcher.after(controller, 999_999_999_999_999_999L)) {
            resumed.awaitDone(id);
        }
    }

    @Test
    void resumesEventsAfterTheLastOneSeen() throws Exception {
        try (EventsWatcher first = EventsWatcher.of(controller)) {
            int id = http.run("exit_with.py", 0).path("session_id").asInt();
            first.awaitDone(id);
            first.await("status", data -> !data.path("busy").asBoolean(true));
            List<EventsWatcher.Event> seen = first.events();
            EventsWatcher.Event middle = seen.get(seen.size() / 2);

            try (EventsWatcher resumed = EventsWatcher.after(controller, middle.id())) {
                List<EventsWatcher.Event> missed = seen.subList(seen.size() / 2 + 1, seen.size());
                await().atMost(PATIENCE)
                        .untilAsserted(() -> assertThat(resumed.events()).isEqualTo(missed));
            }
        }
    }

    @Test
    void showsALineWhileItsScriptRunsAndTellsOfTheEnd() throws Exception {
        try (EventsWatcher watcher = EventsWatcher.of(controller)) {
            int id = startWaiting().path("session_id").asInt();
            watcher.await("output", data -> data.path("session_id").asInt(-1) == id);
            letGo(id);
            watcher.awaitDone(id);
            assertThat(watcher.lines(id)).containsExactly("ready", "found", "tidied up");
        }
    }

    /** Camel's exec component would take its executable from such a header, in any case, from anywhere in a request. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "CamelExecCommandExecutable",
                "camelexeccommandexecutable",
                "CAMELEXECCOMMANDEXECUTABLE",
                "cAmElExEcCommandExecutable"
            })
    void takesNoOrdersFromHeaders(String name) throws Exception {
        Path harm = folder.resolve("harm");
        String touch = Files.isExecutable(Path.of("/usr/bin/touch")) ? "/usr/bin/touch" : "/bin/touch";
        String query = "&" + name + "=" + touch + "&camelExecCommandArgs=" + harm;

        Reply reply = http.post(
                RUN + "?wait=30" + query,
                script("arguments.py", harm.toString()).toString(),
                name,
                touch,
                "CamelExecCommandArgs",
                harm.toString(),
                "X-Unheard-Of",
                "echo");
        Reply form = http.post(
                RUN + "?wait=30",
                name + "=" + touch + "&CamelExecCommandArgs="
                        + URLEncoder.encode(harm.toString(), StandardCharsets.UTF_8),
                "Content-Type",
                "application/x-www-form-urlencoded");

        int id = reply.expect(200).json().path("session_id").asInt();
        assertThat(new String(http.log(id), StandardCharsets.UTF_8)).isEqualTo("\"" + harm + "\"\n");
        form.problem(400);
        assertThat(harm).doesNotExist();
        for (Reply one : List.of(reply, form)) {
            assertThat(one.response().headers().map().keySet())
                    .noneMatch(
                            header -> header.toLowerCase(java.util.Locale.ROOT).startsWith("camel"))
                    .doesNotContain("x-unheard-of");
        }
    }

    @Test
    void tellsItsHealth() throws Exception {
        JsonNode health = http.get("/observe/health").expect(200).json();

        assertThat(health.path("status").asText()).isEqualTo("UP");
        assertThat(names(health.path("checks"))).contains("store", "mqtt", "publisher", "routes");
    }
}
