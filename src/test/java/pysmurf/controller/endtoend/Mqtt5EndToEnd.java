package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static pysmurf.controller.driver.HttpClientOfController.params;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import org.eclipse.paho.mqttv5.common.packet.MqttProperties;
import org.junit.jupiter.api.Test;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.MqttWatcher;

/** What MQTT 5 adds: response topic, correlation data, message expiry. */
abstract class Mqtt5EndToEnd extends MqttEndToEnd {

    Mqtt5EndToEnd(ControllerUnderTest.Launcher launcher) {
        super(launcher);
    }

    @Test
    void answersOnTheResponseTopicWithTheCorrelationData() throws Exception {
        byte[] correlation = {0, 1, (byte) 0xff, 'x'};
        MqttProperties properties = new MqttProperties();
        properties.setResponseTopic(controller.topic("responses"));
        properties.setCorrelationData(correlation);
        watcher.command("run", script("exit_with.py", 0), properties);

        MqttWatcher.Message response = watcher.await("responses", message -> true);

        assertThat(response.properties().getCorrelationData()).isEqualTo(correlation);
        assertThat(response.json().path("accepted").asBoolean()).isTrue();
        watcher.awaitDone(response.json().path("session").path("session_id").asInt());
    }

    @Test
    void answersARefusalThereToo() throws Exception {
        MqttProperties properties = new MqttProperties();
        properties.setResponseTopic(controller.topic("responses"));
        properties.setCorrelationData("7".getBytes(StandardCharsets.UTF_8));
        watcher.command("no_such", params(), properties);

        MqttWatcher.Message response = watcher.await("responses", message -> true);

        assertRefused(response.json(), "unknown_operation");
        assertThat(response.properties().getCorrelationData()).asString().isEqualTo("7");
    }

    @Test
    void acceptsACommandWhoseExpiryIsToCome() throws Exception {
        MqttProperties properties = new MqttProperties();
        properties.setMessageExpiryInterval(60L);
        String id = freshId();
        watcher.command("run", script("exit_with.py", 0).put("command_id", id), properties);

        JsonNode reply = watcher.awaitReply(id);

        assertThat(reply.path("accepted").asBoolean()).isTrue();
        watcher.awaitDone(reply.path("session").path("session_id").asInt());
    }
}
