package pysmurf.controller.ocs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.Host;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.driver.FreePort;
import pysmurf.controller.driver.HttpClientOfController;
import pysmurf.controller.wamp.JawampaRouter;
import ws.wamp.jawampa.PubSubData;
import ws.wamp.jawampa.WampClient;

/** A controller that finds its router in the site file, with its real routes and scripts, seen by another client of the router. */
class OcsRouterIT {

    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String ADDRESS = "tower.smurf-s2";
    private static final String OPS = ADDRESS + ".ops";

    @TempDir
    private Path folder;

    private int port;
    private JawampaRouter router;
    private Crossbar crossbar;
    private Host controller;

    @BeforeEach
    void prepare() throws Exception {
        port = FreePort.tcp();
        Files.writeString(folder.resolve("default.yaml"), """
                hub: {wamp_server: "ws://127.0.0.1:%d/ws", wamp_http: unused, wamp_realm: test_realm, address_root: tower}
                """.formatted(port));
        Files.createDirectories(folder.resolve("scripts"));
    }

    private void start(Map<String, String> more) throws Exception {
        Path root = Path.of(System.getProperty("project.root", "."));
        Map<String, String> environment = new HashMap<>(System.getenv());
        environment.put("CONTROLLER_CONFIG_DIR", root.resolve("config").toString());
        environment.put("CONTROLLER_ROUTES_DIR", root.resolve("routes").toString());
        environment.put("HTTP_PORT", "0");
        environment.put("MQTT_EMBEDDED_PORT", "0");
        environment.put("PUBLISHER_LISTEN_PORT", "0");
        environment.put("DATA_DIR", folder.resolve("data").toString());
        environment.put("OCS_CONFIG_DIR", folder.toString());
        environment.put("INSTANCE_ID", "smurf-s2");
        environment.putAll(more);
        controller = new Host(Configuration.load(environment, new Properties()));
        controller.start();
    }

    @AfterEach
    void stop() throws Exception {
        controller.close();
        if (router != null) {
            router.close();
        }
        if (crossbar != null) {
            crossbar.kill();
        }
    }

    private JsonNode health() throws Exception {
        return new HttpClientOfController(controller.http().port())
                .get("/observe/health")
                .json()
                .at("/checks/ocs");
    }

    private void awaitRegistered() {
        await().atMost(PATIENCE).until(() -> health().path("registered").asBoolean());
    }

    /** A script that ends when this test lets it. */
    private String held() throws Exception {
        Files.writeString(folder.resolve("scripts/held.py"), """
                import os, time
                while not os.path.exists('%s'):
                    time.sleep(0.02)
                """.formatted(folder.resolve("go")));
        return "{\"script\": \"held.py\"}";
    }

    /** The simulated slot's own operations, too: one begins with the controller and has a feed. */
    @Test
    void isAnAgentOfTheSite() throws Exception {
        router = new JawampaRouter(port);
        start(Map.of());
        awaitRegistered();
        WampClient client = router.client();
        BlockingQueue<PubSubData> states = JawampaRouter.subscribe(client, "tower..feeds.state_results");
        hasTasks(client);
        hasProcessesAndFeeds(client, states);
    }

    private void hasTasks(WampClient client) throws Exception {
        BlockingQueue<PubSubData> beats = JawampaRouter.subscribe(client, "tower..feeds.heartbeat");

        JsonNode api = JawampaRouter.await(client, ADDRESS, "[\"get_api\"]");
        assertThat(api.path("agent_class").asText()).isEqualTo("PysmurfController");
        JsonNode feed = api.path("feeds").path(0).path(1);
        assertThat(feed.path("address").asText()).isEqualTo(ADDRESS + ".feeds.heartbeat");

        String start = "[\"start\", \"run\", " + held() + "]";
        assertThat(JawampaRouter.await(client, OPS, start).path(1).asText()).isEqualTo("Started task \"run\".");
        CompletableFuture<JsonNode> wait =
                JawampaRouter.call(client, OPS, "[\"wait\", \"run\"]", "{\"timeout\": null}");
        await().atMost(PATIENCE).until(() -> {
            PubSubData beat = next(beats);
            JsonNode event = beat.arguments().path(0);
            return beat.arguments().size() == 1
                    && event.path(0).path("run").asInt() == 3
                    && event.path(0).path("abort").asInt() == 1
                    && event.path(1).equals(feed);
        });
        JsonNode session =
                JawampaRouter.await(client, OPS, "[\"status\", \"run\", []]").path(2);
        assertThat(session.path("requested_by").toString()).isEqualTo("{\"transport\":\"ocs\",\"client\":\"wamp\"}");
        assertThat(wait).isNotDone();
        Files.createFile(folder.resolve("go"));

        assertThat(wait.get(PATIENCE.toSeconds(), TimeUnit.SECONDS).path(1).asText())
                .isEqualTo("Operation \"run\" is currently not running (SUCCEEDED).");
    }

