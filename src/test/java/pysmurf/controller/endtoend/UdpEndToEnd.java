package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.EventsWatcher;
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
        Path operations = setup.routes().resolve("operations");
        Files.writeString(operations.resolve("beside.camel.yaml"), """
                - route:
                    id: beside
                    from:
                      uri: direct:operation-beside
                      steps:
                        - to:
                            uri: kamelet:script
                            parameters:
                              script: publish.py
                              args: many_data 500 ${body[key]}
                """);
        Files.writeString(operations.resolve("beside.schema.json"), """
                {"type": "object", "x-lock": false, "properties": {"key": {"type": "string"}}}
                """);
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

    /** They are read, taken in and sent in batches; what is no message, in the middle of one, costs the others nothing. */
    @Test
    void passesABurstOnByteForByteInItsOrder() throws Exception {
        int before = ignored();

        JsonNode session = http.run("publish.py", "burst", "2000");

        assertThat(publisher(session)).isEqualTo(List.of(2000L, 0L, 0L));
        assertThat(ignored()).isGreaterThanOrEqualTo(before + 20);
        assertRelayed(session.path("session_id").asInt());
    }

    /** Those who watch, and those who come later and ask for what was before. */
    @Test
    void tellsThoseWhoWatchOfEachMessageInItsOrder() throws Exception {
        List<String> wanted =
                IntStream.range(0, 2000).mapToObj(number -> "message " + number).toList();
        try (EventsWatcher watcher = EventsWatcher.of(controller)) {
            int id = http.run("publish.py", "many_logs", "2000")
                    .path("session_id")
                    .asInt();
            watcher.awaitDone(id);
            assertThat(published(watcher, id)).isEqualTo(wanted);
        }
        long last = lastEventId();
        int id = http.run("publish.py", "many_logs", "2000").path("session_id").asInt();
        try (EventsWatcher late = EventsWatcher.after(controller, last)) {
            late.awaitDone(id);
            assertThat(published(late, id)).isEqualTo(wanted);
        }
    }

    private long lastEventId() throws Exception {
        try (EventsWatcher watcher = EventsWatcher.of(controller)) {
            int id = http.run("exit_with.py", 0).path("session_id").asInt();
            return watcher.awaitDone(id).id();
        }
    }

    private static List<String> published(EventsWatcher watcher, int id) {
        return watcher.events().stream()
                .filter(event -> event.name().equals("data")
                        && event.data().path("session_id").asInt(-1) == id)
                .map(event -> event.data().path("payload").asText())
                .toList();
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

        int id = session.path("session_id").asInt();
        assertThat(texts(http.get("/api/v1/sessions/" + id + "?messages=all").json()))
                .filteredOn(text -> text.startsWith("message "))
                .isEqualTo(IntStream.range(0, 10_000)
                        .mapToObj(number -> "message " + number)
                        .toList());
    }

    private static List<Long> publisher(JsonNode session) {
        JsonNode publisher = session.path("publisher");
        return List.of(
                publisher.path("received").asLong(-1),
                publisher.path("lost").asLong(-1),
                publisher.path("not_kept").asLong(-1));
    }

    @Test
    void takesInAllThatWasSentBeforeTheEnd() throws Exception {
        JsonNode session = http.run("publish.py", "many_data", "4000", "key");

        assertThat(publisher(session)).startsWith(4000L, 0L);
        assertThat(session.path("data").size()
                        + session.path("publisher").path("not_kept").asInt())
                .isEqualTo(4000);
    }

    @Test
    void saysHowManyMessagesAreMissing() throws Exception {
        JsonNode session = http.run("publish.py", "burns_numbers");

        // those behind the last one are known to nobody
        assertThat(publisher(session)).isEqualTo(List.of(3L, 4L, 0L));
        assertThat(texts(session)).contains("4 messages of the script's Publisher were lost on the way");
    }

    /** Nothing in a message tells whose it is, and all these run at a time. */
    @Test
    void keepsTheMessagesOfEachSessionApart() throws Exception {
        Path end = folder.resolve("end");
        int run = http.start("run", script("publish.py", "until", end.toString()))
                .path("session_id")
                .asInt();
        http.awaitOutput(run, "published 100");
        List<JsonNode> beside = Stream.of("a", "b", "c")
                .map(key -> http.postAsync("/api/v1/operations/beside?wait=60", params().put("key", key)))
                .toList()
                .stream()
                .map(reply -> reply.join().expect(200).json())
                .toList();
        Files.createFile(end);
        JsonNode locked = http.awaitDone(run);

        for (int n = 0; n < 3; n++) {
            String key = "abc".substring(n, n + 1);
            assertThat(publisher(beside.get(n))).startsWith(500L, 0L);
            assertThat(beside.get(n).path("data").fieldNames()).toIterable().allMatch(name -> name.startsWith(key));
        }
        assertThat(locked.path("data").fieldNames()).toIterable().containsExactly("last");
        assertThat(publisher(locked)).isEqualTo(List.of(sent(run), 0L, 0L));
    }

    /** As the script of a session has counted them itself. */
    private long sent(int id) throws Exception {
        String log = new String(http.log(id), StandardCharsets.UTF_8).strip();
        return Long.parseLong(log.substring(log.lastIndexOf(' ') + 1));
    }

    /** None of these has been read at the end: no checksum is known, and the pipe would be read for ever. */
    @Test
    void closesAtOnceWhateverIsRegistered() throws Exception {
        Path huge = folder.resolve("huge.g3");
        try (RandomAccessFile file = new RandomAccessFile(huge.toFile(), "rw")) {
            file.setLength(60L << 30);
        }
        Path pipe = folder.resolve("pipe");
        assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor())
                .isZero();

        JsonNode session = http.run(
                "publish.py", "register", "g3", huge.toString(), pipe.toString(), folder.toString(), "/dev/zero");

        assertThat(session.path("files"))
                .extracting(file -> file.path("size").asLong(-1))
                .containsExactly(60L << 30, -1L, -1L, -1L);
        assertThat(session.path("files")).allMatch(file -> file.path("sha256").isNull());
    }

    /** The digest of a file of 100 MiB takes a second without a compiler that knows digests; the session does not. */
    @Test
    void tellsTheChecksumWhenItIsKnown() throws Exception {
        Path slow = folder.resolve("slow.g3");
        try (RandomAccessFile file = new RandomAccessFile(slow.toFile(), "rw")) {
            file.setLength(100L << 20);
        }
        try (EventsWatcher watcher = EventsWatcher.of(controller)) {
            int id = http.run("publish.py", "register", "g3", slow.toString())
                    .path("session_id")
                    .asInt();
            JsonNode told = watcher.await(
                            "file",
                            file -> file.path("session_id").asInt() == id
                                    && !file.path("sha256").isNull())
                    .data();

            List<String> order = watcher.events().stream()
                    .filter(event -> event.data().path("session_id").asInt(-1) == id)
                    .filter(event -> event.name().equals("file")
                            || event.data().path("status").asText().equals("done"))
                    .map(EventsWatcher.Event::name)
                    .toList();
            assertThat(order).containsExactly("file", "session", "file");
            assertThat(told.path("size").asLong()).isEqualTo(100L << 20);
            assertThat(http.session(id).path("files").path(0).path("sha256")).isEqualTo(told.path("sha256"));
        }
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
        int id = session.path("session_id").asInt();
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(
                        http.session(id).path("files").path(0).path("sha256").asText())
                .isEqualTo(sha256(content)));
        assertThat(session.path("files").path(1).path("path").asText()).isEqualTo(missing.toString());
        assertThat(http.get("/api/v1/sessions/" + id + "/files/0").expect(200).bytes())
                .isEqualTo(content);
        http.get("/api/v1/sessions/" + id + "/files/1").problem(404);
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
