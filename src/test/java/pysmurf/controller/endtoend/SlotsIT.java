package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.HttpClientOfController;
import pysmurf.controller.driver.Setup;

/** Several controllers in one process, each from a file of its own. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class SlotsIT {

    private static final String TOKEN = "let-me-in";

    @TempDir
    static Path folder;

    private Setup setup;
    private ControllerUnderTest process;
    private HttpClientOfController http;

    @BeforeAll
    void start() throws Exception {
        Path tokens = Files.writeString(folder.resolve("tokens"), "admin ada " + TOKEN + "\n");
        setup = Setup.in(folder).withBrokerToCome().with("auth.tokens-file", tokens);
        slot("smurf2", "controller.slot=2");
        slot("smurf3", "controller.slot=3");
        process = ControllerOfClasses.start(setup);
        http = process.http();
    }

    @AfterAll
    void stop() {
        process.close();
    }

    private void slot(String name, String... lines) throws IOException {
        Path file = setup.folder().resolve("config/slots/" + name + ".properties");
        Files.createDirectories(file.getParent());
        Files.write(file, List.of(lines));
    }

    private static String[] token() {
        return new String[] {"Authorization", "Bearer " + TOKEN};
    }

    private JsonNode get(String path) throws Exception {
        return http.get(path, token()).expect(200).json();
    }

    private List<String> ids() throws Exception {
        List<String> ids = new ArrayList<>();
        for (JsonNode row : get("/controllers")) {
            if (row.path("online").asBoolean()) {
                ids.add(row.path("id").asText());
            }
        }
        return ids;
    }

    private JsonNode slots() throws Exception {
        return get("/observe/health").at("/checks/controllers");
    }

    private JsonNode run(String id, JsonNode script) throws Exception {
        return http.post(
                        "/controllers/" + id + "/api/v1/operations/run?wait=30",
                        script.toString(),
                        "Authorization",
                        "Bearer " + TOKEN)
                .expect(200)
                .json();
    }

    /** What comes back for a path that is sent as it is. */
    private int status(String path, String... headers) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", Integer.parseInt(setup.get("http.port")))) {
            String request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                    + String.join("\r\n", headers) + (headers.length > 0 ? "\r\n" : "") + "\r\n";
            socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
            String reply = new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return Integer.parseInt(reply.split(" ")[1]);
        }
    }

    @Test
    @Order(1)
    void listsThem() throws Exception {
        JsonNode row = get("/controllers").path(0);
        assertThat(row.path("id").asText()).isEqualTo("smurf2");
        assertThat(row.path("slot").asText()).isEqualTo("2");
        assertThat(row.path("online").asBoolean()).isTrue();
        assertThat(row.path("busy").asBoolean()).isFalse();
        assertThat(row.path("url").asText()).endsWith("/controllers/smurf2/");
        assertThat(ids()).containsExactly("smurf2", "smurf3");
    }

    @Test
    @Order(2)
    void runsTheScriptsOfEachInItsOwnNameAndFolder() throws Exception {
        assertThat(run("smurf2", script("environment.py")).path("outcome").asText())
                .isEqualTo("succeeded");
        String environment = http.get("/controllers/smurf2/api/v1/sessions/0/log", token())
                .expect(200)
                .text();
        assertThat(environment).contains("\"SLOT\": \"2\"").contains("\"SMURFPUB_ID\": \"smurf2\"");
        assertThat(setup.data().resolve("smurf2/sessions.db")).exists();
        http.get("/controllers/smurf3/api/v1/sessions/0", token()).expect(404);
    }

    @Test
    @Order(2)
    void tellsWhereASessionIsBelowThePrefix() throws Exception {
        HttpClientOfController.Reply reply =
                http.post("/controllers/smurf3/api/v1/operations/abort", "{}", "Authorization", "Bearer " + TOKEN);
        reply.problem(409);
        reply = http.post(
                "/controllers/smurf3/api/v1/operations/run",
                script("exit_with.py", 0).toString(),
                "Authorization",
                "Bearer " + TOKEN);
        assertThat(reply.expect(202).header("Location")).startsWith("/controllers/smurf3/api/v1/sessions/");
        http.get(reply.header("Location"), token()).expect(200);
    }

    private JsonNode call(String procedure, String arguments) throws Exception {
        String body = "{\"procedure\": \"" + procedure + "\", \"args\": " + arguments + "}";
        return http.post("/call", body, "Content-Type", "application/json")
                .expect(200)
                .json();
    }

    @Test
    @Order(2)
    void answersCallsForEach() throws Exception {
        JsonNode status = call("observatory.smurf2.ops", "[\"status\", \"run\", {}]");
        assertThat(status.at("/args/0/0").asInt()).isZero();
        assertThat(call("observatory.smurf3", "[\"get_agent_class\"]")
                        .at("/args/0")
                        .asText())
                .isEqualTo("PysmurfController");
        JsonNode registry = call("observatory.registry.ops", "[\"status\", \"main\", {}]");
        assertThat(registry.at("/args/0/2/data").fieldNames())
                .toIterable()
                .containsExactly("observatory.smurf2", "observatory.smurf3");
        assertThat(call("observatory.smurf9.ops", "[\"status\", \"run\", {}]")
                        .path("error")
                        .asText())
                .contains("no_such_procedure");
        http.send("OPTIONS", "/call").expect(200);
        http.send("GET", "/call").expect(405);
    }

    @ParameterizedTest
    @Order(3)
    @ValueSource(
            strings = {
                "/controllers",
                "/controllers/smurf2/api/v1/sessions",
                "//controllers/smurf2/api/v1/sessions",
                "/controllers//smurf2/api/v1/sessions",
                "/controllers/smurf2//api/v1/sessions",
                "/controllers/smurf2/api//v1/sessions",
                "/controllers/smurf2/./api/v1/sessions",
                "/controllers/smurf2/%2e/api/v1/sessions",
                "/controllers/smurf2/page/../api/v1/sessions",
                "/controllers/smurf2/page/%2e%2e/api/v1/sessions",
                "/controllers/smurf2/page/%2E%2E%2Fapi/v1/sessions",
                "/controllers/smurf2/page%2f..%2fapi/v1/sessions",
                "/controllers/smurf2/observe/health/../../api/v1/sessions",
                "/controllers/smurf2/../smurf3/api/v1/sessions",
                "/controllers/smurf2/%2e%2e/smurf3/api/v1/sessions",
                "/controllers/smurf2/..%2fsmurf3/api/v1/sessions",
                "/controllers/%73murf2/api/v1/sessions",
                "/controllers/smurf2%2fapi/v1/sessions",
                "/Controllers/smurf2/api/v1/sessions",
                "/controllers/SMURF2/api/v1/sessions",
                "/controllers/smurf2./api/v1/sessions",
                "/controllers/smurf2/api/v1/sessions/",
                "/controllers/smurf2/api/v1/sessions.",
                "/controllers/smurf2/api/v1/sessions;x=/observe/health",
                "/controllers/smurf2/page/..%2fHost.class",
                "/page/%2e%2e%2fHost.class",
                "/controllers/smurf2/page/..%5c..%5cHost.class",
                "/controllers/smurf2/observe/metrics",
                "/observe/metrics",
                "/page/../controllers",
                "/controllers/smurf2/api/v1/audit",
                "http://localhost/controllers/smurf2/api/v1/sessions"
            })
    void showsNothingWithoutAToken(String path) throws Exception {
        assertThat(status(path)).isIn(401, 404, 400);
        // nobody says who leads to the controller but the server itself
        assertThat(status(path, "Controller-Prefix: /observe/health")).isIn(401, 404, 400);
    }

    @Test
    @Order(3)
    void showsThePageAndHealthToEverybody() throws Exception {
        http.get("/").expect(302);
        assertThat(http.get("/controllers/").expect(200).text()).contains("<title>All controllers</title>");
        assertThat(http.get("/controllers/smurf2/").expect(200).text()).contains("<title>pysmurf controller</title>");
        assertThat(status("/controllers/smurf2/page/main.js")).isEqualTo(200);
        assertThat(status("/controllers/smurf2/observe/health")).isEqualTo(200);
        assertThat(status("/observe/health/ready")).isEqualTo(200);
        assertThat(status(
                        "http://localhost/controllers/smurf2/api/v1/sessions?limit=1",
                        "Authorization: Bearer " + TOKEN))
                .isEqualTo(200);
    }

    @Test
    @Order(4)
    void countsOfEachByItsLabel() throws Exception {
        String metrics = http.get("/observe/metrics", token()).expect(200).text();
        assertThat(metrics)
                .contains("pysmurf_mqtt_connected{controller=\"smurf2\"}")
                .contains("pysmurf_mqtt_connected{controller=\"smurf3\"}");
        // a figure has one heading, however many have it
        assertThat(metrics.lines().filter(line -> line.startsWith("# TYPE pysmurf_mqtt_connected ")))
                .hasSize(1);
    }

    @Test
    @Order(4)
    void notesCommandsOfAllInOneAuditLogAndShowsToEachItsOwn() throws Exception {
        JsonNode entries = get("/controllers/smurf2/api/v1/audit");
        assertThat(entries).isNotEmpty();
        assertThat(entries).allMatch(entry -> entry.path("controller").asText().equals("smurf2"));
        assertThat(get("/controllers/smurf3/api/v1/audit"))
                .allMatch(entry -> entry.path("controller").asText().equals("smurf3"));
    }

    @Test
    @Order(5)
    void startsWhatComesStopsWhatGoesAndNamesWhatIsBroken() throws Exception {
        http.post(
                        "/controllers/smurf2/api/v1/operations/run",
                        script("until_stopped.py").toString(),
                        "Authorization",
                        "Bearer " + TOKEN)
                .expect(202);
        slot("smurf4", "controller.slot=4");
        slot("broken", "http.port=1");
        slot("twin", "controller.id=smurf2");
        await().atMost(PATIENCE).until(() -> ids().contains("smurf4"));
        await().atMost(PATIENCE).until(() -> slots().path("detail").asText().contains("twin"));
        JsonNode check = slots();
        assertThat(check.path("status").asText()).isEqualTo("DEGRADED");
        assertThat(check.path("detail").asText())
                .contains("broken.properties starts no controller: http.port: is one for all slots")
                .contains("twin.properties starts no controller: controller.id: smurf2 is that of");
        assertThat(ids()).containsExactly("smurf2", "smurf3", "smurf4");

        slot("broken", "controller.slot=5");
        slot("sub/nested", "controller.slot=6");
        Files.delete(setup.folder().resolve("config/slots/twin.properties"));
        Files.delete(setup.folder().resolve("config/slots/smurf3.properties"));
        await().atMost(PATIENCE).until(() -> ids().equals(List.of("broken", "smurf2", "smurf4")));
        await().atMost(PATIENCE).until(() -> slots().path("detail").asText().isEmpty());
        assertThat(status("/controllers/smurf3/api/v1/sessions", "Authorization: Bearer " + TOKEN))
                .isEqualTo(404);
        assertThat(http.get("/observe/metrics", token()).text()).doesNotContain("controller=\"smurf3\"");
        // what runs was not disturbed
        assertThat(get("/controllers").path(1).path("busy").asBoolean()).isTrue();
    }

    @Test
    @Order(6)
    void goesOnAsOneUnderAnotherNameAndAsTheOnlyOne() throws Exception {
        slot("broken", "controller.id=kept");
        Path slots = setup.folder().resolve("config/slots");
        Files.move(slots.resolve("smurf4.properties"), folder.resolve("smurf4.properties"));
        Files.move(slots.resolve("smurf2.properties"), folder.resolve("smurf2.properties"));
        await().atMost(PATIENCE).until(() -> ids().equals(List.of("broken")));
        Files.move(slots.resolve("broken.properties"), folder.resolve("broken.properties"));
        await().atMost(PATIENCE).until(() -> ids().equals(List.of(setup.id())));
        await().atMost(PATIENCE)
                .until(() -> http.get("/observe/metrics", token()).text().contains("pysmurf_mqtt_connected 1"));

        slot("heir", "controller.id=" + setup.id(), "data.dir=" + setup.data());
        await().atMost(PATIENCE).until(() -> slots().path("states").has(setup.id()));
        await().atMost(PATIENCE).until(() -> http.get("/observe/metrics", token())
                .text()
                .contains("pysmurf_mqtt_connected{controller=\"" + setup.id() + "\"} 1"));
        String own = "/controllers/" + setup.id() + "/api/v1/controller";
        JsonNode began = get(own).path("start_time");
        Files.move(slots.resolve("heir.properties"), slots.resolve("smurf4.properties"));
        await().atMost(PATIENCE)
                .ignoreExceptionsMatching(AssertionError.class::isInstance)
                .until(() -> !get(own).path("start_time").equals(began));
        await().atMost(PATIENCE).until(() -> slots().path("detail").asText().isEmpty());
    }

    @Test
    @Order(7)
    void endsAllWithTheirScripts() throws Exception {
        run(setup.id(), script("exit_with.py", 0));
        http.post(
                        "/controllers/" + setup.id() + "/api/v1/operations/run",
                        script("stubborn.py").toString(),
                        "Authorization",
                        "Bearer " + TOKEN)
                .expect(202);
        await().atMost(PATIENCE).until(() -> !setup.scriptProcesses().alive().isEmpty());
        process.stop();
        assertThat(setup.scriptProcesses().alive()).isEmpty();
    }
}
