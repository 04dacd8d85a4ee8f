package pysmurf.controller;

import io.netty.channel.epoll.Epoll;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.FluentProducerTemplate;
import org.apache.camel.component.netty.NettyWorkerPoolBuilder;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpServerConfiguration;
import org.apache.camel.main.BaseMainSupport;
import org.apache.camel.main.Main;
import org.apache.camel.main.MainListenerSupport;
import org.apache.camel.spi.Registry;
import org.apache.camel.support.jsse.KeyManagersParameters;
import org.apache.camel.support.jsse.KeyStoreParameters;
import org.apache.camel.support.jsse.SSLContextParameters;
import org.apache.camel.support.service.ServiceHelper;
import org.eclipse.paho.mqttv5.common.MqttException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.access.Tokens;
import pysmurf.controller.audit.Audit;
import pysmurf.controller.audit.AuditView;
import pysmurf.controller.command.Admission;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.HostPort;
import pysmurf.controller.config.LiveSetting;
import pysmurf.controller.config.MqttVersion;
import pysmurf.controller.config.Setting;
import pysmurf.controller.config.Settings;
import pysmurf.controller.health.ControllerHealth;
import pysmurf.controller.health.Health;
import pysmurf.controller.http.AccessHandler;
import pysmurf.controller.http.Commands;
import pysmurf.controller.http.EventStream;
import pysmurf.controller.http.HttpEngine;
import pysmurf.controller.http.HttpServer;
import pysmurf.controller.http.InterfaceDocuments;
import pysmurf.controller.http.SessionViews;
import pysmurf.controller.metrics.ControllerMetrics;
import pysmurf.controller.metrics.Metrics;
import pysmurf.controller.mqtt.Broker;
import pysmurf.controller.mqtt.BrokerUsers;
import pysmurf.controller.mqtt.EmbeddedBroker;
import pysmurf.controller.mqtt.Mqtt3Connection;
import pysmurf.controller.mqtt.Mqtt5Connection;
import pysmurf.controller.mqtt.MqttCommands;
import pysmurf.controller.mqtt.MqttConnection;
import pysmurf.controller.mqtt.MqttOutbox;
import pysmurf.controller.ocs.CallEndpoint;
import pysmurf.controller.ocs.OcsBridge;
import pysmurf.controller.page.ControllerView;
import pysmurf.controller.page.PageFiles;
import pysmurf.controller.page.PipelineView;
import pysmurf.controller.page.ScriptList;
import pysmurf.controller.pipeline.Pipelines;
import pysmurf.controller.pipeline.Stages;
import pysmurf.controller.pipeline.Summary;
import pysmurf.controller.publisher.BoundUdpSocket;
import pysmurf.controller.publisher.ControllerPublisher;
import pysmurf.controller.publisher.DatagramBatches;
import pysmurf.controller.publisher.Destinations;
import pysmurf.controller.publisher.PublisherInbox;
import pysmurf.controller.publisher.SocketDrops;
import pysmurf.controller.routing.Operation;
import pysmurf.controller.routing.OperationThreads;
import pysmurf.controller.routing.Operations;
import pysmurf.controller.routing.Replacement;
import pysmurf.controller.routing.RouteReload;
import pysmurf.controller.routing.RoutedEvents;
import pysmurf.controller.routing.RoutesContext;
import pysmurf.controller.script.Aborts;
import pysmurf.controller.script.LogTargets;
import pysmurf.controller.script.Recovery;
import pysmurf.controller.script.ScriptArguments;
import pysmurf.controller.script.ScriptBinding;
import pysmurf.controller.script.ScriptExecutor;
import pysmurf.controller.script.ScriptLimits;
import pysmurf.controller.script.ScriptRoots;
import pysmurf.controller.script.process.AbortLadder.Graces;
import pysmurf.controller.script.process.Signals;
import pysmurf.controller.session.BoundedQueue;
import pysmurf.controller.session.Closing;
import pysmurf.controller.session.ScriptLog;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.SinkFailures;
import pysmurf.controller.session.Status;
import pysmurf.controller.session.StoreUnavailable;
import pysmurf.controller.store.Database;
import pysmurf.controller.store.DiskSpace;
import pysmurf.controller.store.FolderLock;
import pysmurf.controller.store.JdbcSessionStore;
import pysmurf.controller.store.Retention;
import pysmurf.controller.tls.KeyStoreFile;
import pysmurf.controller.tracing.Traces;

