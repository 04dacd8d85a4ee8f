package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.FreePort;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.SharedController;
import pysmurf.controller.driver.UdpEar;

/** Datagrams: what scripts publish, and what the controller itself has to say, at three destinations beside two dead ones. */
abstract class UdpEndToEnd extends SharedController {

    private static final String ID = "crate1slot2";
    /** All that there are on the loopback network. */
    private static final String BROADCAST = "127.255.255.255";

    @TempDir
    Path folder;

    private UdpEar first;
    private UdpEar second;
    private UdpEar ofAll;

    UdpEndToEnd(ControllerUnderTest.Launcher launcher) {
        super(launcher);
    }

    @Override
    protected void configure(Setup setup) throws Exception {
        first = new UdpEar();
        second = new UdpEar();
        // who sends to all has to ask the kernel for it first
        ofAll = new UdpEar(BROADCAST);
        setup.withEnvironment("SMURFPUB_ID", ID)
                .with(
                        "publisher.destinations",
                        String.join(
                                ",",
                                first.address(),
                                "127.0.0.1:" + FreePort.udp(),
                                "no-such-host.invalid:8200",
                                ofAll.address(),
                                second.address()));
    }

    @AfterEach
    void forget() throws Exception {
        int last = http.get("/api/v1/sessions?limit=1")
                .json()
                .path(0)
                .path("session_id")
                .asInt();
        awaitEnd(first, last);
        awaitEnd(second, last);
        awaitEnd(ofAll, last);
        first.clear();
        second.clear();
        ofAll.clear();
    }

    @AfterAll
    void closeEars() {
        first.close();
        second.close();
        ofAll.close();
    }

    private static boolean isController(JsonNode message) {
        return message.path("script").asText().startsWith("controller:");
    }

    private JsonNode awaitResult(UdpEar ear, int id) {
        return ear.await(message -> isController(message)
                && message.path("type").asText().equals("session_data")
                && message.path("payload").path("session_id").asInt(-1) == id);
    }

