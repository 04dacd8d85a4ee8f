package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.StreamSupport;
import org.eclipse.paho.mqttv5.common.packet.MqttProperties;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerOfJar;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.MqttWatcher;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.TestBroker;

/** A fleet whose members are in another process, over a broker that is in neither; what of these dies, and comes back. */
class FleetOfHostsIT {

    private static final List<String> IDS = List.of("one", "two");

    private static TestBroker broker;
    private static ControllerUnderTest members;
    private static ControllerUnderTest commander;
    /** A host that can be killed and held. */
    private static ControllerOfJar other;

    @TempDir
    Path folder;

    @BeforeAll
    static void startHosts(@TempDir Path folder) throws Exception {
        broker = TestBroker.embedded(folder.resolve("broker"));
        broker.start();
        Setup slots = Setup.in(Files.createDirectory(folder.resolve("members")))
                .withBroker(broker.url())
                .withBrokerToCome();
        FleetIT.addSlots(slots, IDS);
        members = ControllerOfClasses.start(slots);
        FleetIT.awaitConnected(members, IDS);
        commander = ControllerOfClasses.start(host(folder.resolve("commander")));
        other = ControllerOfJar.start(host(folder.resolve("other")));
    }

    private static Setup host(Path folder) throws Exception {
        return Setup.in(Files.createDirectory(folder))
                .withBroker(broker.url())
                // the members speak 5
                .with("mqtt.version", "3.1.1");
    }

    @AfterAll
    static void stopHosts() {
        other.close();
        commander.close();
        members.close();
        broker.close();
    }

    private static JsonNode row(String id) throws Exception {
        return StreamSupport.stream(commander.http().get("/controllers").json().spliterator(), false)
                .filter(row -> row.path("id").asText().equals(id))
                .findFirst()
                .orElseThrow();
    }

    /** Each waits for a file of its own name. */
    private ObjectNode waiting() {
        ObjectNode fleet = params().put("op", "run").put("members", "*");
        fleet.set("params", params());
        // all hosts but the members
        fleet.putArray("exclude").add("c*");
        IDS.forEach(id -> fleet.withObject("member_params")
                .set(id, script("wait_for_file.py", folder.resolve(id).toString())));
        return fleet;
    }

    private void release(String id) throws Exception {
        Files.createFile(folder.resolve(id));
    }

    private static int session(ControllerUnderTest host, int fleet, int member) {
        return await("member " + member)
                .atMost(ControllerUnderTest.PATIENCE)
                .until(
                        () -> host.http()
                                .session(fleet)
                                .path("stages")
                                .path(member)
                                .at("/numbers/session_id"),
                        JsonNode::isNumber)
                .asInt();
    }

    private static int runs(String id) throws Exception {
        return members.http().of(id).get("/api/v1/sessions?op=run").json().size();
    }

    @Test
    void goesOnAfterItsOwnControllerWasKilledAndStartsNothingTwice() throws Exception {
        int before = runs("one");
        int fleet = other.http()
                .start("fleet", waiting().put("concurrency", 1))
                .path("session_id")
                .asInt();
        int first = session(other, fleet, 0);
        members.http().of("one").awaitOutput(first, "ready");

        other.kill();
        other = ControllerOfJar.start(other.setup());
        release("one");
        release("two");

        JsonNode ended = other.http().awaitDone(fleet);
        assertThat(ended.path("outcome").asText()).as(ended.toString()).isEqualTo("succeeded");
        assertThat(ended.at("/data/fleet/succeeded")).hasToString("[\"one\",\"two\"]");
        assertThat(ended.at("/stages/0/numbers/session_id").asInt()).isEqualTo(first);
        assertThat(runs("one")).isEqualTo(before + 1);
    }

    @Test
    void abortsWhatItStartedWhenItsOwnControllerIsStopped() throws Exception {
        int fleet =
                commander.http().start("fleet", waiting()).path("session_id").asInt();
        List<Integer> started = List.of(session(commander, fleet, 0), session(commander, fleet, 1));

        commander.stop();
        for (int member = 0; member < IDS.size(); member++) {
            JsonNode ended = members.http().of(IDS.get(member)).awaitDone(started.get(member));
            assertThat(ended.path("outcome").asText()).isEqualTo("aborted");
        }

        commander = ControllerOfClasses.start(commander.setup());
        JsonNode ended = commander.http().session(fleet);
        assertThat(ended.path("outcome").asText()).isEqualTo("aborted");
        assertThat(ended.at("/data/fleet/aborted")).hasSize(IDS.size());
    }