    private void hasProcessesAndFeeds(WampClient client, BlockingQueue<PubSubData> states) throws Exception {
        JsonNode api = JawampaRouter.await(client, ADDRESS, "[\"get_api\"]");
        assertThat(api.path("processes"))
                .extracting(process -> process.path(0).asText())
                .containsExactly("check_state", "stream");
        JsonNode stream = api.path("processes").path(1);
        assertThat(stream.path(1).path("status").asText()).isEqualTo("no_history");
        assertThat(stream.path(2).has("abortable")).isFalse();
        assertThat(stream.path(2).path("op_type").asText()).isEqualTo("process");
        assertThat(stream.path(2).path("docstring").asText()).contains("**Process** - ");
        assertThat(api.path("tasks"))
                .extracting(task -> task.path(0).asText())
                .contains("run", "take_iv", "uxm_relock")
                .doesNotContain("stream", "stop");
        assertThat(api.path("feeds"))
                .extracting(feed -> feed.path(0).asText())
                .contains("heartbeat", "state_results", "tracking_results", "bias_step_results");

        JsonNode state = next(states).arguments().path(0);
        assertThat(state.path(1).path("feed_name").asText()).isEqualTo("state_results");
        assertThat(state.path(1).path("record").asBoolean()).isTrue();
        JsonNode block = state.path(0).path("state_results");
        assertThat(block.path("block_name").asText()).isEqualTo("state_results");
        assertThat(block.path("timestamps")).hasSize(1);
        assertThat(block.path("data").path("num_active_channels")).hasSize(1);

        assertThat(operate(client, "[\"stop\", \"run\"]"))
                .isEqualTo("Cannot \"stop\" \"run\" because it is a \"{op_type}\".");
        assertThat(operate(client, "[\"abort\", \"stream\"]"))
                .isEqualTo("Cannot \"abort\" \"stream\" because it is a \"{op_type}\".");
        assertThat(operate(client, "[\"stop\", \"stream\"]")).isEqualTo("No session active.");
        JsonNode streaming =
                JawampaRouter.await(client, OPS, "[\"start\", \"stream\"]").path(2);
        assertThat(streaming.path("data").toString()).isEqualTo("{\"stream_on\":false}");
        assertThat(operate(client, "[\"start\", \"check_state\"]"))
                .isEqualTo("Operation \"check_state\" already in progress.");
        assertThat(operate(client, "[\"stop\", \"check_state\"]"))
                .isEqualTo("Requested stop on process check_state\".");
        assertThat(operate(client, "[\"wait\", \"check_state\"]"))
                .isEqualTo("Operation \"check_state\" is currently not running (SUCCEEDED).");
        assertThat(operate(client, "[\"stop\", \"check_state\"]")).isEqualTo("The operation is already done");
        assertThat(operate(client, "[\"start\", \"check_state\", {\"test_mode\": true}]"))
                .isEqualTo("Started process \"check_state\".");
        assertThat(operate(client, "[\"wait\", \"check_state\"]")).endsWith("(SUCCEEDED).");
    }

    private static String operate(WampClient client, String args) throws Exception {
        return JawampaRouter.await(client, OPS, args).path(1).asText();
    }

    private static PubSubData next(BlockingQueue<PubSubData> events) throws Exception {
        PubSubData next = events.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(next).isNotNull();
        return next;
    }

    /** One with tokens: a password is one of them. */
    @Test
    void worksWithoutTheRouterAndKeepsItsScriptWhileThatIsAway() throws Exception {
        Path tokens = Files.writeString(folder.resolve("tokens"), "operator olga go\n");
        start(Map.of("AUTH_TOKENS_FILE", tokens.toString()));
        await().atMost(PATIENCE).until(() -> health().path("detail").asText().contains("Connection refused"));
        assertThat(health().path("status").asText()).isEqualTo("DEGRADED");
        router = new JawampaRouter(port);
        awaitRegistered();
        WampClient client = router.client();
        String start = "[\"start\", \"run\", " + held() + "]";
        assertThat(JawampaRouter.await(client, OPS, start).path(1).asText())
                .isEqualTo("The action requires credential level 2-ADVANCED but the client has only level 1-BASIC");
        JsonNode started = JawampaRouter.call(client, OPS, start, "{\"password\": \"go\"}")
                .get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(started.path(2).path("requested_by").path("client").asText()).isEqualTo("olga");

        router.close();
        await().atMost(PATIENCE).until(() -> !health().path("registered").asBoolean());
        router = new JawampaRouter(port);
        awaitRegistered();

        JsonNode session = JawampaRouter.await(router.client(), OPS, "[\"status\", \"run\"]")
                .path(2);
        assertThat(session.path("status").asText()).isEqualTo("running");
        Files.createFile(folder.resolve("go"));
    }

    @Test
    @EnabledIf(
            value = "pysmurf.controller.ocs.Crossbar#isInstalled",
            disabledReason = "there is no crossbar on the path")
    void isAnAgentAtTheRouterOfTheSites() throws Exception {
        OcsClientDouble client = new OcsClientDouble(port);
        crossbar = new Crossbar(folder, port);
        start(Map.of());
        awaitRegistered();
        JsonNode api = client.call(ADDRESS, "[\"get_api\"]", "{}");
        assertThat(api.path("args").path(0).path("tasks")).isNotEmpty();
        String start = "[\"start\", \"run\", " + held() + "]";
        assertThat(client.call(OPS, start, "{}").toString()).startsWith("{\"args\":[[0,\"Started task");

        crossbar.kill();
        await().atMost(PATIENCE).until(() -> !health().path("registered").asBoolean());
        crossbar = new Crossbar(folder, port);

        awaitRegistered();
        Files.createFile(folder.resolve("go"));
        assertThat(client.call(OPS, "[\"wait\", \"run\"]", "{}").toString()).contains("(SUCCEEDED)");
    }
}
