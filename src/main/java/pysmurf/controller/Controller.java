package pysmurf.controller;

import io.netty.channel.epoll.Epoll;
import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import org.apache.camel.CamelContext;
import org.apache.camel.FluentProducerTemplate;
import org.apache.camel.component.netty.NettyWorkerPoolBuilder;
import org.apache.camel.main.BaseMainSupport;
import org.apache.camel.main.Main;
import org.apache.camel.main.MainListenerSupport;
import org.apache.camel.spi.Registry;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.audit.Audit;
import pysmurf.controller.command.Admission;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.FollowedFiles;
import pysmurf.controller.config.HostPort;
import pysmurf.controller.config.Leftovers;
import pysmurf.controller.config.LiveSetting;
import pysmurf.controller.config.Settings;
import pysmurf.controller.health.ControllerHealth;
import pysmurf.controller.health.Health;
import pysmurf.controller.http.Commands;
import pysmurf.controller.http.EventStream;
import pysmurf.controller.http.InterfaceDocuments;
import pysmurf.controller.http.SessionViews;
import pysmurf.controller.metrics.ControllerMetrics;
import pysmurf.controller.metrics.Metrics;
import pysmurf.controller.ocs.OcsBridge;
import pysmurf.controller.page.ControllerView;
import pysmurf.controller.page.PageFiles;
import pysmurf.controller.page.PipelineView;
import pysmurf.controller.page.ScriptList;
import pysmurf.controller.pipeline.Pipelines;
import pysmurf.controller.pipeline.Stages;
import pysmurf.controller.pipeline.Summary;
import pysmurf.controller.publisher.ControllerPublisher;
import pysmurf.controller.publisher.DatagramBatches;
import pysmurf.controller.publisher.Destinations;
import pysmurf.controller.publisher.FanOutSocket;
import pysmurf.controller.publisher.OwnPorts;
import pysmurf.controller.publisher.PublisherInbox;
import pysmurf.controller.routing.Operation;
import pysmurf.controller.routing.OperationSteps;
import pysmurf.controller.routing.OperationThreads;
import pysmurf.controller.routing.Operations;
import pysmurf.controller.routing.Replacement;
import pysmurf.controller.routing.RouteReload;
import pysmurf.controller.routing.RoutedEvents;
import pysmurf.controller.routing.RoutesContext;
import pysmurf.controller.script.AbortOperation;
import pysmurf.controller.script.LogTargets;
import pysmurf.controller.script.Recovery;
import pysmurf.controller.script.ScriptArguments;
import pysmurf.controller.script.ScriptBinding;
import pysmurf.controller.script.ScriptExecutor;
import pysmurf.controller.script.ScriptLimits;
import pysmurf.controller.script.ScriptRoots;
import pysmurf.controller.script.process.Signal;
import pysmurf.controller.session.BoundedQueue;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.RegisteredFiles;
import pysmurf.controller.session.ScriptLog;
import pysmurf.controller.session.SessionCloser;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.SinkFailures;
import pysmurf.controller.session.Status;
import pysmurf.controller.store.Retention;
import pysmurf.controller.tracing.Traces;

/**
 * One controller: binds the beans that the routes name and starts Camel. Nothing here is static, so a process may hold several.
 */
