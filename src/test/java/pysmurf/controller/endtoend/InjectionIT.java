package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.eclipse.paho.mqttv5.common.packet.MqttProperties;
import org.eclipse.paho.mqttv5.common.packet.UserProperty;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.HttpClientOfController.Reply;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.SharedController;

/** Whatever comes from outside, and by whichever way, none of it becomes a header of Camel's, and none is too large. */
class InjectionIT extends SharedController {

    private static final String INJECTED = "injected";
    private static final List<String> NAMES = List.of(
            "CamelExecCommandExecutable",
            "CamelExecCommandArgs",
            "CamelExecCommandWorkingDir",
            "CamelHttpUri",
            "CamelHttpResponseCode",
            "CamelFileName",
            "CamelBeanMethodName",
            "CamelPahoMqtt5OverrideTopic",
            "CamelPahoOverrideTopic",
            "CamelNettyRemoteAddress",
            "org.apache.camel.something",
            "session");

    @TempDir
    Path folder;

    InjectionIT() {
        super(ControllerOfClasses::start);
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        setup.with("camel.beans.headerProbe", "#class:" + HeaderProbe.class.getName());
        // takes any object, since it has no schema
        Files.writeString(setup.routes().resolve("operations/anything.camel.yaml"), """
                - route:
                    id: anything
                    description: Takes anything.
                    from:
                      uri: direct:operation-anything
                      steps:
                        - to:
                            uri: kamelet:script
                            parameters:
                              script: arguments.py
                              args: ${body[text]}
                """);
    }

    @BeforeEach
    void forget() {
        HeaderProbe.seen().clear();
    }

    /** Each name as it is, in small letters, in capitals and in a mix of both. */
    private static List<String> names() {
        return NAMES.stream()
                .flatMap(name ->
                        Stream.of(name, name.toLowerCase(Locale.ROOT), name.toUpperCase(Locale.ROOT), mixed(name)))
                .distinct()
                .toList();
    }

    private static String mixed(String name) {
        StringBuilder mixed = new StringBuilder();
        for (int i = 0; i < name.length(); i++) {
            char c = name.charAt(i);
            mixed.append(i % 2 == 0 ? Character.toLowerCase(c) : Character.toUpperCase(c));
        }
        return mixed.toString();
    }

    private ObjectNode hostileParams() {
        ObjectNode params = params().put("text", "fine");
        names().forEach(variant -> params.put(variant, INJECTED));
        return params;
    }

    private static String query() {
        return names().stream().map(variant -> variant + "=" + INJECTED).collect(Collectors.joining("&"));
    }

    private static String[] headers(String... more) {
        List<String> headers = new ArrayList<>(List.of(more));
        names().forEach(variant -> headers.addAll(List.of(variant, INJECTED)));
        return headers.toArray(new String[0]);
    }

    private static void assertNothingGotIn(String... routes) {
        assertThat(HeaderProbe.seen().stream().map(HeaderProbe.Seen::route).collect(Collectors.toSet()))
                .as("what was looked at")
                .contains(routes);
        assertThat(HeaderProbe.seen())
                // Paho's own object, which holds what the message had and is taken off in that route
                .filteredOn(seen -> !seen.name().equals("CamelPahoMqtt5MsgProperties")
                        || !seen.route().equals("mqtt-commands"))
                .noneMatch(seen -> seen.value().contains(INJECTED));
    }

    private static void assertNothingCameBack(Reply reply) {
        assertThat(reply.response().headers().map().toString().toLowerCase(Locale.ROOT))
                .doesNotContain(INJECTED);
    }

    private void assertRanAsMeant(JsonNode session) throws Exception {
        assertThat(session.path("outcome").asText()).isEqualTo("succeeded");
        assertThat(new String(http.log(session.path("session_id").asInt()), StandardCharsets.UTF_8))
                .isEqualTo("\"fine\"\n");
    }

    @Test
    void makesNoHeaderOfWhatComesByHttp() throws Exception {
        Reply reply = http.post(
                "/api/v1/operations/anything?wait=20&" + query(),
                hostileParams().toString(),
                headers());

        assertRanAsMeant(reply.expect(200).json());
        assertNothingCameBack(reply);
        assertNothingCameBack(http.get("/api/v1/sessions?" + query(), headers()));
        assertNothingCameBack(http.post(
                        "/api/v1/operations/run", query(), headers("Content-Type", "application/x-www-form-urlencoded"))
                .expect(400));
        assertNothingGotIn("start-operation", "operation", "list-sessions");
    }

    @Test
    void makesNoHeaderOfWhatComesFromOcs() throws Exception {
        String body = params().put(
                        "procedure", "observatory." + controller.setup().id() + ".ops")
                .<ObjectNode>set(
                        "args",
                        params().arrayNode().add("start").add("anything").add(hostileParams()))
                .toString();
        Reply reply = http.post("/call?" + query(), body, headers("Content-Type", "application/json"));

        int id = reply.expect(200).json().at("/args/0/2/session_id").asInt(-1);
        assertRanAsMeant(http.awaitDone(id));
        assertNothingCameBack(reply);
        assertNothingGotIn("ocs", "operation");
    }

