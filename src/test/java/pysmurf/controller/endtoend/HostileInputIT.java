package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.params;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import org.eclipse.paho.mqttv5.common.packet.MqttProperties;
import org.junit.jupiter.api.Test;
import pysmurf.controller.driver.ControllerOfJar;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.SharedController;

/** Two thousand commands that nobody in his right mind would send, the same ones each time, by every way in. */
class HostileInputIT extends SharedController {

    private static final int HTTP = 1200;
    private static final int CALL = 500;
    private static final int MQTT = 400;
    /** After so many everything has been used once, and what remembers the last ones is full. */
    private static final int WARM = 500;

    private static final int AT_A_TIME = 16;
    /** Far less than what was sent since. */
    private static final long MOST_GROWTH_BYTES = 4L << 20;

    private static final List<String> FRAGMENTS = List.of(
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "null",
            "true",
            "-0",
            "1e999",
            "1E-999",
            "NaN",
            "9".repeat(400),
            "\"",
            "\\",
            "\"script\"",
            "\"exit_with.py\"",
            "\"../../etc/passwd\"",
            "\"/etc/passwd\"",
            "\"args\"",
            "\"timeout\"",
            "\"log\"",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "\"${header.x}\"",
            "\"$(id)\"",
            "\"{{data.dir}}\"",
            "\"; rm -rf /\"",
            "\"command_id\"",
            "\"expires_at\"",
            "\"reply_to\"",
            "\"#\"",
            "\"+/x\"",
            "\"dry_run\"",
            "\"bands\"",
            "\"password\"",
            "\0",
            "\u00e4",
            "\ufeff",
            "\"" + "a".repeat(5000) + "\"",
            "[".repeat(300),
            "{\"a\":".repeat(250),
            "\r\n",
            "<xml/>",
            "'");

    private static final List<String> VALUES = List.of(
            "null",
            "true",
            "0",
            "-1",
            "1e999",
            "0.1",
            "\"\"",
            "\"x\"",
            "\"exit_with.py\"",
            "[]",
            "{}",
            "[[]]",
            "[\"0\"]",
            "[0]",
            "\"../x\"",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "\"a\\nb\"",
            "9007199254740993",
            "-99999999999999999999",
            "[1,\"x\",{}]",
            "\"" + "b".repeat(2000) + "\"",
            "253402300800");

    private static final List<String> NAMES = List.of(
            "script",
            "args",
            "log",
            "timeout",
            "force",
            "bands",
            "dry_run",
            "preset",
            "from_stage",
            "skip",
            "seed",
            "faults",
            "command_id",
            "expires_at",
            "reply_to",
            "session_id",
            "",
            "CamelHttpUri",
            "__proto__",
            "op",
            "params",
            "password");

    private static final List<String> OPERATIONS = List.of(
            "run",
            "abort",
            "tune_squids",
            "safe_state",
            "nothing",
            "..%2f..",
            "%00",
            "run%20",
            "direct:run",
            "%F0%9F%98%80");

    private final Random random = new Random(20261101);

    HostileInputIT() {
        super(ControllerOfJar::start);
    }

    private <T> T one(List<T> of) {
        return of.get(random.nextInt(of.size()));
    }

