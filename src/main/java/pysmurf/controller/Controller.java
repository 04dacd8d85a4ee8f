package pysmurf.controller;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.apache.camel.CamelContext;
import org.apache.camel.main.Main;
import org.apache.camel.util.InetAddressUtil;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.assembly.ObservePart;
import pysmurf.controller.command.Admission;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.Settings;
import pysmurf.controller.config.StartFailure;
import pysmurf.controller.fleet.FleetPart;
import pysmurf.controller.http.HttpPart;
import pysmurf.controller.mqtt.MqttPart;
import pysmurf.controller.observe.Health;
import pysmurf.controller.observe.Metrics;
import pysmurf.controller.ocs.OcsPart;
import pysmurf.controller.operation.Operation;
import pysmurf.controller.operation.OperationPart;
import pysmurf.controller.operation.Operations;
import pysmurf.controller.operation.RouteReload;
import pysmurf.controller.operation.RouteSwap;
import pysmurf.controller.operation.RoutesContext;
import pysmurf.controller.page.PagePart;
import pysmurf.controller.pipeline.PipelinePart;
import pysmurf.controller.pipeline.Summary;
import pysmurf.controller.publisher.PublisherPart;
import pysmurf.controller.script.ScriptPart;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.SessionPart;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.sink.SinkPart;
import pysmurf.controller.store.StorePart;

/** One controller: its parts, put together, on Camel. Nothing here is static, so a process may hold several. */
final class Controller implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Controller.class);

    private final Configuration configuration;
    private final Host host;
    private final Metrics metrics;
    private final RoutesContext routes;
    private final Main main = new Main() {

        @Override
        protected CamelContext createCamelContext() {
            routes.getCamelContextExtension().setRegistry(registry);
            // Camel is made meanwhile
            opening = new FutureTask<>(() -> StorePart.open(configuration, host.databases()));
            new Thread(opening, "store").start();
            return routes;
        }

        @Override
        protected void autoconfigure(CamelContext camel) throws Exception {
            assemble(Assembly.of(configuration, camel, host.files(), metrics, host.memory()));
            super.autoconfigure(camel);
        }

        @Override
        protected void configureRoutes(CamelContext camel) {
            routes.load(reload);
        }
    };

    private FutureTask<StorePart> opening;
    private Health health;
    private Sessions sessions;
    private RouteReload reload;

    Controller(Configuration configuration, Host host, Metrics metrics) {
        this.configuration = configuration;
        routes = new RoutesContext(id());
        this.host = host;
        this.metrics = metrics;
        Properties properties = configuration.placeholders();
        properties.setProperty(
                "routes.folder", configuration.routesDir().toAbsolutePath().toString());
        properties.putAll(configuration.camelProperties());
        main.setPropertyPlaceholderLocations("classpath:pysmurf/controller/camel.properties");
        main.setOverrideProperties(properties);
    }

    /** Starts, and returns. */
    void start() throws StartFailure {
        try {
            main.start();
        } catch (Exception e) {
            // what opened before the fault is closed
            routes.stop();
            throw StartFailure.of(e);
        }
    }

    @Override
    public void close() {
        main.stop();
    }

    /** Each part gets those that it needs, and leaves the rest in the assembly. */
    private void assemble(Assembly assembly) throws Exception {
        String machine = InetAddressUtil.getLocalHostNameSafe();
        RouteSwap swap = new RouteSwap();
        health = assembly.health();
        assembly.closing(metrics);
        assembly.closing(this::closeStore);
        new ObservePart(assembly);
        assembly.bind("housekeeping", host.housekeeping());
        host.access().join(assembly);
        // takes requests while the database is still being opened
        HttpPart http = new HttpPart(assembly, host.http(), host.audit(), swap);
        StorePart store = opening.get();
        store.join(assembly);
        SinkPart sinks = new SinkPart(assembly);
        SessionPart session = new SessionPart(assembly, store.sessions(), sinks.events(), machine, url(machine));
        sessions = session.sessions();
        PublisherPart publisher = new PublisherPart(assembly, session, sinks, machine);
        Summary summary = new Summary(session.files(), configuration.dataDir());
        OperationPart operation = new OperationPart(assembly, sessions, summary, swap, host.schemas());
        reload = operation.reload();
        Operations operations = operation.operations();
        Admission admission =
                assembly.bind("admission", new Admission(operations, sessions, assembly.clock(), store::hindrance));
        assembly.health().addHindrance(admission::unavailable);
        PipelinePart pipelines = new PipelinePart(assembly, sessions, operation);
        new FleetPart(assembly, host.directory(), host.routes()::fault, sessions, pipelines.pipelines());
        new ScriptPart(assembly, sessions, publisher, operation, admission, host.launchers());
        MqttPart mqtt = new MqttPart(assembly, sessions, host.broker(), machine, () -> sayReady(operations, publisher));
        http.join(operations, sessions);
        new OcsPart(assembly, host.access().tokens(), host.agents(), operations, sessions, machine);
        new PagePart(assembly, mqtt::brokerUrl, operations, sessions, pipelines);
        assembly.metrics()
                .gauge(
                        "pysmurf.routes.broken",
                        "Files below routes or config that cannot be used.",
                        () -> pipelines.brokenFiles().size()
                                + host.access().faults().count()
                                + publisher.settingFault().stream().count());
    }

    String id() {
        return configuration.get(Settings.CONTROLLER_ID);
    }

    /** What a list of controllers says of this one, when it has started. */
    ObjectNode row() {
        ObjectNode row = Json.object().put("id", id());
        row.setAll(state());
        ArrayNode beside = row.putArray("beside");
        sessions.unfinished().stream().filter(session -> !session.exclusive()).forEach(session -> beside.addObject()
                .put("session_id", session.id())
                .put("op_name", session.opName()));
        return row.put("health", health.report(false).status().name());
    }

    /** What it tells of itself. */
    ObjectNode state() {
        return sessions.statusJson(true);
    }

    /** Where others, too, find its page. */
    private String url(String machine) {
        String own = host.http().url().replaceFirst("//(0\\.0\\.0\\.0|::|\\[::])(?=:\\d+$)", "//" + machine);
        String known = configuration.get(Settings.HTTP_PUBLIC_URL);
        return (known.isEmpty() ? own : known) + "/controllers/" + id() + "/";
    }

    /** @param whole whether it is for an admin */
    Health.Report health(boolean whole) {
        return health.report(whole);
    }

    private void closeStore() throws Exception {
        StorePart store;
        try {
            store = opening.get();
        } catch (ExecutionException e) {
            // it has not opened, which the start has failed by
            return;
        }
        store.close();
    }

    private void sayReady(Operations operations, PublisherPart publisher) {
        LOG.info(
                "Ready: {}, operations {}, scripts' messages at UDP {}:{}",
                configuration.isOfSlot()
                        ? host.http().url() + "/controllers/" + id() + "/"
                        : host.http().url(),
                operations.all().stream().map(Operation::name).toList(),
                publisher.address().getHostString(),
                publisher.address().getPort());
    }
}
