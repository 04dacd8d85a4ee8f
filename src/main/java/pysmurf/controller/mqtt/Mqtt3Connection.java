package pysmurf.controller.mqtt;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.component.paho.PahoConstants;
import org.apache.camel.component.paho.PahoMessage;
import org.eclipse.paho.client.mqttv3.MqttCallback;
import org.eclipse.paho.client.mqttv3.MqttCallbackExtended;
import org.eclipse.paho.client.mqttv3.MqttClient;
import org.eclipse.paho.client.mqttv3.MqttConnectOptions;
import org.eclipse.paho.client.mqttv3.MqttException;
import org.eclipse.paho.client.mqttv3.MqttMessage;
import org.eclipse.paho.client.mqttv3.persist.MemoryPersistence;

/** The connection by MQTT 3.1.1, which has neither expiry nor response topic nor correlation. */
public final class Mqtt3Connection extends MqttClient implements MqttConnection {

    private final Identity identity;
    private final PacketLimit limit;
    private final ConnectionState state;

    /**
     * @param  deliveries    is held while a message is handed to its route; hold it to replace that
     * @throws MqttException if the identity is not usable
     */
    public Mqtt3Connection(Broker broker, Identity identity, PacketLimit limit, Lock deliveries) throws MqttException {
        super(ConnectionState.ANY_URL, identity.clientId(), new MemoryPersistence());
        this.state = new ConnectionState(broker, identity, new Paho(), limit, deliveries);
        this.identity = identity;
        this.limit = limit;
        setTimeToWait(STEP_TIMEOUT_S * 1000L);
    }

    /** The steps as Paho has them, past what this class overrides. */
    private final class Paho implements ConnectionState.Steps {

        @Override
        public boolean isOpen() {
            return Mqtt3Connection.super.isConnected();
        }

        @Override
        public void drop() throws MqttException {
            disconnectForcibly(0, 0, false);
        }

        @Override
        public Long open(String url) throws MqttException, IOException {
            connect(options(url));
            return null;
        }

        @Override
        public void send(String topic, String payload) throws MqttException {
            publish(topic, payload.getBytes(StandardCharsets.UTF_8), 1, false);
        }

        @Override
        public void listen(String topic, int qos) throws MqttException {
            Mqtt3Connection.super.subscribe(topic, qos);
        }

        @Override
        public byte[] payload(Object message) {
            return ((MqttMessage) message).getPayload();
        }
    }

    @Override
    public void ensureConnected() {
        state.ensureConnected();
    }

    private MqttConnectOptions options(String url) throws IOException {
        MqttConnectOptions options = new MqttConnectOptions();
        options.setServerURIs(new String[] {url});
        options.setCleanSession(true);
        options.setAutomaticReconnect(false);
        options.setMqttVersion(MqttConnectOptions.MQTT_VERSION_3_1_1);
        options.setKeepAliveInterval(KEEP_ALIVE_S);
        options.setConnectionTimeout(STEP_TIMEOUT_S);
        options.setSocketFactory(identity.sockets(url));
        options.setHttpsHostnameVerificationEnabled(true);
        if (!identity.username().isEmpty()) {
            options.setUserName(identity.username());
            options.setPassword(identity.password().toCharArray());
        }
        options.setWill(identity.willTopic(), identity.willPayload().getBytes(StandardCharsets.UTF_8), 1, true);
        return options;
    }

    @Override
    public boolean isConnected() {
        return state.isConnected();
    }

    @Override
    public Optional<String> fault() {
        return state.fault();
    }

    @Override
    public String heartbeat() {
        return state.heartbeat();
    }

    @Override
    public void onConnected(Runnable action) {
        state.onConnected(action);
    }

    /** Camel subscribes when a route starts, whether there is a broker then or not. */
    @Override
    public synchronized void subscribe(String topic, int qos) throws MqttException {
        if (state.subscribed(topic, qos) && isConnected()) {
            super.subscribe(topic, qos);
        }
    }

    @Override
    public synchronized void unsubscribe(String topic) throws MqttException {
        state.unsubscribed(topic);
        if (isConnected()) {
            super.unsubscribe(topic);
        }
    }

    /** Sends what the broker takes of the message; see {@link PacketLimit}. */
    @Override
    public void publish(String topic, MqttMessage message) throws MqttException {
        byte[] payload = message.getPayload();
        byte[] fitting = limit.fitting(topic, payload, 0);
        if (fitting != payload) {
            message.setPayload(fitting);
        }
        state.sending(topic, fitting);
        int largest = limit.sending(fitting.length);
        super.publish(topic, message);
        if (message.getQos() > 0) {
            limit.taken(largest);
        }
    }

    @Override
    public Map<String, Object> figures() {
        return limit.figures();
    }

    @Override
    public void setCallback(MqttCallback callback) {
        super.setCallback(state.telling(MqttCallbackExtended.class, callback, "connectionLost"));
    }

    @Override
    public IncomingMessage incoming(Exchange exchange) {
        PahoMessage message = exchange.getIn(PahoMessage.class);
        MqttMessage mqtt = message.getMqttMessage();
        return new IncomingMessage(
                message.getHeader(PahoConstants.MQTT_TOPIC, String.class),
                mqtt.getPayload(),
                mqtt.isRetained(),
                null,
                null,
                null);
    }

    @Override
    public void address(Message message, String topic, byte[] correlation) {
        message.setHeader(PahoConstants.CAMEL_PAHO_OVERRIDE_TOPIC, topic);
    }

    @Override
    public void deliver(Message message, int qos, boolean retained) {
        message.setHeader(PahoConstants.CAMEL_PAHO_MSG_QOS, qos);
        message.setHeader(PahoConstants.CAMEL_PAHO_MSG_RETAINED, retained);
    }

    @Override
    public synchronized void close(String topic, String payload) {
        try {
            if (isConnected()) {
                publish(topic, payload.getBytes(StandardCharsets.UTF_8), 1, true);
            }
            if (state.answers()) {
                disconnect(STEP_TIMEOUT_S * 1000L);
            } else {
                disconnectForcibly(0, 0, false);
            }
            super.close();
        } catch (MqttException e) {
            state.failed("the goodbye", e);
        } finally {
            state.closed();
        }
    }
}
