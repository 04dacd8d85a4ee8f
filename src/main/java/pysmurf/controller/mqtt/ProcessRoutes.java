package pysmurf.controller.mqtt;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.apache.camel.Component;
import org.apache.camel.Consumer;
import org.apache.camel.Route;
import org.apache.camel.component.paho.PahoConsumer;
import org.apache.camel.component.paho.mqtt5.PahoMqtt5Consumer;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.impl.engine.DefaultSupervisingRouteController;
import org.apache.camel.spi.Resource;
import org.apache.camel.spi.SupervisingRouteController;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.PropertyBindingSupport;
import org.apache.camel.support.ResourceHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.MqttVersion;
import pysmurf.controller.config.Settings;
import pysmurf.controller.config.StartFailure;

/**
 * The routes in {@code routes/process}, which run once in the process, whatever controllers it has. They are read when the broker is
 * there for the first time. Each has a connection of its own; one that is lost comes back by Paho's own means.
 */
public final class ProcessRoutes implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ProcessRoutes.class);

    /** A broker that does not answer does not hold up the end of the process. */
    private static final long MAX_STOP_MS = 1_000;

    private final Configuration configuration;
    /** Null where the broker runs elsewhere. */
    private final EmbeddedBroker broker;

    private final Map<String, Object> beans;
    private final DefaultCamelContext context = new DefaultCamelContext(false);
    private final AtomicBoolean begun = new AtomicBoolean();
    private boolean closed;
    private volatile String fault;

    /**
     * @param broker null where it runs elsewhere
     * @param beans  those of the routes, by name
     */
    public ProcessRoutes(Configuration configuration, EmbeddedBroker broker, Map<String, Object> beans) {
        this.configuration = configuration;
        this.broker = broker;
        this.beans = beans;
    }

    /** Returns at once; the routes start as soon as there is a broker. Does nothing after the first time. */
    public void start() {
        if (!begun.getAndSet(true)) {
            EmbeddedBroker.whenReady(broker, configuration, this::start);
        }
    }

    private synchronized void start(String url) {
        if (closed) {
            return;
        }
        try {
            prepare(url);
            context.start();
        } catch (Exception e) {
            fault = folder() + " cannot be used: " + e.getMessage();
            LOG.error("The routes in {} cannot be used: other controllers are not heard", folder(), e);
        }
    }

    /** Why they are not there; empty otherwise. */
    public Optional<String> fault() {
        return Optional.ofNullable(fault);
    }

    /** Whether all of them are connected, or were and come back by themselves. */
    public boolean areStarted() {
        return context.isStarted()
                && context.getRoutes().stream().allMatch(route -> context.getRouteController()
                        .getRouteStatus(route.getRouteId())
                        .isStarted());
    }

    /** Whether the consumer of a route is connected now. */
    public boolean isConnected(String route) {
        Route found = context.getRoute(route);
        Consumer consumer = found == null ? null : found.getConsumer();
        if (consumer instanceof PahoMqtt5Consumer five) {
            return five.getClient() != null && five.getClient().isConnected();
        }
        return consumer instanceof PahoConsumer three
                && three.getClient() != null
                && three.getClient().isConnected();
    }

    private Path folder() {
        return configuration.routesDir().resolve("process");
    }

    private void prepare(String url) throws Exception {
        MqttVersion version = configuration.get(Settings.MQTT_VERSION);
        context.getCamelContextExtension().setName("process");
        context.setLoadTypeConverters(false);
        beans.forEach(context.getRegistry()::bind);
        Properties placeholders = configuration.placeholders();
        placeholders.setProperty("mqtt.component", version.component());
        context.getPropertiesComponent().setOverrideProperties(placeholders);
        SupervisingRouteController again = new DefaultSupervisingRouteController();
        again.setBackOffDelay(
                configuration.get(Settings.MQTT_RECONNECT_INTERVAL).toMillis());
        again.setInitialDelay(0);
        context.setRouteController(again);
        context.getShutdownStrategy().setTimeout(1);
        context.build();
        connect(context.getComponent(version.component()), url);
        PluginHelper.getRoutesLoader(context).loadRoutes(files());
    }

    private List<Resource> files() throws IOException {
        if (!Files.isDirectory(folder())) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder())) {
            return files.filter(file -> file.toString().endsWith(".camel.yaml"))
                    .sorted()
                    .map(file -> ResourceHelper.resolveResource(context, "file:" + file))
                    .toList();
        }
    }

    /** What both versions of the component have under the same names. */
    private void connect(Component component, String url) throws StartFailure, IOException {
        MqttLogin login = MqttLogin.of(configuration, broker == null ? null : broker.users());
        Map<String, Object> options = new HashMap<>();
        options.put("configuration.brokerUrl", url);
        options.put("configuration.keepAliveInterval", PahoClient.KEEP_ALIVE_S);
        options.put("configuration.connectionTimeout", PahoClient.STEP_TIMEOUT_S);
        options.put("configuration.socketFactory", login.sockets(url));
        options.put("configuration.automaticReconnect", true);
        options.put("configuration.maxReconnectDelay", (int)
                configuration.get(Settings.MQTT_RECONNECT_INTERVAL).toMillis());
        if (!login.username().isEmpty()) {
            options.put("configuration.userName", login.username());
            options.put("configuration.password", login.password());
        }
        PropertyBindingSupport.bindProperties(context, component, options);
    }

    @Override
    public void close() {
        Thread stop = new Thread(this::stop, "process-routes-stop");
        stop.setDaemon(true);
        stop.start();
        try {
            stop.join(MAX_STOP_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void stop() {
        closed = true;
        context.stop();
    }
}