    @Test
    void makesNoHeaderOfWhatComesByMqtt() throws Exception {
        MqttProperties properties = new MqttProperties();
        properties.setUserProperties(names().stream()
                .map(variant -> new UserProperty(variant, INJECTED))
                .toList());
        properties.setCorrelationData(INJECTED.getBytes(StandardCharsets.UTF_8));
        try (MqttWatcher watcher = MqttWatcher.of(controller)) {
            watcher.command("anything", hostileParams().put("command_id", "m-1"), properties);

            JsonNode reply = watcher.awaitReply("m-1");
            assertRanAsMeant(
                    watcher.awaitDone(reply.path("session").path("session_id").asInt(-1)));
            assertThat(watcher.messages("reply").get(0).properties().getUserProperties())
                    .isEmpty();
        }
        assertThat(HeaderProbe.seen()).extracting(HeaderProbe.Seen::name).contains("CamelMqttTopic");
        // the answer carries the correlation data back, as it should
        HeaderProbe.seen()
                .removeIf(seen -> seen.name().equals("CamelPahoMqtt5MsgProperties")
                        && seen.route().equals("mqtt-command"));
        assertNothingGotIn("mqtt-commands", "mqtt-command", "operation");
    }

    @Test
    void makesNoHeaderOfWhatComesByUdp() throws Exception {
        Path gate = folder.resolve("gate");
        int id = http.start("run", script("wait_for_file.py", gate.toString()))
                .path("session_id")
                .asInt();
        http.awaitOutput(id, "ready");
        ObjectNode message = params().put("id", controller.setup().id()).put("type", "session_data");
        message.set("payload", hostileParams());
        names().forEach(variant -> message.put(variant, INJECTED));
        byte[] bytes = message.toString().getBytes(StandardCharsets.UTF_8);
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.send(new DatagramPacket(
                    bytes,
                    bytes.length,
                    InetAddress.getLoopbackAddress(),
                    Integer.parseInt(controller.setup().get("publisher.listen-port"))));
        }

        await().atMost(PATIENCE)
                .until(() -> http.session(id).at("/data/CamelFileName").asText().equals(INJECTED));
        Files.createFile(gate);
        http.awaitDone(id);

        assertNothingGotIn("publisher-message", "session-events");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"script\": \"arguments.py\", \"args\": [\"a\", \"LONG\"]}",
                "{\"script\": \"arguments.py\", \"args\": [\"\\u0000\"]}",
                "{\"script\": \"arguments.py\", \"args\": [MANY]}",
                "{\"script\": \"arguments.py\", \"args\": \"LONG\"}",
            })
    void refusesArgumentsThatNoScriptCanBeGiven(String body) throws Exception {
        JsonNode problem = http.post(
                        "/api/v1/operations/run",
                        body.replace("LONG", "x".repeat(200_000)).replace("MANY", "1" + ", 1".repeat(1000)))
                .problem(400);

        assertThat(problem.at("/errors/0/field").asText()).isEqualTo("args");
        assertThat(problem.path("errors")).hasSize(1);
        assertThat(problem.toString()).hasSizeLessThan(1_000);
    }

    @ParameterizedTest
    @ValueSource(strings = {"script", "log"})
    void refusesPathsTooLongWithoutRepeatingThem(String field) throws Exception {
        ObjectNode params = script("arguments.py").put(field, "x".repeat(100_000));

        JsonNode problem =
                http.post("/api/v1/operations/run", params.toString()).problem(400);

        assertThat(problem.at("/errors/0/field").asText()).isEqualTo(field);
        assertThat(problem.toString()).hasSizeLessThan(1_000);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "../scripts/../../../etc/passwd",
                "/etc/passwd",
                "ARGUMENTS.PY",
                "arguments.py/../../../../pom.xml",
                "file:arguments.py",
                "~/arguments.py",
                "${sys.user.dir}/arguments.py",
                "arguments.py\\u0000.txt"
            })
    void refusesScriptsOutsideTheRoots(String script) throws Exception {
        JsonNode problem = http.post("/api/v1/operations/run", "{\"script\": \"" + script + "\"}")
                .problem(400);

        assertThat(problem.at("/errors/0/field").asText()).isEqualTo("script");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"../controller.log", "/etc/cron.d/x", "a/../../../x", "..", "/", "~/x/../../../../x", "a\\u0000b"
            })
    void refusesLogsOutsideTheRoots(String log) throws Exception {
        JsonNode problem = http.post(
                        "/api/v1/operations/run", "{\"script\": \"arguments.py\", \"log\": \"" + log + "\"}")
                .problem(400);

        assertThat(problem.at("/errors/0/field").asText()).isEqualTo("log");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0",
                "-1",
                "x",
                "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
                "0/../../../../etc/passwd",
                "99999999999",
                "..%5c..%5cpom.xml"
            })
    void givesNoFileThatIsNotRegistered(String file) throws Exception {
        int id = http.run("exit_with.py", 0).path("session_id").asInt();

        Reply reply = http.get("/api/v1/sessions/" + id + "/files/" + file);

        assertThat(reply.status()).isIn(400, 404);
        assertThat(reply.text()).doesNotContain("root:", "<project");
    }

    @Test
    void refusesABodyOverTheLimit() throws Exception {
        http.post("/api/v1/operations/run", "x".repeat(1024 * 1024 + 1)).problem(413);
    }
}
