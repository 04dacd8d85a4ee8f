package pysmurf.controller;

import java.nio.file.Path;
import java.time.Clock;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.camel.CamelContext;
import org.apache.camel.spi.Registry;
import pysmurf.controller.access.Tokens;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.FollowedFiles;
import pysmurf.controller.config.Settings;
import pysmurf.controller.mqtt.Broker;
import pysmurf.controller.mqtt.BrokerUsers;
import pysmurf.controller.mqtt.EmbeddedBroker;
import pysmurf.controller.mqtt.MqttCommands;
import pysmurf.controller.mqtt.MqttConnection;
import pysmurf.controller.mqtt.MqttIdentity;
import pysmurf.controller.mqtt.MqttOutbox;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.store.ScratchFolder;
import pysmurf.controller.tls.KeyStoreFile;

/** The controller's side towards MQTT: the broker, the connection to it, and the beans that the MQTT routes name. */
final class MqttSide {

    private final Configuration configuration;
    private final Sessions sessions;
    private final String topicRoot;
    private final String host;
    private final Tokens users;
    private final Broker broker;
    private final MqttConnection connection;
    private final boolean isOwn;
    private final AtomicBoolean said = new AtomicBoolean();
    private volatile boolean taken;

    /**
     * @param topicRoot of all topics of the controller
     * @param host      where it is, for people
     */
    MqttSide(
            Configuration configuration,
            FollowedFiles files,
            CamelContext context,
            Sessions sessions,
            String topicRoot,
            String host,
            Clock clock)
            throws Exception {
        this.configuration = configuration;
        this.sessions = sessions;
        this.topicRoot = topicRoot;
        this.host = host;
        String url = configuration.get(Settings.MQTT_BROKER_URL);
        users = url.isEmpty()
                ? HttpSide.tokens(configuration, files, Settings.MQTT_EMBEDDED_USERS_FILE)
                : Tokens.none();
        BrokerUsers guard = users.open() ? null : new BrokerUsers(users, topicRoot + "/command");
        broker = !url.isEmpty()
                ? Broker.at(url)
                : new EmbeddedBroker(
                        configuration.get(Settings.MQTT_EMBEDDED_HOST),
                        configuration.get(Settings.MQTT_EMBEDDED_PORT),
                        ScratchFolder.below(configuration.dataDir()).resolve("broker"),
                        guard);
        connection = new MqttConnection(
                broker,
                guard == null ? identity() : identity().at(guard),
                configuration.get(Settings.MQTT_MAX_PACKET_SIZE),
                configuration.get(Settings.MQTT_VERSION));
        isOwn = url.isEmpty();
        // before any route may connect
        connection.onConnected(() -> context.createProducerTemplate().sendBody("direct:mqtt-connected", ""));
        Registry registry = context.getRegistry();
        registry.bind("mqttConnection", connection);
        registry.bind("mqttClient", connection.client());
        registry.bind("mqttCommands", new MqttCommands(connection, topicRoot + "/reply", "mqtt", clock));
        registry.bind("mqttOutbox", new MqttOutbox(sessions));
    }

    private MqttIdentity identity() throws StartFailure {
        String unique = UUID.randomUUID().toString().substring(0, 8);
        return new MqttIdentity(
                "pysmurf-" + configuration.get(Settings.CONTROLLER_ID) + "-" + unique,
                host + ", process " + ProcessHandle.current().pid() + ", " + unique,
                configuration.get(Settings.MQTT_USERNAME),
                configuration.get(Settings.MQTT_PASSWORD),
                trust(),
                topicRoot + "/status",
                offline(),
                topicRoot + "/heartbeat");
    }

    private String offline() {
        return sessions.statusJson(false).toString();
    }

    private KeyStoreFile trust() throws StartFailure {
        String file = configuration.get(Settings.MQTT_TLS_TRUSTSTORE);
        if (file.isEmpty()) {
            return null;
        }
        KeyStoreFile trust = new KeyStoreFile(Path.of(file), configuration.get(Settings.MQTT_TLS_TRUSTSTORE_PASSWORD));
        StartFailure.named(Settings.MQTT_TLS_TRUSTSTORE, trust::trusting);
        return trust;
    }

    Broker broker() {
        return broker;
    }

    MqttConnection connection() {
        return connection;
    }

    /** Who may log in to the embedded broker. */
    Tokens users() {
        return users;
    }

    /**
     * Connects, when there is a broker to connect to; returns at once.
     *
     * @param ready called once, when commands are taken from the embedded broker; at once where there is none
     */
    void start(Runnable ready) {
        if (!isOwn) {
            ready.run();
        }
        connection.onConnected(() -> {
            if (isOwn && !said.getAndSet(true)) {
                ready.run();
                taken = true;
            }
        });
        broker.start(connection::ensureConnected);
    }

    /** Why commands are not taken yet from the embedded broker; empty if they are, and where it is not there to be one. */
    Optional<String> hindrance() {
        return !isOwn || taken
                ? Optional.empty()
                : Optional.of(broker.fault().orElse("the embedded broker is starting"));
    }

    /** Says that the controller is offline. The broker is to be closed last: {@link #broker}. */
    void sayGoodbye() {
        connection.close(offline());
    }
}
