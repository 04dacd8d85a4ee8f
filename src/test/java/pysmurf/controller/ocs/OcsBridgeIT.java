package pysmurf.controller.ocs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.SharedController;

/** A controller with its real routes and real scripts, called as the real client calls it. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class OcsBridgeIT extends SharedController {

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    private Path scripts;
    private OcsClientDouble client;

    OcsBridgeIT() {
        super(ControllerOfClasses::start);
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        scripts = Files.createDirectories(setup.folder().resolve("scripts"));
        client = clientOf(setup);
    }

    private OcsClientDouble clientOf(Setup setup) {
        setup.with("controller.id", "pysmurf-controller").with("scripts.roots", scripts);
        return new OcsClientDouble(Integer.parseInt(setup.get("http.port")));
    }

    private String script(String name, String program) throws Exception {
        Path file = scripts.resolve(name);
        Files.writeString(file, program);
        return file.toString();
    }

    /** A script that ends when this test lets it. */
    private String held() throws Exception {
        return script("held.py", """
                import os, time
                while not os.path.exists('%s'):
                    time.sleep(0.02)
                """.formatted(folder.resolve("go")));
    }

    private void letGo() throws Exception {
        Files.createFile(folder.resolve("go"));
    }

    private static List<String> messages(JsonNode session) {
        List<String> texts = new ArrayList<>();
        session.path("messages").forEach(message -> texts.add(message.path(1).asText()));
        return texts;
    }

    private static void assertReply(JsonNode reply, int status, String message) {
        assertThat(reply.isArray() && reply.size() == 3).as("%s", reply).isTrue();
        assertThat(reply.path(0).isInt()).isTrue();
        assertThat(reply.path(1).asText()).as("%s", reply).isEqualTo(message);
        assertThat(reply.path(0).intValue()).isEqualTo(status);
    }

    /** The first, since nothing has a history yet. */
    @Test
    @Order(1)
    void describesItselfAsAnAgentWhoseTasksAreTheOperations() throws Exception {
        JsonNode api = client.call(OcsClientDouble.ADDRESS, "[\"get_api\"]", "{}")
                .path("args")
                .path(0);

        assertThat(api.path("agent_class").asText()).isEqualTo("PysmurfController");
        assertThat(api.path("instance_pid").asLong())
                .isEqualTo(ProcessHandle.current().pid());
        assertThat(api.path("instance_hostname").asText()).isNotEmpty();
        assertThat(api.path("feeds").isArray() && api.path("processes").isArray())
                .isTrue();
        assertThat(api.path("access_control").path("policy").asText()).isEqualTo("none");
        List<String> names = new ArrayList<>();
        api.path("tasks").forEach(task -> {
            String name = task.path(0).asText();
            names.add(name);
            assertThat(task.path(1).toString()).isEqualTo("{\"op_name\":\"" + name + "\",\"status\":\"no_history\"}");
            assertThat(task.path(2).path("op_type").asText()).isEqualTo("task");
            assertThat(task.path(2).path("min_privs").asInt()).isEqualTo(1);
            boolean abortable = !name.equals("abort");
            assertThat(task.path(2).path("abortable").asBoolean()).isEqualTo(abortable);
            assertThat(task.path(2).path("docstring").asText().contains("(abortable)"))
                    .isEqualTo(abortable);
        });
        assertThat(names).isSorted().contains("abort", "run", "tune_squids");
        assertThat(client.call(OcsClientDouble.ADDRESS, "[\"get_tasks\"]", "{}")
                        .path("args")
                        .path(0))
                .isEqualTo(api.path("tasks"));
        assertThat(client.call(OcsClientDouble.ADDRESS, "[\"get_agent_class\"]", "{}")
                        .toString())
                .isEqualTo("{\"args\":[\"PysmurfController\"]}");
        assertThat(client.call(OcsClientDouble.ADDRESS, "[\"get_lost\"]", "{}").toString())
                .isEqualTo("{\"args\":[null]}");
    }

    @Test
    @Order(2)
    void showsItselfInTheRegistry() throws Exception {
        JsonNode api = client.call("observatory.registry", "[\"get_api\"]", "{}")
                .path("args")
                .path(0);
        JsonNode status = client.call("observatory.registry.ops", "[\"status\", \"main\", {}]", "{}")
                .path("args")
                .path(0);

        assertThat(api.path("processes").path(0).path(0).asText()).isEqualTo("main");
        assertThat(api.path("processes").path(0).path(2).has("abortable")).isFalse();
        assertReply(status, 0, "Session active.");
        JsonNode agent = status.path(2).path("data").path(OcsClientDouble.ADDRESS);
        assertThat(agent.path("expired").isBoolean()
                        && agent.path("last_updated").isNumber())
                .isTrue();
        assertThat(agent.path("op_codes").path("run").asInt()).isEqualTo(1);
        assertThat(agent.path("agent_class").asText()).isEqualTo("PysmurfController");
    }

    @Test
    @Order(3)
    void runsAScriptFromStartToItsEnd() throws Exception {
        String script = held();
        assertReply(client.ops("status", "run", "{}"), 0, "No session active.");
        assertReply(client.await("run"), 0, "Idle.");
        assertReply(client.ops("abort", "run", "{}"), -1, "No session active.");

        JsonNode started = client.ops(
                "start", "run", "{\"script\": \"" + script + "\", \"args\": [], \"log\": true, \"unknown\": 1}");

        assertReply(started, 0, "Started task \"run\".");
        assertThat(started.path(2).path("status").asText()).isEqualTo("starting");
        assertThat(started.path(2).path("op_code").asInt()).isEqualTo(2);
        assertThat(messages(started.path(2))).containsExactly("Status is now \"starting\".");
        assertReply(client.ops("status", "run", "{}"), 0, "Session active.");
        assertReply(client.ops("start", "run", "{}"), -1, "Operation \"run\" already in progress.");
        for (String timeout : List.of("0", "-1", "0.05")) {
            assertReply(
                    client.ops("wait", "run", "{}", "{\"timeout\": " + timeout + "}"),
                    1,
                    "Operation \"run\" still running; wait timed out.");
        }
        assertThat(client.call(OcsClientDouble.ADDRESS + ".ops", "[\"wait\", \"run\"]", "{\"timeout\": \"x\"}")
                        .toString())
                .isEqualTo("{\"error\":\"wamp.error.runtime_error\",\"args\":"
                        + "[\"'<' not supported between instances of 'str' and 'int'\"],\"kwargs\":{}}");
        letGo();
        JsonNode ended = client.await("run");

        assertReply(ended, 0, "Operation \"run\" is currently not running (SUCCEEDED).");
        JsonNode session = ended.path(2);
        assertThat(messages(session))
                .containsExactly(
                        "Status is now \"starting\".",
                        "Status is now \"running\".",
                        "Script has finished with exit code 0",
                        "Status is now \"done\".");
        assertThat(session.path("success").booleanValue()).isTrue();
        assertThat(session.path("op_code").asInt()).isEqualTo(5);
        assertThat(session.path("end_time").isNumber()
                        && session.path("start_time").isNumber())
                .isTrue();
        assertReply(
                client.ops("wait", "run", "{}", "{\"timeout\": \"x\"}"),
                0,
                "Operation \"run\" is currently not running (SUCCEEDED).");
        assertReply(client.ops("abort", "run", "{}"), -1, "The operation is already done");
    }

    @Test
    void takesArgumentsByPositionAndByKeyword() throws Exception {
        String params = "{\"script\": \"" + script("empty.py", "") + "\"}";
        String ops = OcsClientDouble.ADDRESS + ".ops";

        JsonNode started = client.call(ops, "[\"start\", \"run\"]", "{\"params\": " + params + ", \"timeout\": null}");
        JsonNode ended = client.call(ops, "[\"wait\", \"run\", null, 60.0]", "null");

        assertReply(started.path("args").path(0), 0, "Started task \"run\".");
        assertReply(ended.path("args").path(0), 0, "Operation \"run\" is currently not running (SUCCEEDED).");
    }

    @Test
    void abortsARunBothWays() throws Exception {
        String params = "{\"script\": \"" + held() + "\"}";
        client.ops("start", "run", params);
        await().atMost(PATIENCE)
                .until(() ->
                        client.ops("status", "run", "{}").path(2).path("pid").isNumber());
        assertReply(client.ops("abort", "run", "{}"), 0, "Requested abort on task run\".");
        assertReply(client.await("run"), 0, "Operation \"run\" is currently not running (FAILED).");
        assertReply(client.await("abort"), 0, "Operation \"abort\" is currently not running (SUCCEEDED).");

        client.ops("start", "run", params);
        await().atMost(PATIENCE)
                .until(() ->
                        client.ops("status", "run", "{}").path(2).path("pid").isNumber());
        assertReply(client.ops("start", "abort", "{}"), 0, "Started task \"abort\".");
        assertReply(client.await("abort"), 0, "Operation \"abort\" is currently not running (SUCCEEDED).");
        JsonNode aborted = client.await("run");

        assertReply(aborted, 0, "Operation \"run\" is currently not running (FAILED).");
        assertThat(aborted.path(2).path("success").isBoolean()).isTrue();
        assertThat(aborted.path(2).path("op_code").asInt()).isEqualTo(6);
    }

    @Test
    void failsASessionWhereAnAgentWould() throws Exception {
        assertFails("abort", "{}", "nothing to abort");
        assertFails("run", "{\"script\": \"nope.py\"}", "ERROR: Param 'script': no such script: nope.py");
        assertFails("run", "{}", "ERROR: Param 'script' is required and must not be None");
        String script = held();
        client.ops("start", "run", "{\"script\": \"" + script + "\"}");
        assertFails(
                "tune_squids",
                "{}",
                "The requested script cannot be run because script " + script + " is already running");
        JsonNode refused = client.ops("start", "take_noise", "{}");
        assertReply(refused, -1, "Operation failed: " + script + " is running.");
        assertThat(refused.path(2).path("success").asBoolean(true)).isFalse();
        assertThat(client.await("take_noise").path(2)).isEqualTo(refused.path(2));
        assertReply(client.ops("status", "run", "{}"), 0, "Session active.");
        assertThat(client.ops("status", "run", "{}").path(2).path("status").asText())
                .isNotEqualTo("done");
    }

    private void assertFails(String op, String params, String message) throws Exception {
        assertReply(client.ops("start", op, params), 0, "Started task \"" + op + "\".");
        JsonNode ended = client.await(op);
        assertReply(ended, 0, "Operation \"" + op + "\" is currently not running (FAILED).");
        assertThat(messages(ended.path(2)))
                .containsExactly(
                        "Status is now \"starting\".",
                        "Status is now \"running\".",
                        message,
                        "Status is now \"done\".");
    }

    /** Who asks for the newest session must not be told how another one ended. */
    @Test
    void leavesAFailedSessionOfAStartItRefusesForItsParameters() throws Exception {
        assertRefused("tune_squids", "{\"bogus\": 1}", "params included unexpected values: ['bogus']");
        assertRefused(
                "tune_squids",
                "{\"args\": \"--band 0\"}",
                "Param 'args'=--band 0 is not of required type (<class 'list'>)");
        assertRefused("safe_state", "[1]", "params must be a dict, not a list");
        assertRefused("abort", "{\"force\": true, \"bogus\": 1}", "params included unexpected values: ['bogus']");
        assertFails(
                "run",
                "{\"script\": \"x.py\", \"args\": \"--band 0\"}",
                "ERROR: Param 'args'=--band 0 is not of required type (<class 'list'>)");
        assertFails("run", "[]", "ERROR: Param 'script' is required and must not be None");
        assertFails("run", "[1]", "ERROR: params must be a dict, not a list");
    }

    private void assertRefused(String op, String params, String message) throws Exception {
        JsonNode reply = client.ops("start", op, params);
        JsonNode newest = client.ops("status", op, "{}").path(2);

        assertReply(reply, -1, message);
        assertThat(newest).isEqualTo(reply.path(2));
        assertThat(newest.path("outcome").asText()).isEqualTo("failed");
        assertThat(messages(newest)).contains("ERROR: " + message).last().isEqualTo("Status is now \"done\".");
    }

    @Test
    void tellsTheExitCodeLastAndTheReasonBefore() throws Exception {
        String script = script("fails.py", "import sys; print('no carrier'); sys.exit(3)");
        client.ops("start", "run", "{\"script\": \"" + script + "\"}");
        List<String> failed = messages(client.await("run").path(2));
        client.ops("start", "run", "{\"script\": \"" + held() + "\", \"timeout\": 0.3}");
        JsonNode late = client.await("run").path(2);

        assertThat(failed)
                .containsExactly(
                        "Status is now \"starting\".",
                        "Status is now \"running\".",
                        "fails.py ended with exit code 3: no carrier",
                        "Script has finished with exit code 3",
                        "Status is now \"done\".");
        assertThat(messages(late))
                .endsWith(
                        "held.py took longer than 0.3 s",
                        "Script has finished with exit code "
                                + late.path("exit_code").asInt(),
                        "Status is now \"done\".");
    }

    @Test
    void takesAnEmptyListForNoParametersWhereNoneAreNeeded() throws Exception {
        client.ops("start", "run", "{\"script\": \"" + held() + "\"}");
        await().atMost(PATIENCE)
                .until(() ->
                        client.ops("status", "run", "[]").path(2).path("pid").isNumber());

        assertReply(client.ops("stop", "run", "[]"), -1, "Cannot \"stop\" \"run\" because it is a \"{op_type}\".");
        assertReply(client.ops("abort", "run", "[1]"), -1, "params must be a dict, not a list");
        assertReply(client.ops("abort", "run", "[]"), 0, "Requested abort on task run\".");
        assertReply(client.ops("wait", "run", "[]"), 0, "Operation \"run\" is currently not running (FAILED).");
    }

    @Test
    void givesScriptsTheirArgumentsAsPythonWouldWriteThem() throws Exception {
        String script =
                script("args.py", "import sys, json; json.dump(sys.argv[1:], open(sys.argv[0] + '.json', 'w'))");

        client.ops(
                "start",
                "run",
                "{\"script\": \"" + script + "\", \"args\": [2.5, 10.0, true, null, NaN, -Infinity, \"a b\"]}");
        client.await("run");

        assertThat(Files.readString(Path.of(script + ".json")))
                .isEqualTo("[\"2.5\", \"10.0\", \"True\", \"None\", \"nan\", \"-inf\", \"a b\"]");
    }

    @Test
    void answersInOcsWordsWhatItCannotDo() throws Exception {
        assertReply(client.ops("start", "nope", "{}"), -1, "No task or process called \"nope\"");
        assertReply(client.ops("status", "nope", "{}"), -1, "No task or process called \"nope\"");
        assertReply(client.await("nope"), -1, "Unknown operation \"nope\".");
        assertReply(client.ops("abort", "nope", "{}"), -1, "No operation called \"nope\".");
        assertReply(client.ops("stop", "nope", "{}"), -1, "No operation called \"nope\".");
        assertReply(client.ops("stop", "run", "{}"), -1, "Cannot \"stop\" \"run\" because it is a \"{op_type}\".");
        assertReply(client.ops("jump", "run", "{}"), -1, "No implementation for \"run\"");
        assertThat(client.call("observatory.x", "[\"get_api\"]", "{}").toString())
                .isEqualTo("{\"error\":\"wamp.error.no_such_procedure\","
                        + "\"args\":[\"no callee registered for procedure <observatory.x>\"],\"kwargs\":{}}");
        assertThat(client.call(OcsClientDouble.ADDRESS + ".ops", "[\"start\"]", "{}")
                        .path("error")
                        .asText())
                .isEqualTo("wamp.error.runtime_error");
    }

    @Test
    void behavesAsCrossbarsBridgeDoes() throws Exception {
        String call = "{\"procedure\": \"" + OcsClientDouble.ADDRESS + "\", \"args\": [\"get_agent_class\"]}";
        HttpResponse<String> options = client.send(
                "OPTIONS", "", "Origin", "http://page.example", "Access-Control-Request-Headers", "content-type");
        HttpResponse<String> large = client.send("POST", " ".repeat(1024 * 1024 + 1));

        assertThat(client.send("PUT", call).body()).isEqualTo("{\"args\":[\"PysmurfController\"]}");
        assertThat(client.send("POST", call).headers().firstValue("access-control-allow-origin"))
                .contains("*");
        assertThat(options.statusCode()).isEqualTo(200);
        assertThat(options.headers().firstValue("access-control-allow-origin")).contains("http://page.example");
        assertThat(options.headers().firstValue("access-control-allow-methods")).contains("POST,PUT,OPTIONS");
        assertThat(options.headers().firstValue("access-control-allow-headers")).contains("content-type");
        assertThat(client.send("GET", "").statusCode()).isEqualTo(405);
        assertThat(client.send("POST", "{").statusCode()).isEqualTo(400);
        assertThat(client.send("POST", call, "Content-Type", "text/plain").statusCode())
                .isEqualTo(400);
        assertThat(large.statusCode()).isEqualTo(413);
        assertThat(large.body()).startsWith("{\"error\":\"Request too long.").endsWith("\"args\":[],\"kwargs\":{}}");
    }

    /** However many wait, other calls are answered, and no thread is held for each. */
    @Test
    void letsTwoHundredClientsWaitAtOnce() throws Exception {
        client.ops("start", "run", "{\"script\": \"" + held() + "\"}");
        long before = threadsOfController();
        List<CompletableFuture<JsonNode>> waits = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            waits.add(client.awaitLater("run"));
        }

        assertReply(client.ops("status", "run", "{}"), 0, "Session active.");
        assertThat(threadsOfController()).isLessThan(before + 100);
        letGo();

        for (CompletableFuture<JsonNode> wait : waits) {
            assertReply(
                    wait.get(PATIENCE.toSeconds(), TimeUnit.SECONDS),
                    0,
                    "Operation \"run\" is currently not running (SUCCEEDED).");
        }
    }

    /** Without those of the clients, which are in this process, too, and more the slower the machine is. */
    private static long threadsOfController() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> !thread.getName().startsWith("HttpClient-"))
                .count();
    }

    @Test
    void asksForAPasswordWhereThereAreTokens() throws Exception {
        Path tokens = Files.writeString(folder.resolve("tokens"), "viewer vic see\noperator olga go\n");
        Setup guarded = Setup.in(folder.resolve("guarded")).with("auth.tokens-file", tokens);
        OcsClientDouble client = clientOf(guarded);
        String params = "{\"script\": \"" + script("empty.py", "") + "\"}";
        ControllerUnderTest asking = ControllerOfClasses.start(guarded);
        try {
            asksForAPassword(client, params);
        } finally {
            asking.close();
        }
    }

    private static void asksForAPassword(OcsClientDouble client, String params) throws Exception {
        String refusal = "The action requires credential level 2-ADVANCED but the client has only level 1-BASIC";
        JsonNode api = client.call(OcsClientDouble.ADDRESS, "[\"get_api\"]", "{}")
                .path("args")
                .path(0);
        assertThat(api.path("access_control").path("version").asInt()).isEqualTo(1);
        assertThat(api.path("access_control").path("policy").asText()).isEqualTo("override");
        for (String kwargs : List.of("{}", "{\"password\": \"see\"}", "{\"password\": \"wrong\"}")) {
            assertReply(client.ops("start", "run", params, kwargs), -1, refusal);
            assertReply(client.ops("abort", "run", "{}", kwargs), -1, refusal);
            assertReply(client.ops("status", "run", "{}", kwargs), 0, "No session active.");
        }
        JsonNode started = client.ops("start", "run", params, "{\"password\": \"go\"}");
        assertReply(started, 0, "Started task \"run\".");
        assertThat(started.path(2).path("requested_by").path("client").asText()).isEqualTo("olga");
        assertReply(client.await("run"), 0, "Operation \"run\" is currently not running (SUCCEEDED).");

        String call = "{\"procedure\": \"" + OcsClientDouble.ADDRESS + ".ops\", \"args\": [\"start\", \"run\", "
                + params + "]}";
        assertThat(client.send("POST", call, "Authorization", "Bearer go").body())
                .startsWith("{\"args\":[[0,");
        assertThat(client.send("POST", call, "Authorization", "Bearer wrong").body())
                .isEqualTo("{\"error\":\"wamp.error.not_authorized\",\"args\":[\"unknown token\"],\"kwargs\":{}}");
    }
}
