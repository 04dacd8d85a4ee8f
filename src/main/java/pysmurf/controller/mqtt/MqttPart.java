package pysmurf.controller.mqtt;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.MqttVersion;
import pysmurf.controller.config.Settings;
import pysmurf.controller.config.StartFailure;
import pysmurf.controller.observe.Health.Check;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.sink.WakingQueue;

/** The connection to the broker, and the beans of the MQTT routes. */
public final class MqttPart {

    private final Configuration configuration;
    private final Sessions sessions;
    private final String topicRoot;
    /** Null where the broker runs elsewhere. */
    private final EmbeddedBroker broker;

    private final MqttConnection connection;
    private final AtomicBoolean said = new AtomicBoolean();
    private volatile boolean taken;

    /**
     * Makes it; it connects when Camel has started.
     *
     * @param broker null where it runs elsewhere
     * @param host   where the controller is, for people
     * @param ready  called once, when commands are taken from the embedded broker; when Camel has started, if there is none
     */
    public MqttPart(Assembly assembly, Sessions sessions, EmbeddedBroker broker, String host, Runnable ready)
            throws Exception {
        this.configuration = assembly.configuration();
        this.sessions = sessions;
        this.topicRoot = "pysmurf/" + configuration.get(Settings.CONTROLLER_ID);
        MqttVersion version = configuration.get(Settings.MQTT_VERSION);
        assembly.placeholder("mqtt.component", version.component());
        assembly.placeholder("mqtt.headers", version.headers());
        assembly.placeholder("mqtt.topic-root", topicRoot);
        assembly.placeholder(
                "mqtt.reconnect-millis",
                configuration.get(Settings.MQTT_RECONNECT_INTERVAL).toMillis());
        this.broker = broker;
        connection = assembly.bind(
                "mqttConnection",
                new MqttConnection(
                        identity(broker == null ? null : broker.users(), host),
                        configuration.get(Settings.MQTT_MAX_PACKET_SIZE),
                        version));
        assembly.bind("mqttClient", connection.client());
        AutoCloseable goodbye = () -> connection.close(offline());
        assembly.closing(goodbye);
        // before any route may connect
        connection.onConnected(() -> assembly.camel().createProducerTemplate().sendBody("direct:mqtt-connected", ""));
        assembly.bind("mqttCommands", new MqttCommands(connection, topicRoot + "/reply", "mqtt", assembly.clock()));
        assembly.bind("mqttCommandQueue", new WakingQueue());
        assembly.bind("mqttReplyQueue", new WakingQueue());
        assembly.bind(
                "mqttOutbox",
                new MqttOutbox(
                        sessions, topicRoot, version.headers(), broker == null ? topic -> true : broker::isAwaited));
        assembly.whenStarted(() -> start(ready));
        assembly.health().addHindrance(this::hindrance);
        assembly.health().add("mqtt", this::health);
        assembly.metrics()
                .gauge(
                        "pysmurf.mqtt.connected",
                        "1 while messages can be sent and received.",
                        () -> connection.isConnected() ? 1 : 0);
    }

    private Check health() {
        Map<String, Object> data = new LinkedHashMap<>(connection.figures());
        data.put("broker", connection.url().orElse(""));
        return Check.degradedBy(brokerFault().or(connection::fault), data);
    }

    private Optional<String> brokerFault() {
        return broker == null ? Optional.empty() : broker.fault();
    }

    /** At the controller's own broker others cannot guess the client id, so they cannot end its connection. */
    private MqttIdentity identity(BrokerUsers own, String host) throws StartFailure {
        String unique = UUID.randomUUID().toString().substring(0, 8);
        String clientId = "pysmurf-" + configuration.get(Settings.CONTROLLER_ID) + "-" + unique;
        return new MqttIdentity(
                own == null ? clientId : clientId + "-" + own.ownName(),
                host + ", process " + ProcessHandle.current().pid() + ", " + unique,
                MqttLogin.of(configuration, own),
                topicRoot + "/status",
                offline(),
                topicRoot + "/heartbeat");
    }

    private String offline() {
        return sessions.statusJson(false).toString();
    }

    /** Where the broker is; empty as long as it is not known. */
    public Optional<String> brokerUrl() {
        return connection.url();
    }

    private void start(Runnable ready) {
        if (broker == null) {
            ready.run();
        } else {
            connection.onConnected(() -> {
                if (!said.getAndSet(true)) {
                    ready.run();
                    taken = true;
                }
            });
        }
        EmbeddedBroker.whenReady(broker, configuration, connection::connectTo);
    }

    /** Why commands are not taken yet from the embedded broker; empty if they are, and where it is not there to be one. */
    private Optional<String> hindrance() {
        return broker == null || taken
                ? Optional.empty()
                : Optional.of(broker.fault().orElse("the embedded broker is starting"));
    }
}
