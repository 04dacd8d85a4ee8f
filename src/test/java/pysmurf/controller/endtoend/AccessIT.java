package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.HttpClientOfController;
import pysmurf.controller.driver.HttpClientOfController.Reply;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.Setup;

/** Who may do what, and what is noted of it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AccessIT {

    private static final String RUN = "/api/v1/operations/run";
    /** printf %s go | sha256sum. */
    private static final String HASH_OF_GO = "sha256:4cd0e21a9a0795a14ec9aa5f0e7d1abff0492565770e43eafdf1e3e8afed1f33";

    private static final List<String> TOKENS =
            List.of("viewer vera look", "operator olga " + HASH_OF_GO, "admin ada rule");

    private Path folder;
    private ControllerUnderTest controller;
    private HttpClientOfController http;

    @BeforeAll
    void startController(@TempDir Path place) throws Exception {
        folder = place;
        writeTokens(TOKENS);
        controller = ControllerOfClasses.start(
                Setup.in(place.resolve("controller")).with("auth.tokens-file", place.resolve("tokens")));
        http = controller.http();
    }

    @AfterAll
    void stopController() {
        controller.close();
    }

    @AfterEach
    void leaveIdle() {
        await().atMost(PATIENCE)
                .until(() -> http.post("/api/v1/operations/abort", "{}", bearer("rule"))
                                .status()
                        == 409);
    }

    private void writeTokens(List<String> lines) throws Exception {
        Path fresh = Files.write(folder.resolve("tokens.new"), lines);
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-------"));
        Files.move(fresh, folder.resolve("tokens"), StandardCopyOption.REPLACE_EXISTING);
    }

    private static String[] bearer(String token) {
        return token == null ? new String[0] : new String[] {"Authorization", "Bearer " + token};
    }

    private Reply call(String arguments, String... headers) throws Exception {
        String body = "{\"procedure\": \"observatory." + controller.setup().id() + ".ops\", " + arguments + "}";
        List<String> all = new ArrayList<>(List.of("Content-Type", "application/json"));
        all.addAll(List.of(headers));
        return http.post("/call", body, all.toArray(new String[0]));
    }

    private List<JsonNode> audit(int limit) throws Exception {
        JsonNode list = http.get("/api/v1/audit?limit=" + limit, bearer("rule"))
                .expect(200)
                .json();
        return StreamSupport.stream(list.spliterator(), false).toList();
    }

    private Path auditFile() throws Exception {
        try (Stream<Path> files = Files.list(controller.setup().data())) {
            return files.filter(file -> file.getFileName().toString().matches("audit\\.log\\.\\d{4}-\\d\\d-\\d\\d"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    private JsonNode health(String token) throws Exception {
        return http.get("/observe/health", bearer(token)).json().path("checks");
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "-,    GET,  /api/v1/sessions,         401",
                "nope, GET,  /api/v1/sessions,         401",
                "-,    GET,  /observe/health,          200",
                "nope, GET,  /observe/health,          200",
                "-,    GET,  /,                        200",
                "-,    POST, /api/v1/operations/abort, 401",
                "nope, POST, /api/v1/operations/abort, 401",
                "look, GET,  /api/v1/sessions,         200",
                "look, POST, /api/v1/operations/abort, 403",
                "look, GET,  /api/v1/audit,            403",
                "look, GET,  /api/v1/audit/,           403",
                "go,   GET,  /api/v1/sessions,         200",
                "go,   POST, /api/v1/operations/abort, 409",
                "go,   GET,  /api/v1/audit,            403",
                "rule, GET,  /api/v1/audit,            200",
                "rule, POST, /api/v1/operations/abort, 409",
                "-,    GET,  /api/v1/audit,            401",
                "-,    GET,  //api/v1/audit,           401",
                "-,    GET,  /page/../api/v1/audit,    401",
                "-,    GET,  /page/%2e%2e/api/v1/audit, 401",
                "-,    POST, /call/,                   401",
            })
    void letsEachRoleDoWhatItMay(String token, String method, String path, int status) throws Exception {
        Reply reply = method.equals("GET") ? http.get(path, bearer(token)) : http.post(path, "{}", bearer(token));

        reply.expect(status);
    }

    @ParameterizedTest
    @CsvSource({"Bearer rule, 200", "bearer rule, 200", "BEARER  rule, 200", "Bearerrule, 401", "Basic rule, 401"})
    void takesTheWordBeforeATokenInAnyCase(String header, int status) throws Exception {
        http.get("/api/v1/audit", "Authorization", header).expect(status);
    }

    @Test
    void healthNeedsNoTokenAndFiguresOneOfAViewer() throws Exception {
        for (String path : List.of("/observe/health", "/observe/health/ready", "/observe/health/live")) {
            http.get(path).expect(200);
        }
        for (String path : List.of("/observe/metrics", "/openapi.json", "/asyncapi.json")) {
            assertThat(http.get(path).problem(401).path("detail").asText()).contains("token");
            http.get(path, bearer("look")).expect(200);
        }
    }

    /** With a token a client may call this machine what it likes: a page that leads here by its own name has none. */
    @Test
    void asksForATokenWhateverTheHost() throws Exception {
        try (Socket socket = new Socket(
                InetAddress.getLoopbackAddress(),
                Integer.parseInt(controller.setup().get("http.port")))) {
            String head = "GET /api/v1/sessions HTTP/1.1\r\nHost: crates.example\r\nConnection: close\r\n";
            socket.getOutputStream()
                    .write((head + "Authorization: Bearer look\r\n\r\n").getBytes(StandardCharsets.ISO_8859_1));
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .startsWith("HTTP/1.1 200 ");
        }
    }

    @ParameterizedTest
    @CsvSource({"0", "501", "x", "-1", "''"})
    void refusesALimitOutOfItsRule(String limit) throws Exception {
        JsonNode problem =
                http.get("/api/v1/audit?limit=" + limit, bearer("rule")).problem(400);

        assertThat(problem.at("/errors/0/field").asText()).isEqualTo("limit");
    }

    @Test
    void notesEveryCommandWhicheverWayItCame() throws Exception {
        http.post(RUN, script("exit_with.py", 0).toString()).expect(401);
        http.post(RUN, script("exit_with.py", 0).toString(), bearer("look")).expect(403);
        http.post(RUN, "{\"scr", bearer("go")).expect(400);
        http.post(RUN + "?wait=x", "{}", bearer("go")).expect(400);
        http.post(RUN, "{\"script\": \"exit_with.py\", \"args\": 7}", bearer("go"))
                .expect(400);
        http.post("/api/v1/operations/nope", "{}", bearer("go")).expect(404);
        http.post("/api/v1/sessions/x/abort", "{}", bearer("go")).expect(404);
        http.post("/api/v1/sessions/12345/abort", "{}", bearer("go")).expect(404);
        http.post(RUN + "?wait=20", script("exit_with.py", 0).toString(), "Authorization", "Bearer go")
                .expect(200);

        assertThat(audit(9))
                .extracting(
                        entry -> entry.path("client").asText(),
                        entry -> entry.path("role").asText(),
                        entry -> entry.path("operation").asText(),
                        entry -> entry.path("result").asText())
                .containsExactly(
                        tuple("olga", "operator", "run", "accepted"),
                        tuple("olga", "operator", "abort", "unknown_session"),
                        tuple("olga", "operator", "abort", "invalid"),
                        tuple("olga", "operator", "nope", "unknown_operation"),
                        tuple("olga", "operator", "run", "invalid"),
                        tuple("olga", "operator", "run", "invalid"),
                        tuple("olga", "operator", "run", "invalid"),
                        tuple("vera", "viewer", "run", "unauthorized"),
                        tuple("127.0.0.1", "null", "run", "unauthorized"));
        JsonNode accepted = audit(1).get(0);
        assertThat(accepted.path("address").asText()).isEqualTo("127.0.0.1");
        assertThat(accepted.path("session_id").isInt()).isTrue();
        assertThat(accepted.at("/params/script").asText()).isEqualTo("exit_with.py");
        List<String> lines = Files.readAllLines(auditFile());
        assertThat(new ObjectMapper().readTree(lines.get(lines.size() - 1))).isEqualTo(accepted);
    }

    @Test
    void notesWhatIsBusyRepeatedAndAborted() throws Exception {
        String[] key = {"Authorization", "Bearer go", "Idempotency-Key", "evening-1"};
        String wait =
                script("wait_for_file.py", folder.resolve("never").toString()).toString();
        http.post(RUN, wait, key).expect(202);
        http.post(RUN, wait, key).expect(200);
        http.post(RUN, wait, bearer("go")).expect(409);
        http.post("/api/v1/operations/abort?wait=20", "{}", bearer("rule")).expect(200);

        assertThat(audit(4))
                .extracting(entry -> entry.path("client").asText(), entry -> entry.path("result")
                        .asText())
                .containsExactly(
                        tuple("ada", "accepted"),
                        tuple("olga", "busy"),
                        tuple("olga", "duplicate"),
                        tuple("olga", "accepted"));
        assertThat(audit(3).get(2).path("command_id").asText()).isEqualTo("evening-1");
    }

    @Test
    void notesCommandsByMqtt() throws Exception {
        try (MqttWatcher watcher = MqttWatcher.of(controller)) {
            watcher.command("run", "{\"scr");
            watcher.await("reply", message -> message.text().contains("\"invalid\""));
            watcher.command("nope", "{\"command_id\": \"m1\"}");
            watcher.awaitReply("m1");
            watcher.command("run", script("exit_with.py", 0).put("command_id", "m2"));
            watcher.awaitDone(
                    watcher.awaitReply("m2").path("session").path("session_id").asInt());
        }

        assertThat(audit(3))
                .extracting(
                        entry -> entry.path("transport").asText(),
                        entry -> entry.path("operation").asText(),
                        entry -> entry.path("result").asText(),
                        entry -> entry.path("command_id").asText())
                .containsExactly(
                        tuple("mqtt", "run", "accepted", "m2"),
                        tuple("mqtt", "nope", "unknown_operation", "m1"),
                        tuple("mqtt", "run", "invalid", ""));
    }

    @Test
    void notesCommandsFromOcs() throws Exception {
        String start = "\"args\": [\"start\", \"run\", {\"script\": \"exit_with.py\", \"args\": [0]}]";
        call(start).expect(200);
        call(start + ", \"kwargs\": {\"password\": \"look\"}").expect(200);
        call(start, bearer("nope")).expect(200);
        call("\"args\": [\"start\", \"nope\"], \"kwargs\": {\"password\": \"go\"}")
                .expect(200);
        call("\"args\": [\"status\", \"run\"], \"kwargs\": {\"password\": \"go\"}")
                .expect(200);
        call(start + ", \"kwargs\": {\"password\": \"go\"}").expect(200);

        assertThat(audit(5))
                .extracting(
                        entry -> entry.path("transport").asText(),
                        entry -> entry.path("client").asText(),
                        entry -> entry.path("role").asText(),
                        entry -> entry.path("result").asText())
                .containsExactly(
                        tuple("ocs", "olga", "operator", "accepted"),
                        tuple("ocs", "olga", "operator", "unknown_operation"),
                        tuple("ocs", "127.0.0.1", "null", "unauthorized"),
                        tuple("ocs", "vera", "viewer", "unauthorized"),
                        tuple("ocs", "127.0.0.1", "null", "unauthorized"));
    }

    @Test
    void followsTheTokensFile() throws Exception {
        try {
            writeTokens(List.of("viewer vera look", "admin ada rule", "operator otto new"));
            await().atMost(PATIENCE)
                    .until(() -> http.get("/api/v1/sessions", bearer("new")).status() == 200);
            http.get("/api/v1/sessions", bearer("go")).expect(401);

            writeTokens(List.of("viewer vera look", "king ada other-secret"));
            await().atMost(PATIENCE)
                    .until(() -> health(null).at("/access/status").asText().equals("DEGRADED"));
            http.get("/api/v1/sessions", bearer("new")).expect(200);
            assertThat(health("look").toString()).doesNotContain("line 2");
            assertThat(health("rule").at("/access/detail").asText())
                    .contains("line 2", "role")
                    .doesNotContain("other-secret");
        } finally {
            writeTokens(TOKENS);
        }
        await().atMost(PATIENCE)
                .until(() -> http.get("/api/v1/sessions", bearer("go")).status() == 200);
        assertThat(health(null).at("/access/status").asText()).isEqualTo("UP");
    }

    @Test
    void tellsTheTextOfARouteErrorToAdminsOnly() throws Exception {
        Path broken = controller.setup().routes().resolve("operations/broken.camel.yaml");
        try {
            Files.writeString(broken, "- route:\n    id: broken\n    from:\n      uri: no-such-thing-here:x\n");
            await().atMost(PATIENCE)
                    .until(() -> health(null).at("/routes/status").asText().equals("DEGRADED"));

            for (String token : new String[] {null, "look", "go"}) {
                assertThat(health(token).path("routes").toString())
                        .contains("broken.camel.yaml")
                        .doesNotContain("no-such-thing-here");
            }
            assertThat(health("rule").path("routes").toString()).contains("no-such-thing-here");
        } finally {
            Files.delete(broken);
        }
        await().atMost(PATIENCE)
                .until(() -> health(null).at("/routes/status").asText().equals("UP"));
    }

    /** A forged message registers the tokens themselves, by their name or by another. */
    @ParameterizedTest
    @ValueSource(strings = {"tokens", "a link", "audit log"})
    void keepsItsOwnSecrets(String which) throws Exception {
        Path secret =
                switch (which) {
                    case "tokens" -> folder.resolve("tokens");
                    case "a link" -> Files.createSymbolicLink(folder.resolve("plot.png"), folder.resolve("tokens"));
                    default -> {
                        http.post("/api/v1/operations/nope", "{}", bearer("go")).expect(404);
                        yield auditFile();
                    }
                };
        Path gate = folder.resolve("gate-" + which);
        int id = http.post(RUN, script("wait_for_file.py", gate.toString()).toString(), bearer("go"))
                .expect(202)
                .json()
                .path("session_id")
                .asInt();
        String session = "/api/v1/sessions/" + id;
        String message =
                "{\"id\": \"" + controller.setup().id() + "\", \"type\": \"data_file\", \"payload\": {\"path\": \""
                        + secret + "\", \"type\": \"plot\", \"format\": \"png\"}}";
        try (DatagramSocket socket = new DatagramSocket()) {
            byte[] bytes = message.getBytes(StandardCharsets.UTF_8);
            InetSocketAddress listener = new InetSocketAddress(
                    InetAddress.getLoopbackAddress(),
                    Integer.parseInt(controller.setup().get("publisher.listen-port")));
            await().atMost(PATIENCE).until(() -> {
                socket.send(new DatagramPacket(bytes, bytes.length, listener));
                return http.get(session, bearer("rule")).json().path("files").size() > 0;
            });
        }

        http.get(session + "/files/0", bearer("rule")).problem(403);
        Files.createFile(gate);
    }

    @Test
    void abortsThoughTheAuditLogCannotBeWritten(@TempDir Path place) throws Exception {
        try (ControllerUnderTest full =
                ControllerOfClasses.start(Setup.in(place).with("audit.file", "/dev/full/audit.log"))) {
            HttpClientOfController client = full.http();
            JsonNode session = client.start(
                    "run", script("wait_for_file.py", place.resolve("never").toString()));

            client.post("/api/v1/operations/abort?wait=20", "{}").expect(200);

            assertThat(client.awaitDone(session.path("session_id").asInt())
                            .path("outcome")
                            .asText())
                    .isEqualTo("aborted");
            JsonNode health = client.get("/observe/health").expect(200).json();
            assertThat(health.path("status").asText()).isEqualTo("DEGRADED");
            assertThat(health.at("/checks/audit/lost").asInt()).isEqualTo(2);
        }
    }
}