    private String anyText() {
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(12); i >= 0; i--) {
            text.append(one(FRAGMENTS));
        }
        return text.toString();
    }

    private String anyObject() {
        List<String> fields = new ArrayList<>();
        for (int i = random.nextInt(5); i > 0; i--) {
            fields.add("\"" + one(NAMES) + "\":" + one(VALUES));
        }
        return "{" + String.join(",", fields) + "}";
    }

    /** Half of them are JSON. Nothing that would run for long is among them. */
    private String anyBody() {
        return random.nextBoolean() ? anyText() : anyObject();
    }

    @Test
    void survivesWhateverItIsSent() throws Exception {
        HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        String base = "http://127.0.0.1:" + controller.setup().get("http.port");
        Map<Integer, Integer> statuses = new TreeMap<>();
        List<String> unexpected = new ArrayList<>();
        Semaphore room = new Semaphore(AT_A_TIME);
        List<CompletableFuture<?>> replies = new ArrayList<>();
        try (MqttWatcher watcher = MqttWatcher.of(controller);
                DatagramSocket socket = new DatagramSocket()) {
            long heapBefore = 0;
            for (int i = 0; i < HTTP + CALL; i++) {
                if (i == WARM) {
                    room.acquire(AT_A_TIME);
                    heapBefore = usedHeap();
                    room.release(AT_A_TIME);
                }
                String body = anyBody();
                boolean call = i >= HTTP;
                String path = call ? "/call" : "/api/v1/operations/" + one(OPERATIONS);
                if (call && random.nextBoolean()) {
                    body = "{\"procedure\":\"observatory." + controller.setup().id() + ".ops\",\"args\":[" + one(VALUES)
                            + ","
                            + one(List.of("\"start\"", "\"abort\"", "\"status\"", "\"wait\"", "7")) + ",\"run\","
                            + anyObject() + "," + one(VALUES) + "]}";
                }
                HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(base + path))
                        .timeout(Duration.ofSeconds(20))
                        .POST(BodyPublishers.ofByteArray(body.getBytes(StandardCharsets.ISO_8859_1)));
                if (random.nextInt(4) == 0) {
                    request.header("Idempotency-Key", "key " + random.nextInt(20));
                    request.header("CamelExecCommandExecutable", "/bin/false");
                }
                String sent = body;
                room.acquire();
                replies.add(client.sendAsync(request.build(), BodyHandlers.ofString())
                        .whenComplete((reply, fault) -> {
                            room.release();
                            synchronized (statuses) {
                                statuses.merge(reply == null ? -1 : reply.statusCode(), 1, Integer::sum);
                                if (reply == null || reply.statusCode() >= 500 && !(call && isOcsFault(reply.body()))) {
                                    unexpected.add(path + " " + sent + " -> " + (reply == null ? fault : reply.body()));
                                }
                            }
                        }));
                if (i % 4 == 0) {
                    byte[] datagram = anyBody().getBytes(StandardCharsets.UTF_8);
                    socket.send(new DatagramPacket(
                            datagram,
                            Math.min(datagram.length, 60_000),
                            InetAddress.getLoopbackAddress(),
                            Integer.parseInt(controller.setup().get("publisher.listen-port"))));
                }
            }
            for (int i = 0; i < MQTT; i++) {
                watcher.publish(
                        "command/" + one(List.of("run", "abort", "nothing", "tune_squids", "a b", "$x")),
                        anyBody(),
                        random.nextInt(2),
                        false,
                        new MqttProperties());
            }
            CompletableFuture.allOf(replies.toArray(CompletableFuture[]::new))
                    .exceptionally(fault -> null)
                    .join();

            assertThat(unexpected).as(statuses.toString()).isEmpty();
            assertThat(statuses.keySet()).contains(202, 400, 404, 409);
            watcher.command("run", "{\"command_id\": \"the last\", \"script\": 7}");
            assertThat(watcher.awaitReply("the last").path("reason").asText()).isEqualTo("invalid");
            assertThat(usedHeap()).isLessThan(heapBefore + MOST_GROWTH_BYTES);
        }
        http.post("/api/v1/operations/abort", "{\"force\": true}");
        await().atMost(PATIENCE).until(() -> unfinished().isEmpty());
        assertThat(http.run("exit_with.py", 0).path("outcome").asText()).isEqualTo("succeeded");
        // an abort may have met safe_state itself, which the health tells until the next one succeeds
        JsonNode safe = http.runToEnd("safe_state", params().put("simulate", true));
        assertThat(safe.path("outcome").asText()).isEqualTo("succeeded");
        // a heartbeat through the broker may be late behind all that, and a new connection waits for those of another
        // life
        await().atMost(PATIENCE).untilAsserted(() -> assertThat(
                        http.get("/observe/health").expect(200).text())
                .startsWith("{\"status\":\"UP\""));
        assertThat(controller.setup().scriptProcesses().alive()).isEmpty();
    }

    private long usedHeap() throws Exception {
        return ((ControllerOfJar) controller).usedHeap();
    }

    /** The bridge answers every fault as crossbar does, with a status of 500 and the fault in the body. */
    private static boolean isOcsFault(String body) {
        return body.contains("\"error\"");
    }

    private List<Integer> unfinished() throws Exception {
        List<Integer> open = new ArrayList<>();
        for (JsonNode session :
                http.get("/api/v1/sessions?limit=500").expect(200).json()) {
            if (!session.path("status").asText().equals("done")) {
                open.add(session.path("session_id").asInt());
            }
        }
        return open;
    }
}
