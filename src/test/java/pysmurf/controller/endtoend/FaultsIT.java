package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerOfJar;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.HttpClientOfController;
import pysmurf.controller.driver.HttpClientOfController.Reply;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.ScriptProcesses;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.SharedController;
import pysmurf.controller.driver.SmallDisk;

/** What the controller stands on gives way while it works. */
class FaultsIT extends SharedController {

    FaultsIT() {
        super(ControllerOfClasses::start);
    }

    private String health(String check) throws Exception {
        return http.get("/observe/health")
                .json()
                .at("/checks/" + check + "/status")
                .asText();
    }

    private static int id(JsonNode session) {
        return session.path("session_id").asInt();
    }

    /** With a database that cannot be written the script goes on and can be aborted; new work is refused until it is back. */
    @Test
    void keepsWorkingWithoutItsDatabase(@TempDir Path folder) throws Exception {
        int id = id(http.start(
                "run", script("wait_for_file.py", folder.resolve("never").toString())));
        http.awaitOutput(id, "ready");
        try (Connection other = DriverManager.getConnection(
                        "jdbc:sqlite:" + controller.setup().data().resolve("sessions.db"));
                Statement statement = other.createStatement()) {
            statement.execute("BEGIN IMMEDIATE");
            http.post("/api/v1/operations/tune_squids", "{\"dry_run\": true}").problem(503);
            JsonNode refused = http.post("/api/v1/operations/run", script("exit_with.py", 0))
                    .problem(503);
            assertThat(refused.path("detail").asText()).contains("sessions cannot be kept", "locked");
            assertThat(health("store")).isEqualTo("DOWN");
            assertThat(http.get("/observe/health").status()).isEqualTo(503);
            assertThat(http.session(id).path("status").asText()).isEqualTo("running");

            JsonNode aborted = http.post("/api/v1/sessions/" + id + "/abort?wait=10", params())
                    .expect(200)
                    .json();
            assertThat(aborted.path("status").asText()).isEqualTo("done");
            assertThat(http.session(id).path("outcome").asText()).isEqualTo("aborted");
            statement.execute("ROLLBACK");

            await().atMost(PATIENCE).until(() -> health("store").equals("UP"));
            assertThat(statement
                            .executeQuery("SELECT outcome FROM session WHERE id = " + id)
                            .getString(1))
                    .isEqualTo("aborted");
        }
        assertThat(http.run("exit_with.py", 0).path("outcome").asText()).isEqualTo("succeeded");
    }

    /** Somebody else's kill -9 is the end of the script, and of its session, but of nothing else. */
    @Test
    void noticesAScriptThatWasKilled(@TempDir Path folder) throws Exception {
        int id = id(http.start(
                "run", script("wait_for_file.py", folder.resolve("never").toString())));
        http.awaitOutput(id, "ready");

        ProcessHandle.of(http.session(id).path("pid").asLong()).orElseThrow().destroyForcibly();

        await().atMost(PATIENCE)
                .until(() -> http.session(id).path("status").asText().equals("done"));
        assertThat(http.session(id).path("outcome").asText()).isEqualTo("failed");
        assertThat(http.session(id).path("exit_code").asInt()).isEqualTo(137);
    }

    /** A script is running as long as its process is, whether it still says something or not. */
    @Test
    void doesNotMistakeSilenceForTheEnd(@TempDir Path folder) throws Exception {
        Path end = folder.resolve("end");
        int id = id(http.start("run", script("closes_output.py", end.toString())));
        http.awaitOutput(id, "closing");
        assertThat(http.post("/api/v1/operations/run", script("exit_with.py", 0))
                        .status())
                .isEqualTo(409);
        assertThat(http.session(id).path("status").asText()).isEqualTo("running");

        Files.createFile(end);

        assertThat(http.awaitDone(id).path("outcome").asText()).isEqualTo("succeeded");
    }

