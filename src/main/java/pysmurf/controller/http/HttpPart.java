package pysmurf.controller.http;

import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.KeyStoreOptions;
import java.io.IOException;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.component.platform.http.PlatformHttpConstants;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpServerConfiguration;
import org.apache.camel.spi.Registry;
import org.apache.camel.support.service.ServiceHelper;
import org.apache.camel.util.ObjectHelper;
import pysmurf.controller.access.KeyStoreFile;
import pysmurf.controller.access.Tokens;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.audit.Audit;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.Settings;
import pysmurf.controller.config.StartFailure;
import pysmurf.controller.observe.Health.Check;
import pysmurf.controller.operation.Operations;
import pysmurf.controller.operation.RouteSwap;
import pysmurf.controller.session.Sessions;

/** The controller's side towards HTTP: the server, and who may ask it for what. */
public final class HttpPart {

    public static final int MAX_BODY_BYTES = 1024 * 1024;

    private final Configuration configuration;
    private final HttpServer server;
    private final Audit audit;

    /** Listens; until all routes are there it answers only that. */
    public HttpPart(Assembly assembly, Tokens tokens, RouteSwap swap) throws Exception {
        configuration = assembly.configuration();
        CamelContext context = assembly.camel();
        Path auditFile = configuration.get(Settings.AUDIT_FILE).toAbsolutePath().normalize();
        assembly.placeholder("audit.folder", auditFile.getParent());
        assembly.placeholder("audit.name", auditFile.getFileName());
        audit = assembly.bind("audit", new Audit(auditFile, assembly.clock()));
        assembly.health()
                .add(
                        "audit",
                        whole -> Check.degradedBy(
                                audit.fault()
                                        .map(fault ->
                                                whole ? fault : "the audit log cannot be written; an admin sees why"),
                                Map.of("lost", audit.lost())));
        String host = configuration.get(Settings.HTTP_HOST);
        int port = configuration.get(Settings.HTTP_PORT);
        VertxPlatformHttpServerConfiguration http = new VertxPlatformHttpServerConfiguration();
        http.setBindHost(host);
        http.setBindPort(port);
        http.setMaxBodySize((long) MAX_BODY_BYTES);
        FrontDoor door = new FrontDoor(
                tokens,
                new AllowedHosts(configuration.get(Settings.HTTP_ALLOWED_HOSTS), host),
                configuration.get(Settings.HTTP_TRUSTED_PROXIES),
                context.createProducerTemplate());
        server = new HttpServer(http, tls(), door, swap);
        context.addService(server, true, false);
        // before the routes are: their consumers look for its router
        StartFailure.named("http.host, http.port: " + host + ":" + port, this::listen);
        assembly.health()
                .addHindrance(() -> server.isReady() ? Optional.empty() : Optional.of("the controller is starting"));
        Registry registry = context.getRegistry();
        registry.bind(PlatformHttpConstants.PLATFORM_HTTP_ENGINE_NAME, new HttpEngine());
    }

    private HttpServer listen() throws IOException {
        try {
            ServiceHelper.startService(server);
            return server;
        } catch (RuntimeException e) {
            // Camel and the server's future each have it wrapped
            IOException fault = ObjectHelper.getException(IOException.class, e);
            if (fault == null) {
                throw e;
            }
            throw fault;
        }
    }

    /** Null without a key store: then HTTP is not encrypted. */
    private KeyCertOptions tls() throws StartFailure {
        String file = configuration.get(Settings.HTTP_TLS_KEYSTORE);
        if (file.isEmpty()) {
            return null;
        }
        String password = configuration.get(Settings.HTTP_TLS_KEYSTORE_PASSWORD);
        KeyStoreFile keys = new KeyStoreFile(Path.of(file), password);
        KeyStore store = StartFailure.named(Settings.HTTP_TLS_KEYSTORE, keys::withKey);
        return new KeyStoreOptions().setType(store.getType()).setPath(file).setPassword(password);
    }

    /**
     * Makes it a part of the controller.
     *
     * @param sessions those that can be read
     */
    public void join(Assembly assembly, Operations operations, Sessions sessions) throws IOException {
        assembly.bind("httpCommands", new Commands());
        assembly.bind("sessionViews", new SessionViews(operations, sessions, audit, secretFiles()));
        assembly.bind("interfaceDocuments", new InterfaceDocuments(Assembly.version()));
        assembly.bind("eventStream", new EventStream(assembly.clock()));
        assembly.bind("observeViews", new ObserveViews(assembly.health(), assembly.metrics()));
    }

    /** The port it is served on. */
    public int port() {
        return server.getPort();
    }

    /** Where it is to be found. */
    public String url() {
        String scheme = configuration.get(Settings.HTTP_TLS_KEYSTORE).isEmpty() ? "http" : "https";
        return scheme + "://" + server.getHost() + ":" + server.getPort();
    }

    /** Files that no client gets, whatever a script registers. */
    private List<Path> secretFiles() {
        return Stream.concat(
                        Stream.of(configuration.configDir().resolve("application.properties")),
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
