package pysmurf.controller.driver;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;
import org.eclipse.paho.mqttv5.client.IMqttToken;
import org.eclipse.paho.mqttv5.client.MqttAsyncClient;
import org.eclipse.paho.mqttv5.client.MqttConnectionOptions;
import org.eclipse.paho.mqttv5.client.persist.MemoryPersistence;
import org.eclipse.paho.mqttv5.common.MqttException;
import org.eclipse.paho.mqttv5.common.MqttMessage;
import org.eclipse.paho.mqttv5.common.packet.MqttProperties;

/** Hears every message of one controller at the broker, and sends it commands. */
public final class MqttWatcher implements AutoCloseable {

    private static final long WAIT_MS = ControllerUnderTest.PATIENCE.toMillis();
    private static final long QUIESCE_MS = 10_000;

    /**
     * One message.
     *
     * @param level    its topic below the controller's own, e.g. {@code session}
     * @param retained whether the broker had kept it
     */
    public record Message(String level, byte[] payload, boolean retained, MqttProperties properties) {

        public String text() {
            return new String(payload, StandardCharsets.UTF_8);
        }

        public JsonNode json() {
            try {
                return HttpClientOfController.JSON.readTree(payload);
            } catch (IOException e) {
                throw new UncheckedIOException(level + ": " + text(), e);
            }
        }
    }

    private final Setup setup;
    private final MqttAsyncClient client;
    /** Subscribes to nothing: what the broker says to a command would wait behind all that the other one hears. */
    private final MqttAsyncClient sender;
    /** Cheap to add to, or a flood would come in more slowly the longer it lasts. */
    private final Queue<Message> messages = new ConcurrentLinkedQueue<>();

    private MqttWatcher(Setup setup, String brokerUrl) throws MqttException {
        this.setup = setup;
        this.client = new MqttAsyncClient(brokerUrl, "watcher-" + UUID.randomUUID(), new MemoryPersistence());
        this.sender = new MqttAsyncClient(brokerUrl, "sender-" + UUID.randomUUID(), new MemoryPersistence());
    }

    /** Watches everything below the controller's topic, what is retained included. */
    public static MqttWatcher of(ControllerUnderTest controller) throws MqttException {
        return of(controller.setup(), controller.brokerUrl());
    }

    /** As {@link #of(ControllerUnderTest)}, before or after the controller's life. */
    public static MqttWatcher of(Setup setup, String brokerUrl) throws MqttException {
        MqttWatcher watcher = new MqttWatcher(setup, brokerUrl);
        watcher.connect();
        return watcher;
    }

    private void connect() throws MqttException {
        client.setCallback((Arrivals) this::arrived);
        MqttConnectionOptions options = new MqttConnectionOptions();
        options.setCleanStart(true);
        options.setAutomaticReconnect(false);
        options.setReceiveMaximum(1_000);
        // both at a time: the library sleeps for a third of a second in each
        IMqttToken sending = sender.connect(options);
        client.connect(options).waitForCompletion(WAIT_MS);
        client.subscribe(setup.topic("#"), 1).waitForCompletion(WAIT_MS);
        sending.waitForCompletion(WAIT_MS);
    }

    private void arrived(String topic, MqttMessage message) {
        messages.add(new Message(
                topic.substring(setup.topic("").length()),
                message.getPayload(),
                message.isRetained(),
                message.getProperties()));
    }

    /** Sends a command. */
    public void command(String operation, JsonNode params) throws MqttException {
        command(operation, params.toString());
    }

    /** Sends a command whose payload is this text. */
    public void command(String operation, String payload) throws MqttException {
        publish("command/" + operation, payload, 1, false, new MqttProperties());
    }

    /** Sends a command with MQTT 5 properties. */
    public void command(String operation, JsonNode params, MqttProperties properties) throws MqttException {
        publish("command/" + operation, params.toString(), 1, false, properties);
    }

    public void publish(String level, String payload, int qos, boolean retained, MqttProperties properties)
            throws MqttException {
        MqttMessage message = new MqttMessage(payload.getBytes(StandardCharsets.UTF_8), qos, retained, properties);
        sender.publish(setup.topic(level), message).waitForCompletion(WAIT_MS);
        // it counts the acknowledgement later than it says that it has it, and refuses what it counts as too many
        org.awaitility.Awaitility.await("room at the broker")
                .pollInterval(Duration.ofMillis(1))
                .until(() -> sender.getInFlightMessageCount() == 0);
    }

    /** As if nothing had come so far. */
    public void forget() {
        messages.clear();
    }

    /** What came on a topic so far, in order. */
    public List<Message> messages(String level) {
        return messages.stream()
                .filter(message -> message.level().equals(level))
                .toList();
    }

    /** The first message on a topic that is as wanted, as soon as it is there. */
    public Message await(String level, Predicate<Message> wanted) {
        return await(level, wanted, ControllerUnderTest.PATIENCE);
    }

    /** As {@link #await(String, Predicate)}, within a time. */
    public Message await(String level, Predicate<Message> wanted, Duration atMost) {
        return org.awaitility.Awaitility.await(level)
                .atMost(atMost)
                .pollInterval(Duration.ofMillis(5))
                .until(
                        () -> messages.stream()
                                .filter(message -> message.level().equals(level) && wanted.test(message))
                                .findFirst()
                                .orElse(null),
                        message -> message != null);
    }

    /** The answer to the command with this id. */
    public JsonNode awaitReply(String commandId) {
        return await(
                        "reply",
                        message -> message.json().path("command_id").asText().equals(commandId))
                .json();
    }

    /** The session in its final state. */
    public JsonNode awaitDone(int sessionId) {
        return await("session", message -> isSession(message.json(), sessionId, "done"))
                .json();
    }

    /** Whether this is a session in that status. */
    public static boolean isSession(JsonNode json, int sessionId, String status) {
        return json.path("session_id").asInt(-1) == sessionId
                && json.path("status").asText().equals(status);
    }

    /** All output lines of a session so far. */
    public List<String> lines(int sessionId) {
        return messages("output").stream()
                .map(Message::json)
                .filter(output -> output.path("session_id").asInt(-1) == sessionId)
                .flatMap(Lines::of)
                .toList();
    }

    public boolean isConnected() {
        return client.isConnected();
    }

    @Override
    public void close() throws MqttException {
        List<MqttAsyncClient> both = List.of(sender, client);
        List<IMqttToken> goodbyes = new ArrayList<>();
        for (MqttAsyncClient one : both) {
            if (one.isConnected()) {
                goodbyes.add(one.disconnect(QUIESCE_MS));
            }
        }
        for (IMqttToken goodbye : goodbyes) {
            goodbye.waitForCompletion(WAIT_MS);
        }
        for (MqttAsyncClient one : both) {
            one.close(true);
        }
    }
}