    /** Fifty at once, by both ways in: one is started, and a key given twice starts nothing. */
    @Test
    void startsOneOfFifty() throws Exception {
        int before = http.get("/api/v1/sessions?limit=500").json().size();
        List<CompletableFuture<Reply>> replies = new ArrayList<>();
        try (MqttWatcher watcher = MqttWatcher.of(controller)) {
            for (int i = 0; i < 25; i++) {
                replies.add(http.postAsync("/api/v1/operations/run", script("stubborn.py")));
                watcher.command("run", script("stubborn.py").put("command_id", "many-" + i));
            }
            int started = 0;
            for (int i = 0; i < 25; i++) {
                started += replies.get(i).join().status() == 202 ? 1 : 0;
                started += watcher.awaitReply("many-" + i).path("accepted").asBoolean() ? 1 : 0;
            }
            assertThat(started).isEqualTo(1);
            assertThat(http.get("/api/v1/sessions?limit=500").json()).hasSize(before + 1);
            http.post("/api/v1/operations/abort?wait=10", "{\"force\": true}").expect(200);

            // a broker may deliver what it was given once more
            for (int i = 0; i < 3; i++) {
                watcher.command("run", script("exit_with.py", 0).put("command_id", "again"));
            }
            await().atMost(PATIENCE).until(() -> watcher.messages("reply").size() == 28);
            assertThat(watcher.messages("reply").subList(25, 28))
                    .extracting(reply -> reply.json().path("accepted").asBoolean())
                    .containsExactlyInAnyOrder(true, false, false);
            int first = id(watcher.awaitReply("again").path("session"));
            assertThat(id(http.post(
                                    "/api/v1/operations/run",
                                    script("exit_with.py", 0).toString(),
                                    "Idempotency-Key",
                                    "again")
                            .expect(200)
                            .json()))
                    .isEqualTo(first);
        }
    }

    /** Where room is short nothing new is begun, and that is said; but it is no reason to kill the controller. */
    @Test
    void refusesWorkOnAFullDisk(@TempDir Path folder) throws Exception {
        try (ControllerUnderTest full =
                ControllerOfClasses.start(Setup.in(folder).with("store.min-free", "900TiB"))) {
            HttpClientOfController client = full.http();
            JsonNode refused = client.post("/api/v1/operations/run", script("exit_with.py", 0))
                    .problem(503);
            assertThat(refused.path("detail").asText()).contains("disk", "store.min-free");
            JsonNode health = client.get("/observe/health").expect(503).json();
            assertThat(health.path("status").asText()).isEqualTo("DOWN");
            assertThat(health.at("/checks/disk/status").asText()).isEqualTo("DOWN");
            JsonNode ready = client.get("/observe/health/ready").expect(503).json();
            assertThat(ready.path("status").asText()).isEqualTo("DOWN");
            assertThat(ready.path("detail").asText()).contains("store.min-free");
            client.get("/observe/health/live").expect(200);
            client.post("/api/v1/operations/abort", "{}").problem(409);
        }
    }

    @Test
    void aBusyControllerIsReady() throws Exception {
        http.start("run", script("wait_for_file.py", "/never"));

        http.get("/observe/health/ready").expect(200);
        http.get("/observe/health/live").expect(200);
    }

    @Test
    void outlivesTheLimitsOfItsProcess(@TempDir Path folder) throws Exception {
        try (ControllerOfJar limited = ControllerOfJar.start(Setup.in(folder))) {
            keepsWorkingWhenNoFileCanBeWritten(limited);
            leavesNoScriptBehindWhereDescriptorsRunOut(limited);
        }
    }

    /**
     * Nothing can be written any more, not even the controller's own log: a limit on the size of files, which holds for root as
     * well, where the mode of a file would not, and a file that is open would not ask for it.
     */
    private static void keepsWorkingWhenNoFileCanBeWritten(ControllerOfJar limited) throws Exception {
        HttpClientOfController client = limited.http();
        int id = id(client.start("run", script("wait_for_file.py", "/never")));
        client.awaitOutput(id, "ready");
        limited.limitFileSize("0");

        JsonNode refused = client.post("/api/v1/operations/tune_squids", "{\"dry_run\": true}")
                .problem(503);
        assertThat(refused.path("detail").asText()).contains("sessions cannot be kept at the moment");
        JsonNode checks = client.get("/observe/health").expect(503).json().path("checks");
        assertThat(checks.at("/store/status").asText()).isEqualTo("DOWN");
        assertThat(checks.at("/audit/status").asText()).isEqualTo("DEGRADED");
        assertThat(client.session(id).path("status").asText()).isEqualTo("running");
        client.post("/api/v1/sessions/" + id + "/abort?wait=10", params()).expect(200);
        assertThat(client.session(id).path("outcome").asText()).isEqualTo("aborted");
        assertThat(limited.setup().scriptProcesses().alive()).isEmpty();
        client.post("/api/v1/operations/run", script("exit_with.py", 0)).problem(503);
        assertThat(limited.isAlive()).isTrue();
        limited.limitFileSize("unlimited");

        await().atMost(PATIENCE).until(() -> client.get("/observe/health").status() == 200);
        assertThat(outcomeIn(limited.setup().data(), id)).isEqualTo("aborted");
        assertThat(client.run("exit_with.py", 0).path("outcome").asText()).isEqualTo("succeeded");
    }