/**
 * One controller: binds the beans that the routes name and starts Camel. Nothing here is static, so a process may hold several.
 */
public final class Controller implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Controller.class);

    /** Of the 10 s in which SIGTERM has to be over; the rest is for routes, broker and HTTP server. */
    private static final Duration ABORT_AT_STOP = Duration.ofSeconds(7);

    private static final int MOST_BODY_BYTES = 1024 * 1024;
    private static final int DRAIN_AT_STOP_S = 1;
    private static final List<String> SINKS = List.of("udp", "mqtt", "page", "log");

    /** The controller cannot start; the message is one line that says why. */
    public static final class StartFailure extends Exception {

        private static final long serialVersionUID = 1L;

        StartFailure(String message, Throwable cause) {
            super(message, cause);
        }
    }

    private final Configuration configuration;
    private final RoutesContext routes = new RoutesContext();
    private final Main main = new Main() {
        @Override
        protected CamelContext createCamelContext() {
            routes.getCamelContextExtension().setRegistry(registry);
            return routes;
        }
    };
    private final Lifecycle lifecycle = new Lifecycle();
    private final Clock clock = Clock.systemUTC();
    private final Replacement replacement = new Replacement();

    private boolean startedHere;
    private HttpServer server;
    private Broker broker;
    private MqttConnection mqtt;
    private Sessions sessions;
    private Admission admission;
    private Aborts aborts;
    private PublisherInbox inbox;
    private LiveSetting<List<HostPort>> destinationSetting;
    private ExecutorService operations;
    private Operations known;
    private RouteReload reload;
    private Pipelines pipelines;
    private Tokens tokens;
    private Tokens users;
    private Audit audit;
    private Stages stages;
    private Session unfinished;
    private FolderLock folderLock;
    private Database database;
    private JdbcSessionStore store;
    private DiskSpace disk;
    private InetSocketAddress publisherAddress;
    private String topicRoot;
    private Metrics metrics;
    /** Null where nobody wants any. */
    private Traces traces;

    private final SinkFailures sinkFailures = new SinkFailures();
    private final Map<String, BoundedQueue> queues = new LinkedHashMap<>();
    private final Properties properties = new Properties();

    public Controller(Configuration configuration) {
        this.configuration = configuration;
    }

    /**
     * Runs until told to stop.
     *
     * @return              the exit code
     * @throws StartFailure if it cannot start
     */
    public int run() throws Exception {
        prepare();
        try {
            main.run();
        } catch (Exception e) {
            throw startFailure(e);
        }
        return main.getExitCode();
    }

    /**
     * Starts and returns.
     *
     * @throws StartFailure if it cannot start
     */
    public void start() throws Exception {
        prepare();
        try {
            main.start();
            // Camel tells its listeners only when it was started by run()
            lifecycle.afterStart(main);
            startedHere = true;
        } catch (Exception e) {
            throw startFailure(e);
        }
    }

    private static Exception startFailure(Exception fault) {
        Throwable cause = fault;
        while (cause.getCause() != null && cause.getCause() != cause) {
            if (cause instanceof StartFailure) {
                break;
            }
            cause = cause.getCause();
        }
        return cause instanceof StartFailure failure
                ? failure
                : new StartFailure(String.valueOf(cause.getMessage()), fault);
    }

    @Override
    public void close() {
        if (startedHere) {
            lifecycle.beforeStop(main);
            main.stop();
            lifecycle.afterStop(main);
        } else {
            main.stop();
        }
    }

    /** The port HTTP is served on. */
    public int httpPort() {
        return server.getPort();
    }

    /** Where the broker is; null as long as it is not known. */
    public String brokerUrl() {
        return broker.url().orElse(null);
    }

    /** Where Publisher messages are received. */
    public InetSocketAddress publisherAddress() {
        return publisherAddress;
    }

    private void prepare() throws StartFailure {
        topicRoot = "pysmurf/" + configuration.get(Settings.CONTROLLER_ID);
        publisherAddress = publisherListener();
        properties.putAll(configuration.placeholders());
        properties.setProperty(
                "mqtt.component", configuration.get(Settings.MQTT_VERSION).component());
        properties.setProperty("mqtt.topic-root", topicRoot);
        properties.setProperty(
                "mqtt.reconnect-millis",
                Long.toString(
                        configuration.get(Settings.MQTT_RECONNECT_INTERVAL).toMillis()));
        properties.setProperty("publisher.native-transport", Boolean.toString(Epoll.isAvailable()));
        properties.setProperty("publisher.port", Integer.toString(publisherAddress.getPort()));
        properties.setProperty("camel.main.name", configuration.get(Settings.CONTROLLER_ID));
        properties.setProperty("camel.component.kamelet.location", "file:" + routesDir() + "/kamelets");
        properties.setProperty("camel.component.kamelet.noErrorHandler", "true");
        properties.setProperty("camel.main.shutdownTimeout", Integer.toString(DRAIN_AT_STOP_S));
        properties.setProperty("camel.main.shutdownLogInflightExchangesOnTimeout", "false");
        properties.setProperty("camel.routecontroller.enabled", "true");
        properties.putAll(configuration.camelProperties());
        main.setPropertyPlaceholderLocations("false");
        main.setOverrideProperties(properties);
        main.addMainListener(lifecycle);
    }

    private Path routesDir() {
        return configuration.routesDir().toAbsolutePath().normalize();
    }

    private InetSocketAddress publisherListener() throws StartFailure {
        String host = configuration.get(Settings.PUBLISHER_LISTEN_HOST);
        int port = configuration.get(Settings.PUBLISHER_LISTEN_PORT);
        try {
            InetAddress address = InetAddress.getByName(host);
            // scripts have to be told a number, so a free port is picked here; a taken one is found out now, with its
            // name
            try (DatagramSocket probe = new DatagramSocket(new InetSocketAddress(address, port))) {
                return new InetSocketAddress(address, probe.getLocalPort());
            }
        } catch (IOException e) {
            throw new StartFailure(
                    "publisher.listen-host, publisher.listen-port: " + host + ":" + port + ": " + e.getMessage(), e);
        }
    }

    private final class Lifecycle extends MainListenerSupport {

        @Override
        public void beforeConfigure(BaseMainSupport camel) {
            try {
                bind(camel.getCamelContext());
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void afterConfigure(BaseMainSupport camel) {
            try {
                routes.load(routesDir(), reload);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public void afterStart(BaseMainSupport camel) {
            if (broker instanceof EmbeddedBroker embedded) {
                embedded.start(mqtt::ensureConnected);
            }
            if (unfinished != null) {
                FluentProducerTemplate template = camel.getCamelContext()
                        .createFluentProducerTemplate()
                        .to(unfinished.status() == Status.STARTING ? "direct:operation" : "direct:recovery")
                        .withExchangeProperty(ScriptBinding.SESSION, unfinished);
                operations.execute(template::send);
            }
            LOG.info(
                    "Ready: {}://{}:{}, operations {}, scripts' messages at UDP {}:{}",
                    configuration.get(Settings.HTTP_TLS_KEYSTORE).isEmpty() ? "http" : "https",
                    server.getHost(),
                    server.getPort(),
                    known.all().stream().map(Operation::name).toList(),
                    publisherAddress.getHostString(),
                    publisherAddress.getPort());
            Signals.warmUp();
        }

        @Override
        public void beforeStop(BaseMainSupport camel) {
            admission.stop();
            aborts.abortAll(ABORT_AT_STOP);
        }

        @Override
        public void afterStop(BaseMainSupport camel) {
            mqtt.close(topicRoot + "/status", sessions.statusJson(false).toString());
            operations.shutdownNow();
            inbox.close();
            audit.close();
            try {
                broker.close();
            } catch (Exception e) {
                throw new IllegalStateException("the embedded broker did not stop", e);
            }
            metrics.close();
            if (traces != null) {
                traces.close();
            }
            store.close();
            database.close();
            try {
                folderLock.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void bind(CamelContext context) throws Exception {
        Registry registry = context.getRegistry();
        Path dataDir = configuration.get(Settings.DATA_DIR).toAbsolutePath().normalize();
        Files.createDirectories(dataDir.resolve("output"));

        // sessions and what becomes of their events
        store = openStore(dataDir);
        disk = new DiskSpace(dataDir, configuration.get(Settings.STORE_MIN_FREE));
        sessions = new Sessions(store, new RoutedEvents(context), clock);
        registry.bind(
                "retention",
                new Retention(
                        store,
                        dataDir.resolve("output"),
                        configuration.get(Settings.RETENTION_AGE),
                        configuration.get(Settings.RETENTION_LOGS_SIZE),
                        clock));
        EventStream eventStream = new EventStream(clock);
        destinationSetting = new LiveSetting<>(configuration, Settings.PUBLISHER_DESTINATIONS);
        Destinations destinations = new Destinations(destinationSetting, publisherAddress);
        destinations.resolve();
        registry.bind("sessions", sessions);
        Closing closing = new Closing(sessions, new Summary(sessions, dataDir));
        registry.bind("closing", closing);
        registry.bind("eventStream", eventStream);
        registry.bind("scriptLog", new ScriptLog());
        registry.bind("sinkFailures", sinkFailures);
        BoundedQueue messages = new BoundedQueue();
        registry.bind("publisherQueue", messages);
        // what a script sends in a burst is lost if it is not taken in; what is told of it can wait that long
        registry.bind("eventQueue", new BoundedQueue(() -> !messages.isEmpty()));
        for (String sink : SINKS) {
            BoundedQueue queue = new BoundedQueue();
            registry.bind(sink + "Queue", queue);
            queues.put(sink, queue);
        }

        // UDP, out and in
        registry.bind("destinations", destinations);
        registry.bind("controllerPublisher", new ControllerPublisher(hostName(), configuration.publisherId(), clock));
        registry.bind("boundUdpSocket", new BoundUdpSocket(destinations));
        registry.bind(
                "udpSenders",
                new NettyWorkerPoolBuilder()
                        .withName("udp-sender")
                        .withWorkerCount(1)
                        .build());
        inbox = new PublisherInbox(
                sessions, configuration.publisherId(), publisherAddress, new SocketDrops(publisherAddress.getPort()));
        registry.bind("publisherInbox", inbox);
        registry.bind("datagramBatches", new DatagramBatches());

        // scripts
        ScriptRoots roots = new ScriptRoots(configuration.get(Settings.SCRIPTS_ROOTS));
        LogTargets logTargets = new LogTargets(configuration.get(Settings.LOGS_ROOTS));
        ScriptExecutor executor = new ScriptExecutor(limits(dataDir), logTargets, sessions, inbox, clock);
        aborts = new Aborts(executor, sessions);
        registry.bind("scriptExecutor", executor);
        registry.bind("scriptBinding", new ScriptBinding(roots));
        registry.bind("aborts", aborts);

        // operations and commands
        known = new Operations(
                context,
                configuration.routesDir().resolve("operations"),
                replacement,
                List.of(roots, logTargets, new ScriptArguments()));
        admission = new Admission(known, sessions, clock, List.of(disk::fault, store::hindrance));
        operations = new OperationThreads(closing);
        registry.bind("operationThreads", operations);
        registry.bind("operations", known);
        registry.bind("admission", admission);
        pipelines = new Pipelines(configuration.configDir());
        stages = new Stages(known, pipelines, sessions);
        registry.bind("stages", stages);

        reload = new RouteReload(routesDir(), sessions, properties, replacement);
        context.addService(reload);
        Recovery recovery = new Recovery(
                sessions,
                executor,
                admission,
                configuration.get(Settings.RECOVERY_POLICY),
                new Graces(
                        configuration.get(Settings.ABORT_INTERRUPT_GRACE),
                        configuration.get(Settings.ABORT_TERMINATE_GRACE)));
        registry.bind("recovery", recovery);
        unfinished = recovery.begin().orElse(null);
        audit = new Audit(
                configuration.get(Settings.AUDIT_FILE).toAbsolutePath().normalize(),
                configuration.get(Settings.AUDIT_MAX_SIZE),
                configuration.get(Settings.AUDIT_KEEP),
                clock);
        registry.bind("audit", audit);
        bindMqtt(context, registry);
        bindHttp(context, registry, eventStream);
        bindPage(context);
        bindHealth(context, destinations);
        String traced = configuration.get(Settings.TRACES_ENDPOINT);
        if (!traced.isEmpty()) {
            traces = new Traces(context, traced, configuration.get(Settings.CONTROLLER_ID), version());
        }
    }

    private JdbcSessionStore openStore(Path dataDir) throws StartFailure {
        try {
            folderLock = FolderLock.take(dataDir);
        } catch (IOException e) {
            throw new StartFailure("data.dir: " + e.getMessage(), e);
        }
        try {
            database = Database.open(
                    configuration.get(Settings.STORE_URL),
                    configuration.get(Settings.STORE_USERNAME),
                    configuration.get(Settings.STORE_PASSWORD));
            return new JdbcSessionStore(database, configuration.get(Settings.CONTROLLER_ID));
        } catch (IOException | StoreUnavailable e) {
            throw new StartFailure("store.url: " + e.getMessage(), e);
        }
    }

    private void bindMqtt(CamelContext context, Registry registry)
            throws MqttException, org.eclipse.paho.client.mqttv3.MqttException, StartFailure {
        String url = configuration.get(Settings.MQTT_BROKER_URL);
        users = url.isEmpty() ? tokens(Settings.MQTT_EMBEDDED_USERS_FILE) : Tokens.none();
        registry.bind("brokerUsers", users);
        BrokerUsers guard = users.open() ? null : new BrokerUsers(users, topicRoot + "/command");
        broker = !url.isEmpty()
                ? Broker.at(url)
                : new EmbeddedBroker(
                        configuration.get(Settings.MQTT_EMBEDDED_HOST),
                        configuration.get(Settings.MQTT_EMBEDDED_PORT),
                        guard);
        MqttConnection.Identity configured = new MqttConnection.Identity(
                "pysmurf-" + configuration.get(Settings.CONTROLLER_ID),
                configuration.get(Settings.MQTT_USERNAME),
                configuration.get(Settings.MQTT_PASSWORD),
                brokerTrust(),
                topicRoot + "/status",
                sessions.statusJson(false).toString(),
                topicRoot + "/heartbeat");
        MqttConnection.Identity identity = guard == null ? configured : configured.at(guard);
        mqtt = configuration.get(Settings.MQTT_VERSION) == MqttVersion.V5
                ? new Mqtt5Connection(broker, identity, clock, replacement.delivery())
                : new Mqtt3Connection(broker, identity, replacement.delivery());
        // before any route may connect
        mqtt.onConnected(() -> context.createProducerTemplate().sendBody("direct:mqtt-connected", ""));
        registry.bind("mqttClient", mqtt);
        registry.bind("mqttCommands", new MqttCommands(mqtt, topicRoot + "/reply", "mqtt"));
        registry.bind("mqttOutbox", new MqttOutbox(sessions));
    }

    private KeyStoreFile brokerTrust() throws StartFailure {
        String file = configuration.get(Settings.MQTT_TLS_TRUSTSTORE);
        if (file.isEmpty()) {
            return null;
        }
        KeyStoreFile trust = new KeyStoreFile(Path.of(file), configuration.get(Settings.MQTT_TLS_TRUSTSTORE_PASSWORD));
        try {
            trust.trusting();
        } catch (IOException e) {
            throw new StartFailure(Settings.MQTT_TLS_TRUSTSTORE.key() + ": " + e.getMessage(), e);
        }
        return trust;
    }

    /** Null without a key store: then HTTP is not encrypted. */
    private SSLContextParameters httpTls() throws StartFailure {
        String file = configuration.get(Settings.HTTP_TLS_KEYSTORE);
        if (file.isEmpty()) {
            return null;
        }
        KeyStoreFile keys = new KeyStoreFile(Path.of(file), configuration.get(Settings.HTTP_TLS_KEYSTORE_PASSWORD));
        KeyStoreParameters store = new KeyStoreParameters();
        try {
            store.setKeyStore(keys.withKey());
        } catch (IOException e) {
            throw new StartFailure(Settings.HTTP_TLS_KEYSTORE.key() + ": " + e.getMessage(), e);
        }
        KeyManagersParameters manager = new KeyManagersParameters();
        manager.setKeyStore(store);
        manager.setKeyPassword(keys.password());
        SSLContextParameters parameters = new SSLContextParameters();
        parameters.setKeyManagers(manager);
        return parameters;
    }

    private void bindHttp(CamelContext context, Registry registry, EventStream eventStream) throws Exception {
        String host = configuration.get(Settings.HTTP_HOST);
        int port = configuration.get(Settings.HTTP_PORT);
        // Camel only logs that its server could not listen, and goes on without it
        try (Socket probe = new Socket()) {
            // bound, but not listening: who connects just now is refused, and not let in and thrown out
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(host, port));
        } catch (IOException e) {
            throw new StartFailure("http.host, http.port: " + host + ":" + port + ": " + e.getMessage(), e);
        }
        tokens = tokens(Settings.AUTH_TOKENS_FILE);
        registry.bind("tokens", tokens);
        VertxPlatformHttpServerConfiguration http = new VertxPlatformHttpServerConfiguration();
        http.setBindHost(host);
        http.setBindPort(port);
        http.setMaxBodySize((long) MOST_BODY_BYTES);
        http.setSslContextParameters(httpTls());
        server = new HttpServer(http, replacement);
        context.addService(server, true, false);
        // before the routes are: their consumers look for its router
        ServiceHelper.startService(server);
        VertxPlatformHttpRouter router = registry.findSingleByType(VertxPlatformHttpRouter.class);
        CallEndpoint.install(router, MOST_BODY_BYTES);
        HttpEngine engine = new HttpEngine();
        engine.setHandlers(List.of(new AccessHandler(tokens, audit)));
        registry.bind("auditView", new AuditView(audit));
        registry.bind("platform-http-engine", engine);
        registry.bind("httpCommands", new Commands());
        registry.bind("sessionViews", new SessionViews(known, sessions, secretFiles()));
        registry.bind("interfaceDocuments", new InterfaceDocuments(version()));
        OcsBridge.Place place = new OcsBridge.Place(
                configuration.get(Settings.ADDRESS_ROOT_KEY), configuration.get(Settings.CONTROLLER_ID), hostName());
        registry.bind("ocsBridge", new OcsBridge(place, known, sessions, tokens, clock));
    }

    private void bindPage(CamelContext context) throws IOException {
        Registry registry = context.getRegistry();
        registry.bind("pageFiles", PageFiles.load());
        registry.bind("scriptList", new ScriptList(configuration.get(Settings.SCRIPTS_ROOTS)));
        registry.bind("pipelineView", new PipelineView(known, pipelines));
        registry.bind(
                "controllerView",
                new ControllerView(
                        configuration.get(Settings.CONTROLLER_ID),
                        configuration.get(Settings.SLOT),
                        () -> broker.url(),
                        context,
                        clock.instant()));
    }

    private List<Path> secretFiles() {
        List<Path> files = new ArrayList<>(List.of(
                configuration.configDir().resolve("application.properties"), configuration.get(Settings.AUDIT_FILE)));
        Stream.of(Settings.AUTH_TOKENS_FILE, Settings.MQTT_EMBEDDED_USERS_FILE, Settings.HTTP_TLS_KEYSTORE)
                .map(configuration::get)
                .filter(file -> !file.isEmpty())
                .map(Path::of)
                .forEach(files::add);
        return files;
    }

    private Tokens tokens(Setting<String> key) throws StartFailure {
        String file = configuration.get(key);
        if (file.isEmpty()) {
            return Tokens.none();
        }
        try {
            return Tokens.read(Path.of(file));
        } catch (IOException | IllegalArgumentException e) {
            throw new StartFailure(key.key() + ": " + e.getMessage(), e);
        }
    }

    private ScriptLimits limits(Path dataDir) {
        Map<String, String> environment = new HashMap<>(configuration.environment());
        configuration.secretNames().forEach(environment::remove);
        InetAddress listener = publisherAddress.getAddress();
        environment.put("SMURFPUB_BACKEND", "udp");
        environment.put("SMURFPUB_ID", configuration.publisherId());
        environment.put(
                "SMURFPUB_UDP_HOST",
                (listener.isAnyLocalAddress() ? InetAddress.getLoopbackAddress() : listener).getHostAddress());
        environment.put("SMURFPUB_UDP_PORT", Integer.toString(publisherAddress.getPort()));
        environment.remove("SLOT");
        if (!configuration.get(Settings.SLOT).isEmpty()) {
            environment.put("SLOT", configuration.get(Settings.SLOT));
        }
        environment.put("OCS_CONFIG_DIR", configuration.ocsConfigDir().toString());
        environment.put("PYSMURF_DATA_DIR", dataDir.toString());
        environment.put("PYTHONUNBUFFERED", "1");
        return new ScriptLimits(
                Map.copyOf(environment),
                dataDir.resolve("output"),
                configuration.get(Settings.ABORT_INTERRUPT_GRACE),
                configuration.get(Settings.ABORT_TERMINATE_GRACE),
                configuration.get(Settings.SCRIPTS_LEFTOVERS),
                configuration.get(Settings.SCRIPTS_MAX_OUTPUT));
    }

    private void bindHealth(CamelContext context, Destinations destinations) {
        Health health = new Health(
                () -> server.isReady() ? admission.unavailable() : Optional.of("the controller is starting"));
        ControllerHealth checks = new ControllerHealth(new ControllerHealth.Parts(
                store,
                disk,
                broker,
                mqtt,
                inbox,
                destinations,
                destinationSetting::fault,
                known,
                pipelines,
                reload,
                tokens,
                users,
                audit,
                stages));
        checks.addTo(health);
        metrics = new Metrics();
        sessions.measuredBy(metrics);
        new ControllerMetrics(
                        metrics,
                        new ControllerMetrics.Parts(
                                sessions,
                                store,
                                disk,
                                mqtt,
                                inbox,
                                destinations,
                                queues,
                                sinkFailures,
                                reload,
                                checks::brokenFileCount,
                                stages,
                                clock))
                .measure(Map.of(
                        "controller",
                        configuration.get(Settings.CONTROLLER_ID),
                        "version",
                        version(),
                        "camel",
                        context.getVersion(),
                        "java",
                        Runtime.version().toString()));
        Registry registry = context.getRegistry();
        registry.bind("health", health);
        registry.bind("metrics", metrics);
        registry.bind(Metrics.REGISTRY, metrics.registry());
    }

    private static String version() {
        return Objects.requireNonNullElse(Controller.class.getPackage().getImplementationVersion(), "unpackaged");
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }
}
