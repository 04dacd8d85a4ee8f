package pysmurf.controller.demo;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.eclipse.paho.mqttv5.client.IMqttToken;
import org.eclipse.paho.mqttv5.client.MqttCallback;
import org.eclipse.paho.mqttv5.client.MqttClient;
import org.eclipse.paho.mqttv5.client.MqttConnectionOptions;
import org.eclipse.paho.mqttv5.client.MqttDisconnectResponse;
import org.eclipse.paho.mqttv5.client.persist.MemoryPersistence;
import org.eclipse.paho.mqttv5.common.MqttException;
import org.eclipse.paho.mqttv5.common.MqttMessage;
import org.eclipse.paho.mqttv5.common.packet.MqttProperties;
import pysmurf.controller.session.Json;

/** The controller as an MQTT 5 client sees it: commands out, everything it tells in. For use by one thread. */
final class RemoteController implements AutoCloseable {

    private static final int STEP_TIMEOUT_S = 5;
    /** Ends the message queue when the broker is gone. */
    private static final Message CONNECTION_LOST = new Message("", "", Json.object());

    /**
     * One message from the controller.
     *
     * @param topic       the last level of its topic, such as {@code session}; of a reply, the whole
     * @param correlation correlation data; empty if there is none
     */
    record Message(String topic, String correlation, JsonNode payload) {}

    private final String root;
    private final String replyTopic;
    private final MqttClient client;
    private final BlockingQueue<Message> messages = new LinkedBlockingQueue<>();

    private RemoteController(String broker, String id) throws MqttException {
        String clientId = "demo-" + UUID.randomUUID();
        this.root = "pysmurf/" + id + "/";
        this.replyTopic = root + "reply/" + clientId;
        this.client = new MqttClient(broker, clientId, new MemoryPersistence());
        client.setTimeToWait(STEP_TIMEOUT_S * 1000L);
    }

    /**
     * Connects to the broker and subscribes to all that the controller tells.
     *
     * @throws MqttException if there is no broker yet, or it refuses
     */
    static RemoteController connect(String broker, String id) throws MqttException {
        RemoteController controller = new RemoteController(broker, id);
        try {
            controller.connect();
            return controller;
        } catch (MqttException e) {
            controller.close();
            throw e;
        }
    }

    private void connect() throws MqttException {
        client.setCallback(new Inbox());
        MqttConnectionOptions options = new MqttConnectionOptions();
        options.setCleanStart(true);
        options.setAutomaticReconnect(false);
        options.setConnectionTimeout(STEP_TIMEOUT_S);
        client.connect(options);
        for (String topic : new String[] {"status", "session", "data"}) {
            client.subscribe(root + topic, 1);
        }
        client.subscribe(replyTopic, 1);
    }

    /**
     * Sends a command.
     *
     * @return the correlation data that the reply will carry
     */
    String command(String operation, ObjectNode params) throws MqttException {
        String correlation = UUID.randomUUID().toString();
        MqttProperties properties = new MqttProperties();
        properties.setResponseTopic(replyTopic);
        properties.setCorrelationData(correlation.getBytes(StandardCharsets.UTF_8));
        byte[] payload = Json.text(params).getBytes(StandardCharsets.UTF_8);
        client.publish(root + "command/" + operation, new MqttMessage(payload, 1, false, properties));
        return correlation;
    }

    /** Where replies to this client arrive. */
    String replyTopic() {
        return replyTopic;
    }

    /**
     * The next message.
     *
     * @return             null if none came in this time
     * @throws DemoFailure if the broker is gone
     */
    Message next(Duration atMost) throws DemoFailure, InterruptedException {
        Message message = messages.poll(atMost.toMillis(), TimeUnit.MILLISECONDS);
        if (message == CONNECTION_LOST) {
            throw new DemoFailure("The connection to the MQTT broker is lost.");
        }
        return message;
    }

    @Override
    public void close() {
        try {
            if (client.isConnected()) {
                client.disconnectForcibly(0, 1000);
            }
            client.close(true);
        } catch (MqttException e) {
            // there is nobody left to whom it would matter
            messages.clear();
        }
    }

    private final class Inbox implements MqttCallback {

        @Override
        public void messageArrived(String topic, MqttMessage message) {
            MqttProperties properties = message.getProperties();
            byte[] correlation = properties == null ? null : properties.getCorrelationData();
            String level = topic.equals(replyTopic) ? topic : topic.substring(root.length());
            try {
                messages.add(new Message(
                        level,
                        correlation == null ? "" : new String(correlation, StandardCharsets.UTF_8),
                        Json.read(message.getPayload())));
            } catch (JsonProcessingException e) {
                System.err.println("Not understood, on " + topic + ": " + e.getOriginalMessage());
            }
        }

        @Override
        public void disconnected(MqttDisconnectResponse response) {
            messages.add(CONNECTION_LOST);
        }

        @Override
        public void mqttErrorOccurred(MqttException exception) {
            System.err.println("MQTT: " + exception.getMessage());
        }

        @Override
        public void deliveryComplete(IMqttToken token) {
            // publishing waits for this by itself
        }

        @Override
        public void connectComplete(boolean reconnect, String serverUri) {
            // connecting waits for this by itself
        }

        @Override
        public void authPacketArrived(int reasonCode, MqttProperties properties) {
            // the controller's broker asks for none
        }
    }
}