    /** Whatever it is that fails for want of a descriptor: a script runs and can be aborted, or nothing of it lives. */
    private static void leavesNoScriptBehindWhereDescriptorsRunOut(ControllerOfJar few) throws Exception {
        ScriptProcesses scripts = few.setup().scriptProcesses();
        HttpClientOfController client = few.http();
        // from here on it has all its classes
        assertThat(client.run("exit_with.py", 0).path("outcome").asText()).isEqualTo("succeeded");
        int failed = 0;
        int started = 0;
        for (int left = 0; left <= 10; left++) {
            few.limitDescriptors(left);
            Reply reply = client.post("/api/v1/operations/run?wait=0.5", script("wait_for_file.py", "/never"));
            few.limitDescriptors(-1);
            if (reply.status() == 503) {
                continue;
            }
            int id = id(reply.json());
            if (reply.json().path("status").asText().equals("done")) {
                failed++;
                assertThat(reply.json().path("outcome").asText()).isEqualTo("failed");
                assertThat(scripts.alive())
                        .as("with %d descriptors left: %s", left, reply.text())
                        .isEmpty();
            } else {
                Reply abort = client.post("/api/v1/operations/abort?wait=60", params().put("force", true));
                // or it failed just now
                boolean aborted = abort.status() == 200;
                started += aborted ? 1 : 0;
                assertThat(client.awaitDone(id).path("outcome").asText()).isEqualTo(aborted ? "aborted" : "failed");
            }
            assertThat(scripts.alive()).isEmpty();
        }
        assertThat(failed).isPositive();
        assertThat(started).isPositive();
        assertThat(client.run("exit_with.py", 0).path("outcome").asText()).isEqualTo("succeeded");
    }

    private static String outcomeIn(Path data, int id) throws Exception {
        try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + data.resolve("sessions.db"));
                Statement statement = other.createStatement()) {
            return statement
                    .executeQuery("SELECT outcome FROM session WHERE id = " + id)
                    .getString(1);
        }
    }

    /** A script fills the disk to the last byte, and then somebody else does it under one that only waits. */
    @Test
    void outlivesADiskThatIsReallyFull(@TempDir Path folder) throws Exception {
        Optional<SmallDisk> mounted = SmallDisk.at(folder.resolve("disk"), "8m");
        assumeTrue(mounted.isPresent(), "no file system may be mounted here");
        try (SmallDisk disk = mounted.orElseThrow();
                ControllerUnderTest full = ControllerOfClasses.start(Setup.in(folder.resolve("controller"))
                        .with("data.dir", disk.folder().resolve("data"))
                        .with("store.min-free", "1MiB"))) {
            HttpClientOfController client = full.http();
            int flood = id(client.start("run", script("flood.py")));
            JsonNode failed = client.awaitDone(flood);
            assertThat(failed.path("outcome").asText()).isEqualTo("failed");
            assertThat(failed.path("messages").toString()).contains("is full; the end of the output may be missing");
            assertFull(client);
            Files.delete(disk.folder().resolve("data/output/" + flood + ".log"));
            await().atMost(PATIENCE).until(() -> client.get("/observe/health").status() == 200);

            int id = id(client.start(
                    "run", script("wait_for_file.py", folder.resolve("never").toString())));
            client.awaitOutput(id, "ready");
            Path filler = disk.folder().resolve("filler");
            assertThatThrownBy(() -> Files.write(filler, new byte[8 << 20])).isInstanceOf(IOException.class);
            assertFull(client);
            assertThat(client.session(id).path("status").asText()).isEqualTo("running");
            client.post("/api/v1/operations/abort?wait=10", params()).expect(200);
            assertThat(client.session(id).path("outcome").asText()).isEqualTo("aborted");
            assertThat(full.setup().scriptProcesses().alive()).isEmpty();
            Files.delete(filler);

            await().atMost(PATIENCE).until(() -> client.get("/observe/health").status() == 200);
            assertThat(outcomeIn(disk.folder().resolve("data"), flood)).isEqualTo("failed");
            assertThat(outcomeIn(disk.folder().resolve("data"), id)).isEqualTo("aborted");
            assertThat(client.run("exit_with.py", 0).path("outcome").asText()).isEqualTo("succeeded");
        }
    }

    private static void assertFull(HttpClientOfController client) throws Exception {
        assertThat(client.post("/api/v1/operations/run", script("exit_with.py", 0))
                        .problem(503)
                        .path("detail")
                        .asText())
                .contains("the disk is nearly full", "store.min-free");
        assertThat(client.get("/observe/health")
                        .expect(503)
                        .json()
                        .at("/checks/disk/status")
                        .asText())
                .isEqualTo("DOWN");
    }
}