public final class Controller implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Controller.class);

    /** Of the 10 s in which SIGTERM has to be over; the rest is for routes, broker and HTTP server. */
    private static final Duration ABORT_AT_STOP = Duration.ofSeconds(7);

    private static final int DRAIN_AT_STOP_S = 1;
    private static final List<String> SINKS = List.of("udp", "mqtt", "page", "log");

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
    private final FollowedFiles files = new FollowedFiles(clock);

    private boolean startedHere;
    private CompletableFuture<Storage> opening;
    private Storage storage;
    private MqttSide mqtt;
    private HttpSide http;
    private Sessions sessions;
    private Admission admission;
    private AbortOperation aborts;
    private PublisherInbox inbox;
    private RegisteredFiles registered;
    private LiveSetting<List<HostPort>> destinationSetting;
    private ExecutorService operations;
    private Operations known;
    private RouteReload reload;
    private Pipelines pipelines;
    private Audit audit;
    private Stages stages;
    private List<LiveSession> unfinished = List.of();
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
        return http.server().getPort();
    }

    /** Where the broker is; null as long as it is not known. */
    public String brokerUrl() {
        return mqtt.broker().url().orElse(null);
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
        // a stop waits for this
        properties.setProperty("camel.component.seda.default-poll-timeout", "100");
        properties.putAll(configuration.camelProperties());
        main.setPropertyPlaceholderLocations("false");
        main.setOverrideProperties(properties);
        main.addMainListener(lifecycle);
        // Camel is made meanwhile
        opening = CompletableFuture.supplyAsync(this::openStorage);
    }

    private Storage openStorage() {
        try {
            return Storage.open(configuration);
        } catch (StartFailure e) {
            throw new CompletionException(e);
        }
    }

    private Path routesDir() {
        return configuration.routesDir().toAbsolutePath();
    }

    private InetSocketAddress publisherListener() throws StartFailure {
        String host = configuration.get(Settings.PUBLISHER_LISTEN_HOST);
        int port = configuration.get(Settings.PUBLISHER_LISTEN_PORT);
        return StartFailure.named("publisher.listen-host, publisher.listen-port: " + host + ":" + port, () -> {
            // scripts have to be told a number, so a free port is picked here; a taken one is found out now, with its
            // name
            InetAddress address = InetAddress.getByName(host);
            try (DatagramSocket probe = new DatagramSocket(new InetSocketAddress(address, port))) {
                return new InetSocketAddress(address, probe.getLocalPort());
            }
        });
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
            routes.load(reload);
        }

        @Override
        public void afterStart(BaseMainSupport camel) {
            files.start();
            mqtt.start(this::sayReady);
            for (LiveSession session : unfinished) {
                FluentProducerTemplate template = camel.getCamelContext()
                        .createFluentProducerTemplate()
                        .to(session.now().status() == Status.STARTING ? "direct:operation" : "direct:recovery")
                        .withExchangeProperty(ScriptBinding.SESSION, session);
                operations.execute(template::send);
            }
            Signal.warmUp();
        }

        private void sayReady() {
            LOG.info(
                    "Ready: {}, operations {}, scripts' messages at UDP {}:{}",
                    http.url(),
                    known.all().stream().map(Operation::name).toList(),
                    publisherAddress.getHostString(),
                    publisherAddress.getPort());
        }

        @Override
        public void beforeStop(BaseMainSupport camel) {
            files.close();
            admission.stop();
            aborts.abortAll(ABORT_AT_STOP);
        }

        @Override
        public void afterStop(BaseMainSupport camel) {
            mqtt.sayGoodbye();
            operations.shutdownNow();
            inbox.close();
            registered.close();
            audit.close();
            try {
                mqtt.broker().close();
            } catch (Exception e) {
                throw new IllegalStateException("the embedded broker did not stop", e);
            }
            metrics.close();
            if (traces != null) {
                traces.close();
            }
            storage.close();
        }
    }

    private void bind(CamelContext context) throws Exception {
        Registry registry = context.getRegistry();
        Path dataDir = configuration.dataDir();

        // what needs no session is made while the database is still being opened
        audit = new Audit(
                configuration.get(Settings.AUDIT_FILE).toAbsolutePath().normalize(),
                configuration.get(Settings.AUDIT_MAX_SIZE),
                configuration.get(Settings.AUDIT_KEEP),
                clock);
        registry.bind("audit", audit);
        http = new HttpSide(configuration, files, context, replacement, audit);

        // sessions and what becomes of their events
        storage = opening.join();
        BoundedQueue messages = new BoundedQueue(batch -> inbox.dropped(batch));
        registry.bind("publisherQueue", messages);
        // what a script sends in a burst is lost if it is not taken in; what is told of it can wait that long
        BoundedQueue events = new BoundedQueue(() -> !messages.isEmpty());
        registry.bind("eventQueue", events);
        sessions = new Sessions(
                storage.sessions(),
                new RoutedEvents(context, events),
                clock,
                configuration.get(Settings.SESSIONS_MAX_DATA));
        registry.bind(
                "retention",
                new Retention(
                        storage.sessions(),
                        dataDir.resolve("output"),
                        configuration.get(Settings.RETENTION_AGE),
                        configuration.get(Settings.RETENTION_LOGS_SIZE),
                        clock));
        EventStream eventStream = new EventStream(clock);
        destinationSetting = new LiveSetting<>(files, configuration, Settings.PUBLISHER_DESTINATIONS);
        Destinations destinations = new Destinations(destinationSetting, publisherAddress);
        destinations.resolve();
        registry.bind("sessions", sessions);
        registered = new RegisteredFiles(sessions, configuration.get(Settings.FILES_DIGEST_UP_TO));
        SessionCloser closer = new SessionCloser(sessions, new Summary(registered, dataDir));
        registry.bind("sessionCloser", closer);
        registry.bind("eventStream", eventStream);
        registry.bind("scriptLog", new ScriptLog());
        registry.bind("sinkFailures", sinkFailures);
        for (String sink : SINKS) {
            BoundedQueue queue = new BoundedQueue();
            registry.bind(sink + "Queue", queue);
            queues.put(sink, queue);
        }

        // UDP, out and in
        registry.bind("destinations", destinations);
        registry.bind("controllerPublisher", new ControllerPublisher(hostName(), configuration.publisherId(), clock));
        registry.bind("fanOutSocket", new FanOutSocket(destinations));
        registry.bind(
                "udpSenders",
                new NettyWorkerPoolBuilder()
                        .withName("udp-sender")
                        .withWorkerCount(1)
                        .build());
        InetAddress told = publisherAddress.getAddress().isAnyLocalAddress()
                ? InetAddress.getLoopbackAddress()
                : publisherAddress.getAddress();
        inbox = new PublisherInbox(
                sessions,
                registered,
                configuration.publisherId(),
                publisherAddress.getPort(),
                new OwnPorts(context, messages, told),
                configuration.get(Settings.SCRIPTS_LEFTOVERS) == Leftovers.KEEP);
        registry.bind("publisherInbox", inbox);
        registry.bind("datagramBatches", new DatagramBatches());

        // scripts
        ScriptRoots roots = new ScriptRoots(configuration.get(Settings.SCRIPTS_ROOTS));
        LogTargets logTargets = new LogTargets(configuration.get(Settings.LOGS_ROOTS));
        ScriptLimits limits = ScriptLimits.of(configuration, told);
        ScriptExecutor executor = new ScriptExecutor(limits, logTargets, sessions, inbox, clock);
        OperationSteps steps = new OperationSteps();
        context.getCamelContextExtension().addInterceptStrategy(steps);
        aborts = new AbortOperation(executor, steps, sessions, limits.graces());
        registry.bind("scriptExecutor", executor);
        registry.bind("scriptBinding", new ScriptBinding(roots));
        registry.bind("abortOperation", aborts);
        ScriptArguments arguments = new ScriptArguments();
        registry.bind(arguments.name(), arguments);

        // operations and commands
        known = new Operations(context, files, routesDir(), replacement, List.of(roots, logTargets, arguments));
        admission =
                new Admission(known, sessions, clock, List.of(storage.disk()::fault, storage.sessions()::hindrance));
        operations = new OperationThreads(closer, steps);
        registry.bind("operationThreads", operations);
        registry.bind("operations", known);
        registry.bind("admission", admission);
        pipelines = new Pipelines(files, configuration.configDir(), known::find);
        stages = new Stages(known, pipelines, sessions);
        registry.bind("stages", stages);

        reload = new RouteReload(context, files, routesDir(), sessions, properties, replacement);
        Recovery recovery = new Recovery(
                sessions, executor, admission, configuration.get(Settings.RECOVERY_POLICY), limits.graces());
        registry.bind("recovery", recovery);
        unfinished = recovery.begin();
        mqtt = new MqttSide(configuration, files, context, sessions, replacement, topicRoot, hostName(), clock);
        bindViews(context);
        bindHealth(context, destinations);
        String traced = configuration.get(Settings.TRACES_ENDPOINT);
        if (!traced.isEmpty()) {
            traces = new Traces(context, traced, configuration.get(Settings.CONTROLLER_ID), version());
        }
    }

    private void bindViews(CamelContext context) throws IOException {
        Registry registry = context.getRegistry();
        registry.bind("httpCommands", new Commands());
        registry.bind("sessionViews", new SessionViews(known, sessions, http.secretFiles()));
        registry.bind("interfaceDocuments", new InterfaceDocuments(version()));
        OcsBridge.Place place = new OcsBridge.Place(
                configuration.get(Settings.ADDRESS_ROOT_KEY), configuration.get(Settings.CONTROLLER_ID), hostName());
        registry.bind("ocsBridge", new OcsBridge(place, known, sessions, http.tokens(), clock));
        registry.bind("pageFiles", PageFiles.load());
        registry.bind("scriptList", new ScriptList(configuration.get(Settings.SCRIPTS_ROOTS)));
        registry.bind("pipelineView", new PipelineView(known, pipelines));
        registry.bind(
                "controllerView",
                new ControllerView(
                        configuration.get(Settings.CONTROLLER_ID),
                        configuration.get(Settings.SLOT),
                        mqtt.broker()::url,
                        context,
                        clock.instant(),
                        sessions));
    }

    private void bindHealth(CamelContext context, Destinations destinations) {
        Health health = new Health(() -> http.server().isReady()
                ? admission.unavailable().or(mqtt::hindrance)
                : Optional.of("the controller is starting"));
        ControllerHealth checks = new ControllerHealth(new ControllerHealth.Parts(
                storage.sessions(),
                storage.disk(),
                mqtt.broker(),
                mqtt.connection(),
                inbox,
                destinations,
                files,
                destinationSetting::fault,
                known,
                pipelines,
                reload,
                http.tokens(),
                mqtt.users(),
                audit,
                stages));
        checks.addTo(health);
        metrics = new Metrics();
        sessions.measuredBy(metrics);
        new ControllerMetrics(
                        metrics,
                        new ControllerMetrics.Parts(
                                sessions,
                                storage.sessions(),
                                storage.disk(),
                                mqtt.connection(),
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
