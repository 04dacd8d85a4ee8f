package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion.VersionFlag;
import com.networknt.schema.ValidationMessage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.HttpClientOfController.Reply;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.SharedController;
import pysmurf.controller.driver.UdpEar;
import pysmurf.controller.session.Verdict.Reason;

/** What the OpenAPI and the AsyncAPI document say is what is there: every path, every method, and the form of every answer. */
class InterfaceDocumentsIT extends SharedController {

    /** A verb of the REST DSL, or a path below it. */
    private static final Pattern LINE = Pattern.compile("(?m)^ {4}(\\w+):$|\\{ path: \"(\\S+)\",");
    /** What the server answers for itself. */
    private static final Set<String> WITHOUT_ROUTE = Set.of("/", "/page/{file}", "/observe/health/live");

    private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "head", "patch", "options");

    @TempDir
    Path folder;

    private UdpEar ear;
    private JsonNode openApi;
    private JsonNode asyncApi;

    InterfaceDocumentsIT() {
        super(ControllerOfClasses::start);
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        ear = new UdpEar();
        setup.with("publisher.destinations", ear.address());
    }

    @BeforeAll
    void readDocuments() throws Exception {
        openApi = http.get("/openapi.json").expect(200).json();
        asyncApi = http.get("/asyncapi.json").expect(200).json();
    }

    @AfterAll
    void closeEar() {
        ear.close();
    }

    private Map<String, Set<String>> documented() {
        Map<String, Set<String>> paths = new TreeMap<>();
        openApi.path("paths")
                .properties()
                .forEach(
                        path -> paths.put(path.getKey(), methods(path.getValue().fieldNames())));
        return paths;
    }

    private static Set<String> methods(java.util.Iterator<String> names) {
        Set<String> found = new TreeSet<>();
        names.forEachRemaining(name -> {
            if (METHODS.contains(name)) {
                found.add(name.toUpperCase(Locale.ROOT));
            }
        });
        return found;
    }

    @Test
    void whatIsDocumentedIsServed() throws Exception {
        assertThat(openApi.path("openapi").asText()).isEqualTo("3.1.0");
        assertThat(openApi.at("/info/version").asText()).isNotBlank().isNotEqualTo("filled in");
        for (Map.Entry<String, Set<String>> path : documented().entrySet()) {
            // no path takes this one, so the answer tells which are taken
            Reply reply = http.send("PATCH", path.getKey().replaceAll("\\{\\w+}", "0"));
            Set<String> allowed = Stream.of(reply.header("Allow").split("\\s*,\\s*"))
                    .filter(method -> !Set.of("OPTIONS", "HEAD").contains(method))
                    .collect(Collectors.toCollection(TreeSet::new));
            assertThat(reply.status()).as(path.getKey()).isEqualTo(405);
            assertThat(allowed).as(path.getKey()).isEqualTo(path.getValue());
        }
    }

    @Test
    void whatIsServedIsDocumented() throws Exception {
        Map<String, Set<String>> routed = new TreeMap<>();
        Matcher line = LINE.matcher(Files.readString(controller.setup().routes().resolve("in/http.camel.yaml")));
        String verb = "";
        while (line.find()) {
            if (line.group(1) != null) {
                verb = line.group(1).toUpperCase(Locale.ROOT);
            } else {
                routed.computeIfAbsent(line.group(2), path -> new TreeSet<>()).add(verb);
            }
        }
        WITHOUT_ROUTE.forEach(path -> routed.put(path, Set.of("GET")));

        assertThat(documented()).isEqualTo(routed);
    }

    @Test
    void everyReferenceLeadsSomewhere() {
        assertReferences(openApi, openApi);
        assertReferences(asyncApi, asyncApi);
    }

    /** Over MQTT the same id with other parameters is a duplicate, too; an abort that joins another is accepted, without a reason. */
    @Test
    void everyReasonOfARefusalIsDocumented() {
        Set<String> words = Stream.of(Reason.values())
                .filter(reason -> reason != Reason.CONFLICT && reason != Reason.JOINED)
                .map(Reason::word)
                .collect(Collectors.toSet());

        assertThat(asyncApi.at("/components/schemas/Reply/properties/reason/enum"))
                .filteredOn(JsonNode::isTextual)
                .extracting(JsonNode::asText)
                .containsExactlyInAnyOrderElementsOf(words);
    }

    private static void assertReferences(JsonNode document, JsonNode node) {
        if (node.path("$ref").isTextual()) {
            String reference = node.path("$ref").asText();
            assertThat(document.at(reference.substring(1)).isMissingNode())
                    .as(reference)
                    .isFalse();
        }
        node.forEach(child -> assertReferences(document, child));
    }

    /** A document in which no object may hold what is not described. */
    private static ObjectNode strict(JsonNode document) {
        ObjectNode copy = document.deepCopy();
        tighten(copy.at("/components/schemas"));
        return copy;
    }

    private static void tighten(JsonNode node) {
        if (node instanceof ObjectNode object
                && object.path("properties").isObject()
                && object.path("type").asText().equals("object")
                && !object.has("additionalProperties")) {
            object.put("additionalProperties", false);
        }
        node.forEach(InterfaceDocumentsIT::tighten);
    }

    private static void assertValid(JsonNode document, String schema, JsonNode instance) {
        ObjectNode strict = strict(document);
        assertThat(strict.at("/components/schemas/" + schema).isObject())
                .as(schema)
                .isTrue();
        ObjectNode root = strict.objectNode();
        root.put("$ref", "#/components/schemas/" + schema);
        root.set("components", strict.get("components"));
        Set<ValidationMessage> faults = JsonSchemaFactory.getInstance(VersionFlag.V202012)
                .getSchema(root)
                .validate(instance);
        assertThat(faults).as("%s: %s", schema, instance).isEmpty();
    }

    private void assertReply(Reply reply, String schema) {
        assertValid(openApi, schema, reply.json());
    }

    private void assertEach(Reply reply, String schema) {
        assertThat(reply.json()).as(reply.text()).isNotEmpty();
        reply.json().forEach(item -> assertValid(openApi, schema, item));
    }

    private void assertProblem(Reply reply, int status) {
        assertValid(openApi, "Problem", reply.problem(status));
    }

    @Test
    void repliesAreAsDocumented() throws Exception {
        http.run("exit_with.py", 0);
        http.run("exit_with.py", 3);
        http.run(
                "publish.py",
                "register",
                "npy",
                Files.writeString(folder.resolve("a.npy"), "x").toString(),
                "/none");
        http.runToEnd(
                "tune_squids",
                params().put("simulate", true).put("from_stage", "preflight").put("to_stage", "setup_amps"));
        int waiting = http.start("run", script("wait_for_file.py", "/never"))
                .path("session_id")
                .asInt();
        http.awaitOutput(waiting, "ready");
        assertReply(http.get("/api/v1/sessions/" + waiting).expect(200), "Session");
        assertProblem(http.post("/api/v1/operations/run", script("exit_with.py", 0)), 409);
        assertReply(
                http.post("/api/v1/sessions/" + waiting + "/abort?wait=20", "").expect(200), "Session");

        assertEach(http.get("/api/v1/sessions").expect(200), "Session");
        assertThat(http.get("/api/v1/sessions").json().findValues("stages")).anyMatch(stages -> stages.size() > 0);
        assertThat(http.get("/api/v1/sessions").json().findValues("files")).anyMatch(files -> files.size() > 0);
        assertEach(http.get("/api/v1/operations").expect(200), "Operation");
        assertReply(http.get("/api/v1/operations/tune_squids/pipeline").expect(200), "Pipeline");
        assertReply(http.get("/api/v1/scripts").expect(200), "Scripts");
        assertReply(http.get("/api/v1/controller").expect(200), "Controller");
        assertReply(http.get("/observe/health").expect(200), "Health");
        assertReply(http.get("/observe/health/ready").expect(200), "Readiness");
        assertReply(http.get("/observe/health/live").expect(200), "Readiness");
        assertReply(
                http.post("/call", "{\"procedure\": \"observatory.none.ops\"}", "Content-Type", "application/json"),
                "OcsReply");
        assertReply(
                http.post(
                        "/call",
                        "{\"procedure\": \"observatory." + controller.setup().id()
                                + ".ops\", \"args\": [\"status\", \"run\", {}]}",
                        "Content-Type",
                        "application/json"),
                "OcsReply");
        assertProblem(http.get("/api/v1/sessions/99999"), 404);
        assertProblem(http.get("/api/v1/sessions?limit=x"), 400);
        assertProblem(http.post("/api/v1/operations/run", "{\"bad\": 1}"), 400);
        assertProblem(http.post("/api/v1/operations/run", "["), 400);
        assertProblem(http.post("/api/v1/operations/abort", ""), 409);
        assertProblem(http.send("PATCH", "/"), 405);
    }

    private String schemaOf(String channel) {
        for (JsonNode one : asyncApi.path("channels")) {
            if (one.path("address").asText().equals("pysmurf/{controller}/" + channel)) {
                JsonNode message = one.path("messages").elements().next();
                JsonNode payload =
                        asyncApi.at(message.path("$ref").asText().substring(1)).at("/payload/$ref");
                return payload.asText().replace("#/components/schemas/", "");
            }
        }
        throw new AssertionError(channel + " is not documented");
    }

    @Test
    void messagesAreAsDocumented() throws Exception {
        ear.clear();
        Set<String> levels = new HashSet<>(
                List.of("reply", "session", "output", "data", "file", "status", "heartbeat", "command/run"));
        try (MqttWatcher watcher = MqttWatcher.of(controller)) {
            watcher.command("run", script("publish.py", "all_types").put("command_id", "types"));
            watcher.awaitDone(
                    watcher.awaitReply("types").at("/session/session_id").asInt());
            watcher.command("run", script("publish.py", "large_result").put("command_id", "large"));
            watcher.awaitDone(
                    watcher.awaitReply("large").at("/session/session_id").asInt());
            watcher.command(
                    "run",
                    script(
                                    "publish.py",
                                    "register",
                                    "dat",
                                    Files.writeString(folder.resolve("b.dat"), "x")
                                            .toString())
                            .put("command_id", "file"));
            watcher.awaitDone(
                    watcher.awaitReply("file").at("/session/session_id").asInt());
            watcher.command("run", params().put("command_id", "invalid"));
            watcher.awaitReply("invalid");

            for (String level : levels) {
                watcher.await(level, message -> true);
                String schema = schemaOf(level.startsWith("command/") ? "command/{op}" : level);
                watcher.messages(level).forEach(message -> assertValid(asyncApi, schema, message.json()));
            }
        }
        int last =
                http.get("/api/v1/sessions?limit=1").json().at("/0/session_id").asInt();
        ear.await(message -> message.path("type").asText().equals("session_data")
                && message.at("/payload/session_id").asInt(-1) == last);
        Set<String> seen = new HashSet<>();
        for (JsonNode message : ear.messages()) {
            String schema = schemaOfDatagram(message);
            seen.add(schema);
            assertValid(asyncApi, schema, message);
        }
        assertThat(seen).containsExactlyInAnyOrder("Envelope", "LogEnvelope", "ResultEnvelope", "PartEnvelope");
    }

    private static String schemaOfDatagram(JsonNode message) {
        if (!message.path("script").asText().startsWith("controller:")) {
            return "Envelope";
        }
        return switch (message.path("type").asText()) {
            case "session_log" -> "LogEnvelope";
            case "session_data" -> "ResultEnvelope";
            case "session_data_part" -> "PartEnvelope";
            default -> throw new AssertionError("not documented: " + message);
        };
    }
}
