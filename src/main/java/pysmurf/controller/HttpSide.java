package pysmurf.controller;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.component.platform.http.PlatformHttpConstants;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpServerConfiguration;
import org.apache.camel.spi.Registry;
import org.apache.camel.support.jsse.KeyManagersParameters;
import org.apache.camel.support.jsse.KeyStoreParameters;
import org.apache.camel.support.jsse.SSLContextParameters;
import org.apache.camel.support.service.ServiceHelper;
import org.apache.camel.util.ObjectHelper;
import pysmurf.controller.access.Tokens;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.FollowedFiles;
import pysmurf.controller.config.Setting;
import pysmurf.controller.config.Settings;
import pysmurf.controller.http.AllowedHosts;
import pysmurf.controller.http.FrontDoor;
import pysmurf.controller.http.HttpEngine;
import pysmurf.controller.http.HttpServer;
import pysmurf.controller.ocs.CallEndpoint;
import pysmurf.controller.routing.Replacement;
import pysmurf.controller.tls.KeyStoreFile;

/** The controller's side towards HTTP: the server, and who may ask it for what. */
final class HttpSide {

    private static final int MAX_BODY_BYTES = 1024 * 1024;

    private final Configuration configuration;
    private final Tokens tokens;
    private final HttpServer server;

    /** Listens; until all routes are there it answers only that. */
    HttpSide(Configuration configuration, FollowedFiles files, CamelContext context, Replacement replacement)
            throws Exception {
        this.configuration = configuration;
        String host = configuration.get(Settings.HTTP_HOST);
        int port = configuration.get(Settings.HTTP_PORT);
        tokens = tokens(configuration, files, Settings.AUTH_TOKENS_FILE);
        VertxPlatformHttpServerConfiguration http = new VertxPlatformHttpServerConfiguration();
        http.setBindHost(host);
        http.setBindPort(port);
        http.setMaxBodySize((long) MAX_BODY_BYTES);
        http.setSslContextParameters(tls());
        FrontDoor door = new FrontDoor(
                tokens,
                new AllowedHosts(configuration.get(Settings.HTTP_ALLOWED_HOSTS), host),
                configuration.get(Settings.HTTP_TRUSTED_PROXIES),
                context.createProducerTemplate());
        server = new HttpServer(http, door, replacement);
        context.addService(server, true, false);
        // before the routes are: their consumers look for its router
        StartFailure.named("http.host, http.port: " + host + ":" + port, this::listen);
        Registry registry = context.getRegistry();
        CallEndpoint.install(registry.findSingleByType(VertxPlatformHttpRouter.class), MAX_BODY_BYTES);
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
    private SSLContextParameters tls() throws StartFailure {
        String file = configuration.get(Settings.HTTP_TLS_KEYSTORE);
        if (file.isEmpty()) {
            return null;
        }
        KeyStoreFile keys = new KeyStoreFile(Path.of(file), configuration.get(Settings.HTTP_TLS_KEYSTORE_PASSWORD));
        KeyStoreParameters store = new KeyStoreParameters();
        store.setKeyStore(StartFailure.named(Settings.HTTP_TLS_KEYSTORE, keys::withKey));
        KeyManagersParameters manager = new KeyManagersParameters();
        manager.setKeyStore(store);
        manager.setKeyPassword(keys.password());
        SSLContextParameters parameters = new SSLContextParameters();
        parameters.setKeyManagers(manager);
        return parameters;
    }

    /** What a file of tokens says that a setting names; {@link Tokens#none} if it names none. */
    static Tokens tokens(Configuration configuration, FollowedFiles files, Setting<String> key) throws StartFailure {
        String file = configuration.get(key);
        return file.isEmpty() ? Tokens.none() : StartFailure.named(key, () -> Tokens.read(files, Path.of(file)));
    }

    HttpServer server() {
        return server;
    }

    Tokens tokens() {
        return tokens;
    }

    String url() {
        String scheme = configuration.get(Settings.HTTP_TLS_KEYSTORE).isEmpty() ? "http" : "https";
        return scheme + "://" + server.getHost() + ":" + server.getPort();
    }

    /** Files that no client gets, whatever a script registers. */
    List<Path> secretFiles() {
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
