package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.HttpClientOfController;
import pysmurf.controller.driver.Setup;

/** One command to several controllers of a process, over its own broker. */
class FleetIT {

    private static final List<String> IDS = List.of("one", "two", "three", "four");

    private static ControllerUnderTest host;

    @TempDir
    Path folder;

    @BeforeAll
    static void startControllers(@TempDir Path folder) throws Exception {
        Setup setup = Setup.in(folder).withBrokerToCome();
        addSlots(setup, IDS);
        // with users of its own, the broker lets others do less
        setup.with(
                "mqtt.embedded.users-file",
                Files.writeString(folder.resolve("users"), "viewer vera " + "v".repeat(20) + "\n"));
        Files.writeString(setup.folder().resolve("config/fleet.yaml"), "groups: {pair: [two, one]}\n");
        host = ControllerOfClasses.start(setup);
        awaitConnected(host, IDS);
    }

    static void addSlots(Setup setup, List<String> ids) throws Exception {
        Path slots = Files.createDirectories(setup.folder().resolve("config/slots"));
        for (int slot = 0; slot < ids.size(); slot++) {
            Files.writeString(slots.resolve(ids.get(slot) + ".properties"), "controller.slot=" + (slot + 2) + "\n");
        }
    }

    static void awaitConnected(ControllerUnderTest host, List<String> ids) {
        for (String id : ids) {
            await(id).atMost(ControllerUnderTest.PATIENCE).until(() -> host.http()
                    .of(id)
                    .get("/observe/health")
                    .json()
                    .at("/checks/mqtt/status")
                    .asText()
                    .equals("UP"));
        }
    }

    @AfterAll
    static void stopControllers() {
        host.close();
    }

    @AfterEach
    void leaveIdle() throws Exception {
        for (String id : IDS) {
            of(id).post("/api/v1/operations/abort?wait=20", "{\"force\": true}");
        }
    }

    private static HttpClientOfController of(String id) {
        return host.http().of(id);
    }

    private ObjectNode waiting() {
        return script("wait_for_file.py", folder.resolve("never").toString());
    }

    private static ObjectNode fleet(JsonNode params, String... members) {
        ObjectNode fleet = params().put("op", "run");
        fleet.set("params", params);
        for (String member : members) {
            fleet.withArray("members").add(member);
        }
        return fleet;
    }

    private static int awaitRunning(String id) {
        return await(id)
                .atMost(ControllerUnderTest.PATIENCE)
                .until(
                        () -> of(id).get("/api/v1/sessions?limit=1").json().path(0),
                        newest -> newest.path("status").asText().equals("running")
                                && newest.path("pid").isNumber())
                .path("session_id")
                .asInt();
    }

    private static List<String> names(JsonNode session) {
        List<String> names = new ArrayList<>();
        session.path("stages").forEach(stage -> names.add(stage.path("name").asText()));
        return names;
    }

    @Test
    void tellsOfEachMemberWhatBecameOfIt() throws Exception {
        int strangers = of("three").start("run", waiting()).path("session_id").asInt();
        ObjectNode fleet = fleet(script("exit_with.py", 0), "four", "pair", "three", "nobody")
                .put("timeout", 3);
        fleet.putObject("member_params").set("two", script("exit_with.py", 1));
        fleet.withObject("member_params").set("four", waiting());

        JsonNode ended = of("one").runToEnd("fleet", fleet);

        assertThat(ended.path("outcome").asText()).as(ended.toString()).isEqualTo("partial");
        assertThat(ended.at("/data/fleet"))
                .hasToString(
                        "{\"succeeded\":[\"one\"],\"failed\":[\"two\"],\"partial\":[],"
                                + "\"aborted\":[],\"timed_out\":[\"four\"],\"refused\":[\"three\"],\"offline\":[\"nobody\"],\"not_run\":[]}");
        assertThat(names(ended)).containsExactly("four", "two", "one", "three", "nobody");
        assertThat(ended.path("files")).isEmpty();
        JsonNode succeeded = ended.path("stages").get(2);
        assertThat(succeeded.path("status").asText()).isEqualTo("succeeded");
        assertThat(succeeded.at("/numbers/attempts").asInt()).isOne();
        assertThat(succeeded.at("/numbers/took_s").asDouble()).isPositive();
        JsonNode own = of("one").session(succeeded.at("/numbers/session_id").asInt());
        assertThat(own.path("command_id").asText())
                .isEqualTo("fleet-" + ended.at("/data/fleet_uuid").asText() + "-one");
        assertThat(of("three").session(strangers).path("status").asText()).isEqualTo("running");

        // once more those that did not succeed
        fleet.put("failed_of", ended.path("session_id").asInt())
                .put("offline", "skip")
                .set("member_params", params());
        fleet.remove("members");
        JsonNode again = of("one").runToEnd("fleet", fleet.put("at_least", 2));

        assertThat(names(again)).containsExactly("four", "two", "three", "nobody");
        assertThat(again.at("/data/fleet/succeeded")).hasToString("[\"four\",\"two\"]");
    }

    @Test
    void anAbortEndsWhatTheFleetStartedAndNothingElse() throws Exception {
        int strangers = of("three").start("run", waiting()).path("session_id").asInt();
        int id = of("two")
                .start("fleet", fleet(waiting(), "one", "two", "three").put("retries", 100))
                .path("session_id")
                .asInt();
        awaitRunning("one");
        int own = await("two")
                .atMost(ControllerUnderTest.PATIENCE)
                .until(() -> of("two").session(id).path("stages").path(1).at("/numbers/session_id"), JsonNode::isNumber)
                .asInt();

        of("two").post("/api/v1/sessions/" + id + "/abort", "{}").expect(202);
        JsonNode ended = of("two").awaitDone(id);

        assertThat(ended.path("outcome").asText()).isEqualTo("aborted");
        assertThat(ended.at("/data/fleet/aborted")).hasToString("[\"one\",\"two\"]");
        assertThat(ended.at("/data/fleet/refused")).hasToString("[\"three\"]");
        assertThat(of("two").session(own).path("outcome").asText()).isEqualTo("aborted");
        assertThat(of("three").session(strangers).path("status").asText()).isEqualTo("running");
    }

    @Test
    void aForcedAbortIsForcedOnTheMembers() throws Exception {
        int id = of("two")
                .start("fleet", fleet(waiting(), "one", "two"))
                .path("session_id")
                .asInt();
        int members = awaitRunning("one");
        await("its session")
                .atMost(ControllerUnderTest.PATIENCE)
                .until(
                        () -> of("two").session(id).path("stages").path(0).at("/numbers/session_id"),
                        JsonNode::isNumber);

        of("two").post("/api/v1/sessions/" + id + "/abort", "{\"force\": true}").expect(202);

        assertThat(of("two").awaitDone(id).at("/data/fleet/aborted")).hasToString("[\"one\",\"two\"]");
        assertThat(of("one").awaitDone(members).at("/abort/signals").toString()).contains("KILL");
    }

    @Test
    void doesNotAbortItself() throws Exception {
        int next = of("one")
                        .runToEnd("run", script("exit_with.py", 0))
                        .path("session_id")
                        .asInt()
                + 1;
        ObjectNode fleet = fleet(params().put("session_id", next), "one").put("op", "abort");
        JsonNode ended = of("one").runToEnd("fleet", fleet);
        assertThat(ended.path("session_id").asInt()).isEqualTo(next);
        assertThat(ended.path("outcome").asText()).isEqualTo("failed");
        assertThat(ended.path("messages").toString()).contains("does not abort itself");
    }
}
