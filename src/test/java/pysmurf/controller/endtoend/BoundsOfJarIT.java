package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.eclipse.paho.mqttv5.client.MqttClient;
import org.eclipse.paho.mqttv5.client.MqttConnectionOptions;
import org.eclipse.paho.mqttv5.client.persist.MemoryPersistence;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfJar;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.HttpClientOfController;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.Setup;

/** What a controller takes of memory and disk, whatever scripts, subscribers and earlier versions do. */
class BoundsOfJarIT {

    private static final int MIB = 1024 * 1024;

    @TempDir
    Path folder;

    /** More data than the heap: what fits is kept, the rest is counted and told. */
    private static void keepsOfDataWhatFits(HttpClientOfController http) throws Exception {
        JsonNode session = http.run("publish.py", "many_keys", 3000, 3000);

        assertThat(session.path("outcome").asText()).isEqualTo("succeeded");
        long notKept = session.at("/publisher/not_kept").asLong();
        assertThat(session.path("data").toString().length()).isBetween(MIB / 2, MIB);
        assertThat(session.path("data").size() + notKept).isBetween(1000L, 3000L);
        assertThat(notKept).isPositive();
        assertThat(session.path("messages").toString()).contains("not kept");
    }

    /** What a life leaves behind, and what the next one finds. */
    @Test
    void staysInBoundsFromLifeToLife() throws Exception {
        Setup setup = Setup.in(Files.createDirectories(folder.resolve("controller")));
        List<Path> before = leavesNothingElsewhere(setup);
        fill(setup.data().resolve("sessions.db"));
        try (ControllerOfJar controller = ControllerOfJar.start(setup)) {
            assertThat(files(setup.data().resolve("tmp"))).doesNotContainAnyElementsOf(before);
            servesWhateverIsStored(controller);
        }
    }

    /** What libraries unpack and the broker pages out is below data.dir, in bounds, and gone at the next start. */
    private List<Path> leavesNothingElsewhere(Setup setup) throws Exception {
        Path temporary = Files.createDirectories(folder.resolve("temporary"));
        try (ControllerOfJar controller = ControllerOfJar.launch(setup, "-Djava.io.tmpdir=" + temporary)) {
            ControllerUnderTest.awaitReady(controller, controller::isAlive);
            keepsOfDataWhatFits(controller.http());
            subscribeAndForget(controller);
            try (MqttWatcher watcher = MqttWatcher.of(controller)) {
                JsonNode session = controller.http().run("publish.py", "many_keys", 3000, 20_000);
                watcher.awaitDone(session.path("session_id").asInt());
                // the forgotten subscriber holds nobody up
                watcher.command("run", "{\"script\": \"exit_with.py\", \"args\": [0], \"command_id\": \"next\"}");
                watcher.awaitDone(
                        watcher.awaitReply("next").at("/session/session_id").asInt());
            }
            controller.kill();
        }
        assertThat(files(temporary)).isEmpty();
        assertThat(files(setup.folder()))
                .noneMatch(path -> path.toString().contains("paging"))
                .as("but below data.dir/tmp");
        List<Path> before = files(setup.data().resolve("tmp"));
        assertThat(before).isNotEmpty();
        long size = 0;
        for (Path path : before) {
            size += Files.size(path);
        }
        assertThat(size).isLessThan(100L * MIB);
        return before;
    }

    /** A database from a time without bounds: the largest sessions there can be, read by many at once. */
    private static void servesWhateverIsStored(ControllerOfJar controller) throws Exception {
        HttpClientOfController http = controller.http();
        List<CompletableFuture<Integer>> replies = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            int id = i % 2;
            replies.add(CompletableFuture.supplyAsync(() -> read(http, "/api/v1/operations")));
            replies.add(CompletableFuture.supplyAsync(() -> read(http, "/api/v1/sessions?limit=500")));
            replies.add(CompletableFuture.supplyAsync(() -> read(http, "/api/v1/sessions/" + id + "?messages=all")));
        }
        for (CompletableFuture<Integer> reply : replies) {
            assertThat(reply.join()).isPositive();
        }

        // two came after it
        JsonNode listed = http.get("/api/v1/sessions").expect(200).json().path(2);
        assertThat(listed.toString().length()).isLessThan(17 * 1024);
        assertThat(listed.path("trimmed")).extracting(JsonNode::asText).contains("data");
        assertThat(listed.path("outcome").asText()).isEqualTo("succeeded");
        JsonNode whole = http.get("/api/v1/sessions/0?messages=all").expect(200).json();
        assertThat(whole.path("messages").size()).isGreaterThan(5000);
        assertThat(whole.path("trimmed")).extracting(JsonNode::asText).containsExactly("data");
        assertThat(http.session(0).path("messages")).hasSize(100);
        assertThat(http.get("/api/v1/sessions/0?messages=3").json().path("messages"))
                .hasSize(3);
        assertThat(http.get("/api/v1/sessions/0?messages=-1").status()).isEqualTo(400);
        assertThat(controller.isAlive()).isTrue();
    }

    /** As a client does it: what cannot be answered at the moment is asked for again. */
    private static int read(HttpClientOfController http, String path) {
        HttpClientOfController.Reply reply = await().atMost(ControllerUnderTest.PATIENCE)
                .pollInterval(Duration.ofMillis(100))
                .until(() -> http.get(path), answer -> answer.status() != 503);
        return reply.expect(200).bytes().length;
    }

    private static void fill(Path file) throws Exception {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement plain = connection.createStatement()) {
            connection.setAutoCommit(false);
            try (PreparedStatement data = connection.prepareStatement("UPDATE session SET"
                    + " document = json_set(document, '$.data', json(?)),"
                    + " listed = json_set(document, '$.trimmed', json('[\"data\"]'))"
                    + " WHERE id < 2")) {
                data.setString(1, "{\"large\": \"" + "v".repeat(30 * MIB) + "\"}");
                data.execute();
            }
            plain.execute("WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 9000)"
                    + " INSERT INTO message (controller, session_id, n, time, text)"
                    + " SELECT s.controller, s.id, n.i, s.end_time, '" + "m".repeat(2000)
                    + "' FROM session s, n WHERE s.id < 2");
            connection.commit();
        }
    }

    private static void subscribeAndForget(ControllerOfJar controller) throws Exception {
        MqttClient client = new MqttClient(controller.brokerUrl(), "forgotten", new MemoryPersistence());
        MqttConnectionOptions options = new MqttConnectionOptions();
        options.setCleanStart(false);
        options.setSessionExpiryInterval(0xFFFFFFFFL);
        client.connect(options);
        client.subscribe(controller.topic("#"), 1);
        client.disconnect();
        client.close();
    }

    private static List<Path> files(Path root) throws Exception {
        try (Stream<Path> walk = Files.walk(root)) {
            return walk.filter(Files::isRegularFile)
                    .filter(path -> !path.startsWith(root.resolve("data/tmp")))
                    .toList();
        }
    }
}
