package pysmurf.controller.mqtt;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.eclipse.paho.mqttv5.client.IMqttToken;
import org.eclipse.paho.mqttv5.client.MqttCallback;
import org.eclipse.paho.mqttv5.client.MqttClient;
import org.eclipse.paho.mqttv5.client.MqttConnectionOptions;
import org.eclipse.paho.mqttv5.client.persist.MemoryPersistence;
import org.eclipse.paho.mqttv5.common.MqttException;
import org.eclipse.paho.mqttv5.common.MqttMessage;
import org.eclipse.paho.mqttv5.common.MqttSubscription;

/** Paho's client for MQTT 5. */
final class Mqtt5Client extends MqttClient implements PahoClient {

    /** In front of the correlation data, the one property that goes out: its name and its length. */
    private static final int CORRELATION_BYTES = 3;

    private final MqttIdentity identity;
    private final MqttConnection connection;

    Mqtt5Client(MqttIdentity identity, MqttConnection connection) throws MqttException {
        super(ANY_URL, identity.clientId(), new MemoryPersistence());
        this.identity = identity;
        this.connection = connection;
        setTimeToWait(STEP_TIMEOUT_S * 1000L);
    }

    @Override
    public boolean isOpen() {
        return super.isConnected();
    }

    @Override
    public Long open(String url) throws MqttException, IOException {
        MqttConnectionOptions options = new MqttConnectionOptions();
        options.setServerURIs(new String[] {url});
        options.setCleanStart(true);
        options.setAutomaticReconnect(false);
        options.setKeepAliveInterval(KEEP_ALIVE_S);
        options.setConnectionTimeout(STEP_TIMEOUT_S);
        options.setSocketFactory(identity.login().sockets(url));
        options.setHttpsHostnameVerificationEnabled(true);
        if (!identity.login().username().isEmpty()) {
            options.setUserName(identity.login().username());
            options.setPassword(identity.login().password().getBytes(StandardCharsets.UTF_8));
        }
        options.setWill(
                identity.statusTopic(),
                new MqttMessage(identity.offline().getBytes(StandardCharsets.UTF_8), 1, true, null));
        return connectWithResult(options).getResponseProperties().getMaximumPacketSize();
    }

    @Override
    public void disconnect() throws MqttException {
        aClient.disconnect(STEP_TIMEOUT_S * 1000L).waitForCompletion(GOODBYE_MS);
    }

    @Override
    public void listen(String topic, int qos) throws MqttException {
        super.subscribe(topic, qos);
    }

    @Override
    public void listenToOthers(String topic, int qos) throws MqttException {
        MqttSubscription subscription = new MqttSubscription(topic, qos);
        subscription.setNoLocal(true);
        super.subscribe(new MqttSubscription[] {subscription});
    }

    @Override
    public byte[] payload(Object message) {
        return ((MqttMessage) message).getPayload();
    }

    // what Camel calls

    @Override
    public boolean isConnected() {
        return connection.isConnected();
    }

    @Override
    public void setCallback(MqttCallback callback) {
        super.setCallback(connection.intercept(MqttCallback.class, callback, "disconnected"));
    }

    /** @return null: Camel does not look at it, and there may be no connection yet */
    @Override
    public IMqttToken subscribe(String topic, int qos) {
        connection.subscribe(topic, qos);
        return null;
    }

    @Override
    public void publish(String topic, MqttMessage message) throws MqttException {
        byte[] correlation =
                message.getProperties() == null ? null : message.getProperties().getCorrelationData();
        int properties = correlation == null ? 0 : CORRELATION_BYTES + correlation.length;
        connection.publish(topic, message.getPayload(), properties, message.getQos(), fitting -> {
            message.setPayload(fitting);
            super.publish(topic, message);
        });
    }
}
