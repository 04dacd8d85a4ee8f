package pysmurf.controller;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.camel.CamelContext;
import org.apache.camel.main.BaseMainSupport;
import org.apache.camel.main.Main;
import org.apache.camel.main.MainListenerSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.access.AccessPart;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.assembly.ObservePart;
import pysmurf.controller.command.Admission;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.Settings;
import pysmurf.controller.config.StartFailure;
import pysmurf.controller.http.HttpEngine;
import pysmurf.controller.http.HttpPart;
import pysmurf.controller.mqtt.MqttPart;
import pysmurf.controller.ocs.OcsPart;
import pysmurf.controller.operation.Operation;
import pysmurf.controller.operation.OperationPart;
import pysmurf.controller.operation.RouteSwap;
import pysmurf.controller.operation.RoutesContext;
import pysmurf.controller.page.PagePart;
import pysmurf.controller.pipeline.PipelinePart;
import pysmurf.controller.pipeline.Summary;
import pysmurf.controller.publisher.PublisherPart;
import pysmurf.controller.script.ScriptPart;
import pysmurf.controller.session.SessionCloser;
import pysmurf.controller.session.SessionPart;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.store.StorePart;

/** One controller: its parts, put together, on Camel. Nothing here is static, so a process may hold several. */
public final class Controller implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Controller.class);

    private static final int DRAIN_AT_STOP_S = 1;

    private final Configuration configuration;
    private final RoutesContext routes = new RoutesContext();
    private final Main main = new Main() {
        @Override
        protected CamelContext createCamelContext() {
            routes.getCamelContextExtension().setRegistry(registry);
            return routes;
        }
    };
    private final Properties properties = new Properties();

    private Assembly assembly;
    private PublisherPart publisher;
    private HttpPart http;
    private OperationPart operations;
    private MqttPart mqtt;

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
            assembly.started();
        } catch (Exception e) {
            throw startFailure(e);
        }
    }

    private static Exception startFailure(Exception fault) {
        Throwable cause = fault;
        while (cause.getCause() != null && cause.getCause() != cause && !(cause instanceof StartFailure)) {
            cause = cause.getCause();
        }
        return cause instanceof StartFailure failure
                ? failure
                : new StartFailure(String.valueOf(cause.getMessage()), fault);
    }

    @Override
    public void close() {
        main.stop();
    }

    /** The port HTTP is served on. */
    public int httpPort() {
        return http.port();
    }

    /** Where the broker is; null as long as it is not known. */
    public String brokerUrl() {
        return mqtt.brokerUrl().orElse(null);
    }

    /** Where Publisher messages are received. */
    public InetSocketAddress publisherAddress() {
        return publisher.address();
    }

    private void prepare() throws StartFailure {
        publisher = new PublisherPart(configuration);
        properties.putAll(configuration.placeholders());
        MqttPart.addTo(properties, configuration);
        HttpPart.addTo(properties, configuration);
        publisher.addTo(properties);
        OcsPart.addTo(properties, configuration);
        properties.setProperty("camel.main.name", configuration.get(Settings.CONTROLLER_ID));
        properties.setProperty(
                "camel.component.kamelet.location",
                "file:" + configuration.routesDir().toAbsolutePath() + "/kamelets");
        properties.setProperty("camel.component.kamelet.noErrorHandler", "true");
        // a stop waits for this
        properties.setProperty("camel.component.seda.default-poll-timeout", "100");
        properties.setProperty("camel.main.shutdownTimeout", Integer.toString(DRAIN_AT_STOP_S));
        properties.setProperty("camel.main.shutdownLogInflightExchangesOnTimeout", "false");
        properties.setProperty("camel.routecontroller.enabled", "true");
        properties.putAll(configuration.camelProperties());
        main.setPropertyPlaceholderLocations("false");
        main.setOverrideProperties(properties);
        // Camel is made meanwhile
        CompletableFuture<StorePart> store = CompletableFuture.supplyAsync(() -> {
            try {
                return StorePart.open(configuration);
            } catch (StartFailure e) {
                throw new CompletionException(e);
            }
        });
        main.addMainListener(new MainListenerSupport() {

            @Override
            public void beforeConfigure(BaseMainSupport camel) {
                try {
                    assemble(camel.getCamelContext(), store);
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            }

            @Override
            public void afterStart(BaseMainSupport camel) {
                assembly.started();
            }

            @Override
            public void afterConfigure(BaseMainSupport camel) {
                routes.load(operations.reload());
            }
        });
    }

    private void assemble(CamelContext context, CompletableFuture<StorePart> opening) throws Exception {
        assembly = Assembly.of(configuration, context);
        new ObservePart(assembly);
        RouteSwap swap = new RouteSwap();
        AccessPart access = new AccessPart(assembly);
        // what needs no session is made while the database is still being opened
        http = new HttpPart(assembly, access.tokens(), swap);

        StorePart store = opening.join();
        store.join(assembly);
        SessionPart session = new SessionPart(assembly, store.sessions(), publisher.messages());
        Sessions sessions = session.sessions();
        publisher.join(assembly, session, hostName());
        operations = new OperationPart(assembly);
        ScriptPart scripts = new ScriptPart(assembly, sessions, publisher, operations.steps());
        SessionCloser closer = assembly.bind(
                "sessionCloser", new SessionCloser(sessions, new Summary(session.files(), configuration.dataDir())));
        operations.join(assembly, sessions, closer, swap, HttpEngine::new, properties, scripts.formats());
        Admission admission = assembly.bind(
                "admission", new Admission(operations.operations(), sessions, assembly.clock(), store::hindrance));
        assembly.health().addHindrance(admission::unavailable);
        PipelinePart pipelines = new PipelinePart(assembly, sessions, operations);
        scripts.join(assembly, sessions, closer, admission, operations.threads());
        mqtt = new MqttPart(assembly, sessions, access.users(), hostName(), this::sayReady);
        http.join(assembly, operations.operations(), sessions);
        new OcsPart(assembly, access.tokens(), operations.operations(), sessions, hostName());
        new PagePart(assembly, mqtt::brokerUrl, operations.operations(), sessions, pipelines);
        assembly.metrics()
                .gauge(
                        "pysmurf.routes.broken",
                        "Files below routes or config that cannot be used.",
                        () -> pipelines.brokenFiles().size()
                                + access.faults().count()
                                + publisher.settingFault().stream().count());
    }

    private void sayReady() {
        LOG.info(
                "Ready: {}, operations {}, scripts' messages at UDP {}:{}",
                http.url(),
                operations.operations().all().stream().map(Operation::name).toList(),
                publisher.address().getHostString(),
                publisher.address().getPort());
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }
}