    @Test
    void hearsWhatEndedWhileTheBrokerWasAway() throws Exception {
        int fleet =
                commander.http().start("fleet", waiting()).path("session_id").asInt();
        int first = session(commander, fleet, 0);
        members.http().of("two").awaitOutput(session(commander, fleet, 1), "ready");
        await("its status").until(() -> row("one").path("busy").asBoolean());
        JsonNode row = row("one");
        assertThat(row.path("slot").asText()).isEqualTo("2");
        assertThat(row.path("session_id").asInt()).isEqualTo(first);
        assertThat(row.path("url").asText()).endsWith("/controllers/one/");
        assertThat(row.path("health").isNull()).isTrue();
        assertThat(row(commander.setup().id()).path("health").asText()).isEqualTo("UP");

        broker.stop();
        release("one");
        members.http().of("one").awaitDone(first);
        broker.start();
        release("two");

        JsonNode ended = commander.http().awaitDone(fleet);
        assertThat(ended.path("outcome").asText()).as(ended.toString()).isEqualTo("succeeded");
        await("its status").atMost(Duration.ofSeconds(20)).untilAsserted(() -> assertThat(
                        row("one").path("last_outcome").asText())
                .isEqualTo("succeeded"));
    }

    private static void signal(ControllerOfJar host, String name) throws Exception {
        assertThat(new ProcessBuilder("kill", name, Long.toString(host.pid()))
                        .start()
                        .waitFor())
                .isZero();
    }

    /** Tells what a host tells that then dies together with the broker: nobody is left who could say that it is gone. */
    private static String tellOfOneThatDies(Path folder) throws Exception {
        Setup dead = Setup.in(folder);
        try (MqttWatcher host = MqttWatcher.of(dead, broker.url())) {
            host.publish("status", "{\"online\": true}", 1, true, new MqttProperties());
            await("its status").until(() -> row(dead.id()).path("online").asBoolean());
            broker.stop();
        }
        broker.start();
        return dead.id();
    }

    /** A host that stands still hears of it all afterwards; of one that died together with the broker there is no word. */
    @Test
    void nothingStartsAfterItsEndAndADeadHostIsOffline(@TempDir Path died) throws Exception {
        String id = other.setup().id();
        await("its status").atMost(ControllerUnderTest.PATIENCE).until(() -> row(id).path("online")
                .asBoolean());
        String dead = tellOfOneThatDies(died);
        await("all are back")
                .atMost(ControllerUnderTest.PATIENCE)
                .until(() -> isConnected(other) && isConnected(commander));
        FleetIT.awaitConnected(members, IDS);
        signal(other, "-STOP");
        ObjectNode command = params().put("op", "run");
        command.set("params", script("exit_with.py", 0));
        command.putArray("members").add(id);
        int fleet = commander.http().start("fleet", command).path("session_id").asInt();
        await("the command").until(() -> commander
                .http()
                .session(fleet)
                .at("/stages/0/status")
                .asText()
                .equals("running"));
        commander.http().post("/api/v1/sessions/" + fleet + "/abort", "{}").expect(202);
        JsonNode ended = commander.http().awaitDone(fleet);
        signal(other, "-CONT");

        assertThat(ended.at("/data/fleet/offline")).as(ended.toString()).hasSize(1);
        await("it is back").atMost(Duration.ofSeconds(30)).until(() -> isConnected(other));
        await("it goes on").atMost(Duration.ofSeconds(30)).until(() -> row(id).path("online")
                .asBoolean());
        // what comes after the commands of before is done
        assertThat(commander.http().runToEnd("fleet", command).path("outcome").asText())
                .isEqualTo("succeeded");
        assertThat(other.http().get("/api/v1/sessions?op=run").json()).hasSize(1);

        await("its row")
                .atMost(Duration.ofSeconds(40))
                .until(() -> !row(dead).path("online").asBoolean());
        assertThat(row("one").path("online").asBoolean()).isTrue();
    }

    private static boolean isConnected(ControllerUnderTest host) throws Exception {
        return host.http()
                .get("/observe/health")
                .json()
                .at("/checks/mqtt/status")
                .asText()
                .equals("UP");
    }
}
