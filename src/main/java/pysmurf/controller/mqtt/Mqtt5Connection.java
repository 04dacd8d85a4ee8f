package pysmurf.controller.mqtt;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.Lock;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.component.paho.mqtt5.PahoMqtt5Constants;
import org.apache.camel.component.paho.mqtt5.PahoMqtt5Message;
import org.eclipse.paho.mqttv5.client.IMqttToken;
import org.eclipse.paho.mqttv5.client.MqttCallback;
import org.eclipse.paho.mqttv5.client.MqttClient;
import org.eclipse.paho.mqttv5.client.MqttConnectionOptions;
import org.eclipse.paho.mqttv5.client.persist.MemoryPersistence;
import org.eclipse.paho.mqttv5.common.MqttException;
import org.eclipse.paho.mqttv5.common.MqttMessage;
import org.eclipse.paho.mqttv5.common.packet.MqttProperties;

/** The connection by MQTT 5. */
public final class Mqtt5Connection extends MqttClient implements MqttConnection {

    private final Identity identity;
    private final Clock clock;
    private final PacketLimit limit;
    private final ConnectionState state;

    /**
     * @param  deliveries    is held while a message is handed to its route; hold it to replace that
     * @throws MqttException if the identity is not usable
     */
    public Mqtt5Connection(Broker broker, Identity identity, PacketLimit limit, Clock clock, Lock deliveries)
            throws MqttException {
        super(ConnectionState.ANY_URL, identity.clientId(), new MemoryPersistence());
        this.state = new ConnectionState(broker, identity, new Paho(), limit, deliveries);
        this.identity = identity;
        this.limit = limit;
        this.clock = clock;
        setTimeToWait(STEP_TIMEOUT_S * 1000L);
    }

    /** Before the correlation data, the one property that goes out: its name and its length. */
    private static final int CORRELATION_BYTES = 3;

    /** The steps as Paho has them, past what this class overrides. */
    private final class Paho implements ConnectionState.Steps {

        @Override
        public boolean isOpen() {
            return Mqtt5Connection.super.isConnected();
        }

        @Override
        public void drop() throws MqttException {
            disconnectForcibly(0, 0, false);
        }

        @Override
        public Long open(String url) throws MqttException, IOException {
            return connectWithResult(options(url)).getResponseProperties().getMaximumPacketSize();
        }

        @Override
        public void send(String topic, String payload) throws MqttException {
            publish(topic, payload.getBytes(StandardCharsets.UTF_8), 1, false);
        }

        @Override
        public void listen(String topic, int qos) throws MqttException {
            Mqtt5Connection.super.subscribe(topic, qos);
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

    private MqttConnectionOptions options(String url) throws IOException {
        MqttConnectionOptions options = new MqttConnectionOptions();
        options.setServerURIs(new String[] {url});
        options.setCleanStart(true);
        options.setAutomaticReconnect(false);
        options.setKeepAliveInterval(KEEP_ALIVE_S);
        options.setConnectionTimeout(STEP_TIMEOUT_S);
        options.setSocketFactory(identity.sockets(url));
        options.setHttpsHostnameVerificationEnabled(true);
        if (!identity.username().isEmpty()) {
            options.setUserName(identity.username());
            options.setPassword(identity.password().getBytes(StandardCharsets.UTF_8));
        }
        MqttMessage will = new MqttMessage(identity.willPayload().getBytes(StandardCharsets.UTF_8), 1, true, null);
        options.setWill(identity.willTopic(), will);
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
    public synchronized IMqttToken subscribe(String topic, int qos) throws MqttException {
        return state.subscribed(topic, qos) && isConnected() ? super.subscribe(topic, qos) : null;
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
        byte[] correlation =
                message.getProperties() == null ? null : message.getProperties().getCorrelationData();
        byte[] fitting =
                limit.fitting(topic, payload, correlation == null ? 0 : CORRELATION_BYTES + correlation.length);
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
        super.setCallback(state.telling(MqttCallback.class, callback, "disconnected"));
    }

    @Override
    public IncomingMessage incoming(Exchange exchange) {
        PahoMqtt5Message message = exchange.getIn(PahoMqtt5Message.class);
        MqttMessage mqtt = message.getMqttMessage();
        MqttProperties properties = mqtt.getProperties() == null ? new MqttProperties() : mqtt.getProperties();
        Long expiry = properties.getMessageExpiryInterval();
        return new IncomingMessage(
                message.getHeader(PahoMqtt5Constants.MQTT_TOPIC, String.class),
                mqtt.getPayload(),
                mqtt.isRetained(),
                expiry == null ? null : clock.instant().plusSeconds(expiry),
                properties.getResponseTopic(),
                properties.getCorrelationData());
    }

    @Override
    public void address(Message message, String topic, byte[] correlation) {
        message.setHeader(PahoMqtt5Constants.CAMEL_PAHO_OVERRIDE_TOPIC, topic);
        if (correlation != null) {
            MqttProperties properties = new MqttProperties();
            properties.setCorrelationData(correlation);
            message.setHeader(PahoMqtt5Constants.CAMEL_PAHO_MSG_PROPERTIES, properties);
        }
    }

    @Override
    public void deliver(Message message, int qos, boolean retained) {
        message.setHeader(PahoMqtt5Constants.CAMEL_PAHO_MSG_QOS, qos);
        message.setHeader(PahoMqtt5Constants.CAMEL_PAHO_MSG_RETAINED, retained);
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