    private static List<String> texts(JsonNode session) {
        return StreamSupport.stream(session.path("messages").spliterator(), false)
                .map(message -> message.path(1).asText())
                .toList();
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (java.security.NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The last datagram of a session: its result, whole or the last part of it. */
    private static void awaitEnd(UdpEar ear, int id) {
        ear.await(message -> {
            JsonNode payload = message.path("payload");
            String type = message.path("type").asText();
            return isController(message)
                    && payload.path("session_id").asInt(-1) == id
                    && (type.equals("session_data")
                            || type.equals("session_data_part")
                                    && payload.path("part").equals(payload.path("parts")));
        });
    }

    private void assertRelayed(int id) throws Exception {
        List<String> sent =
                new String(http.log(id), StandardCharsets.UTF_8).lines().toList();
        assertThat(sent).isNotEmpty();
        for (UdpEar ear : List.of(first, second, ofAll)) {
            awaitEnd(ear, id);
            List<String> heard = ear.heard().stream()
                    .filter(datagram -> !new String(datagram, StandardCharsets.ISO_8859_1).contains("controller:"))
                    .map(UdpEndToEnd::sha256)
                    .toList();
            assertThat(heard).isEqualTo(sent);
        }
    }

    @Test
    void passesEveryDatagramOnByteForByte() throws Exception {
        int id = http.run("publish.py", "all_types").path("session_id").asInt();

        assertRelayed(id);
    }

    @Test
    void passesTheLargestDatagramOn() throws Exception {
        JsonNode session = http.run("publish.py", "largest");

        assertThat(session.path("data").path("large").asText()).hasSizeGreaterThan(63_000);
        assertRelayed(session.path("session_id").asInt());
    }

    @Test
    void takesDataAndLinesIntoTheSession() throws Exception {
        JsonNode session = http.run("publish.py", "all_types");

        assertThat(session.path("data").path("a").asInt()).isEqualTo(1);
        assertThat(session.path("data").path("b"))
                .as("merged at the top level only, as OCS does")
                .isEqualTo(new ObjectMapper().createObjectNode().put("d", 3));
        assertThat(session.path("data").has("bad")).isTrue();
        assertThat(session.path("data").path("bad").isNull()).isTrue();
        assertThat(session.path("data").path("worse").isNull()).isTrue();
        assertThat(texts(session)).contains("a line for the session, ü φ");
    }

    @Test
    void ignoresWhatIsNoMessageOfItsOwn() throws Exception {
        int before = ignored();

        JsonNode session = http.run("publish.py", "odd");

        assertThat(session.path("outcome").asText()).isEqualTo("succeeded");
        assertThat(session.path("data").has("foreign")).isFalse();
        assertThat(session.path("files")).isEmpty();
        assertThat(session.path("data").path("spaced")).hasSize(2);
        assertThat(ignored()).isGreaterThanOrEqualTo(before + 3);
        awaitResult(first, session.path("session_id").asInt());
        assertThat(first.heard().stream().map(bytes -> new String(bytes, StandardCharsets.UTF_8)))
                .noneMatch(text -> text.contains("somebody-else") || text.contains("this is no JSON"));
    }

    private int ignored() throws Exception {
        return http.get("/observe/health")
                .json()
                .at("/checks/publisher/ignored")
                .asInt(-1);
    }

    @Test
    void losesNothingOfABurst() throws Exception {
        JsonNode session = http.run("publish.py", "many_logs", "10000");

        assertThat(texts(session))
                .filteredOn(text -> text.startsWith("message "))
                .isEqualTo(IntStream.range(0, 10_000)
                        .mapToObj(number -> "message " + number)
                        .toList());
    }

    @Test
    void registersFilesWithSizeAndChecksum() throws Exception {
        byte[] content = {1, 2, 3, 0, (byte) 0xff};
        Path tune = Files.write(folder.resolve("1795392099_tune.npy"), content);
        Path missing = folder.resolve("missing.npy");
        String withoutEnding = tune.toString().replaceFirst("\\.npy$", "");

        JsonNode session = http.run("publish.py", "register", "npy", withoutEnding, missing.toString());

        JsonNode file = session.path("files").path(0);
        assertThat(file.path("path").asText()).isEqualTo(tune.toString());
        assertThat(file.path("type").asText()).isEqualTo("tune");
        assertThat(file.path("format").asText()).isEqualTo("npy");
        assertThat(file.path("plot").asBoolean(true)).isFalse();
        assertThat(file.path("size").asInt()).isEqualTo(content.length);
        assertThat(file.path("sha256").asText()).isEqualTo(sha256(content));
        assertThat(session.path("files").path(1).path("path").asText()).isEqualTo(missing.toString());
        assertThat(http.get("/api/v1/sessions/" + session.path("session_id").asInt() + "/files/0")
                        .expect(200)
                        .bytes())
                .isEqualTo(content);
        http.get("/api/v1/sessions/" + session.path("session_id").asInt() + "/files/1")
                .problem(404);
    }

    @Test
    void tellsOfALifeAndItsResult() throws Exception {
        JsonNode session = http.run("exit_with.py", 4);
        int id = session.path("session_id").asInt();

        JsonNode result = awaitResult(first, id);

        assertThat(result.properties().stream().map(java.util.Map.Entry::getKey))
                .containsExactly("host", "id", "script", "time", "seq_no", "type", "payload");
        assertThat(result.path("id").asText()).isEqualTo(ID);
        assertThat(result.path("script").asText()).isEqualTo("controller:run");
        assertThat(result.path("host").asText()).isNotBlank();
        assertThat(result.path("time").asDouble())
                .isGreaterThanOrEqualTo(session.path("start_time").asDouble());
        assertThat(result.path("payload").path("op_name").asText()).isEqualTo("run");
        assertThat(result.path("payload").path("outcome").asText()).isEqualTo("failed");
        assertThat(result.path("payload").path("exit_code").asInt()).isEqualTo(4);
        assertThat(result.path("payload").path("data").isObject()).isTrue();
        List<String> said = first.messages().stream()
                .filter(message -> message.path("type").asText().equals("session_log"))
                .map(message -> message.path("payload").asText())
                .toList();
        assertThat(said).isEqualTo(texts(session));
    }

    @Test
    void numbersItsMessagesTheSameEverywhere() throws Exception {
        int one = http.run("exit_with.py", 0).path("session_id").asInt();
        int two = http.run("exit_with.py", 0).path("session_id").asInt();
        awaitResult(first, two);
        awaitResult(second, two);

        assertThat(one).isLessThan(two);
        assertThat(first.messages()).isEqualTo(second.messages());
        List<Long> numbers = first.messages().stream()
                .map(message -> message.path("seq_no").asLong())
                .toList();
        assertThat(numbers)
                .isEqualTo(IntStream.range(0, numbers.size())
                        .mapToObj(offset -> numbers.get(0) + offset)
                        .toList());
    }

    @Test
    void cutsAResultThatIsTooLargeIntoParts() throws Exception {
        JsonNode session = http.run("publish.py", "large_result");
        int id = session.path("session_id").asInt();

        JsonNode any = first.await(message -> message.path("type").asText().equals("session_data_part"));
        int parts = any.path("payload").path("parts").asInt();
        await().atMost(PATIENCE)
                .untilAsserted(() -> assertThat(parts(first)).hasSize(parts).isEqualTo(parts(second)));

        assertThat(parts).isGreaterThan(1);
        assertThat(first.heard()).allMatch(datagram -> datagram.length <= 64_000);
        assertThat(parts(first))
                .extracting(part -> part.path("part").asInt())
                .isEqualTo(IntStream.rangeClosed(1, parts).boxed().toList());
        assertThat(parts(first)).allMatch(part -> part.path("session_id").asInt(-1) == id);
        String joined =
                parts(first).stream().map(part -> part.path("text").asText()).collect(Collectors.joining());
        JsonNode payload = new ObjectMapper().readTree(joined);
        assertThat(payload.path("session_id").asInt(-1)).isEqualTo(id);
        assertThat(payload.path("outcome").asText()).isEqualTo("succeeded");
        assertThat(payload.path("data")).isEqualTo(session.path("data"));
        assertThat(session.path("data")).hasSize(4);
    }

    private static List<JsonNode> parts(UdpEar ear) {
        return ear.messages().stream()
                .filter(message -> message.path("type").asText().equals("session_data_part"))
                .map(message -> message.path("payload"))
                .toList();
    }

    /** What could not be sent is counted where it was to go, and health names who is not known. */
    @Test
    void countsWhatDeadDestinationsMiss() throws Exception {
        int before = failed("no-such-host.invalid");
        int id = http.run("publish.py", "all_types").path("session_id").asInt();
        assertRelayed(id);
        int sent = first.heard().size();

        await().atMost(PATIENCE).untilAsserted(() -> {
            assertThat(failed("no-such-host.invalid")).isGreaterThanOrEqualTo(before + sent);
        });
        assertThat(failed("127.0.0.1")).isZero();
        assertThat(failed(BROADCAST)).isZero();
        JsonNode health = http.get("/observe/health").expect(200).json();
        assertThat(health.path("status").asText()).isEqualTo("DEGRADED");
        assertThat(health.at("/checks/publisher/status").asText()).isEqualTo("DEGRADED");
        assertThat(health.at("/checks/publisher/detail").asText()).contains("no-such-host.invalid:8200 is not known");
    }

    private int failed(String host) throws Exception {
        int failed = 0;
        for (JsonNode destination : http.get("/observe/health").json().at("/checks/publisher/destinations")) {
            if (destination.path("host").asText().equals(host)) {
                failed += destination.path("failed").asInt();
            }
        }
        return failed;
    }
}
