package pysmurf.controller.http;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.ProducerTemplate;
import org.apache.camel.component.platform.http.PlatformHttpConstants;
import pysmurf.controller.access.Requester;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.audit.Audit;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.Settings;
import pysmurf.controller.observe.Health.Check;
import pysmurf.controller.operation.Operations;
import pysmurf.controller.operation.RouteSwap;
import pysmurf.controller.session.Sessions;

/** The controller's side towards HTTP: its router, and what its routes answer with. */
public final class HttpPart {

    private final Assembly assembly;
    private final Configuration configuration;
    private final Audit audit;
    /** There before the first request is let in. */
    private volatile SessionViews views;

    /** Requests come in from now on; until all routes are there they are answered only that. */
    public HttpPart(Assembly assembly, HttpServer server, Audit audit, RouteSwap swap) throws Exception {
        this.assembly = assembly;
        configuration = assembly.configuration();
        CamelContext context = assembly.camel();
        this.audit = assembly.bind("audit", audit);
        assembly.placeholder("audit.folder", audit.path().getParent());
        assembly.placeholder("audit.name", audit.path().getFileName());
        assembly.health()
                .add(
                        "audit",
                        whole -> Check.degradedBy(
                                audit.fault()
                                        .map(fault ->
                                                whole ? fault : "the audit log cannot be written; an admin sees why"),
                                Map.of("lost", audit.lost())));
        ProducerTemplate template = context.createProducerTemplate();
        FrontDoor door = server.door((requester, operation, refusal) -> template.asyncSend("direct:audit", exchange -> {
            exchange.setProperty(Requester.PROPERTY, requester);
            exchange.setProperty("operation", operation);
            exchange.getMessage().setBody(refusal);
        }));
        ControllerRouter router = new ControllerRouter(server, door, context, swap);
        // before the routes are: their consumers look for it
        context.getRegistry().bind(router.getName(), router);
        context.getRegistry()
                .bind(
                        PlatformHttpConstants.PLATFORM_HTTP_ENGINE_NAME,
                        new HttpEngine(request -> views.isAtHand(request)));
        String id = configuration.get(Settings.CONTROLLER_ID);
        server.add(id, router);
        AutoCloseable end = () -> server.remove(id);
        assembly.closing(end);
        assembly.health()
                .addHindrance(() -> router.isReady() ? Optional.empty() : Optional.of("the controller is starting"));
    }

    /**
     * Gives the routes their beans.
     *
     * @param sessions those that can be read
     */
    public void join(Operations operations, Sessions sessions) throws Exception {
        assembly.bind("httpCommands", new Commands());
        views = new SessionViews(configuration.get(Settings.CONTROLLER_ID), operations, sessions, audit, secretFiles());
        assembly.bind("sessionViews", views);
        assembly.bind("interfaceDocuments", new InterfaceDocuments(Assembly.version()));
        assembly.bind("eventStream", assembly.closing(new EventStream(assembly.clock(), assembly.memory())));
        assembly.bind("observeViews", new ObserveViews(assembly.health(), assembly.metrics()));
    }

    /** Files that no client gets, whatever a script registers. */
    private List<Path> secretFiles() {
        return Stream.concat(
                        Stream.of(
                                configuration.configDir().resolve("application.properties"), configuration.slotsDir()),
                        Stream.of(
                                        Settings.AUTH_TOKENS_FILE,
                                        Settings.MQTT_EMBEDDED_USERS_FILE,
                                        Settings.HTTP_TLS_KEYSTORE)
                                .map(configuration::get)
                                .filter(file -> !file.isEmpty())
                                .map(Path::of))
                .toList();
    }
}
