package pysmurf.controller.mqtt;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import org.eclipse.paho.client.mqttv3.MqttCallback;
import org.eclipse.paho.client.mqttv3.MqttCallbackExtended;
import org.eclipse.paho.client.mqttv3.MqttClient;
import org.eclipse.paho.client.mqttv3.MqttConnectOptions;
import org.eclipse.paho.client.mqttv3.MqttException;
import org.eclipse.paho.client.mqttv3.MqttMessage;
import org.eclipse.paho.client.mqttv3.persist.MemoryPersistence;

/** Paho's client for MQTT 3.1.1, which has no expiry, response topic or correlation. */
final class Mqtt3Client extends MqttClient implements PahoClient {

    private final MqttIdentity identity;
    private final MqttConnection connection;

    Mqtt3Client(MqttIdentity identity, MqttConnection connection) throws MqttException {
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
        MqttConnectOptions options = new MqttConnectOptions();
        options.setServerURIs(new String[] {url});
        options.setCleanSession(true);
        options.setAutomaticReconnect(false);
        options.setMqttVersion(MqttConnectOptions.MQTT_VERSION_3_1_1);
        options.setKeepAliveInterval(KEEP_ALIVE_S);
        options.setConnectionTimeout(STEP_TIMEOUT_S);
        options.setSocketFactory(identity.login().sockets(url));
        options.setHttpsHostnameVerificationEnabled(true);
        if (!identity.login().username().isEmpty()) {
            options.setUserName(identity.login().username());
            options.setPassword(identity.login().password().toCharArray());
        }
        options.setWill(identity.statusTopic(), identity.offline().getBytes(StandardCharsets.UTF_8), 1, true);
        connect(options);
        return null;
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
        listen(topic, qos);
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
        super.setCallback(connection.intercept(MqttCallbackExtended.class, callback, "connectionLost"));
    }

    @Override
    public void subscribe(String topic, int qos) {
        connection.subscribe(topic, qos);
    }

    @Override
    public void publish(String topic, MqttMessage message) throws MqttException {
        connection.publish(topic, message.getPayload(), 0, message.getQos(), fitting -> {
            message.setPayload(fitting);
            super.publish(topic, message);
        });
    }
}
