package pysmurf.controller.http;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.impl.HttpServerRequestInternal;
import io.vertx.core.http.impl.HttpServerRequestWrapper;
import io.vertx.core.net.KeyCertOptions;
import io.vertx.core.net.KeyStoreOptions;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.handler.BodyHandler;
import io.vertx.ext.web.handler.StaticHandler;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import pysmurf.controller.access.KeyStoreFile;
import pysmurf.controller.access.Tokens;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.Settings;
import pysmurf.controller.config.StartFailure;
import pysmurf.controller.observe.Health;
import pysmurf.controller.observe.Metrics;

/**
 * The one HTTP server of the process. Each controller is below {@code /controllers/ID}, and also at {@code /} if it is the only one.
 * Its own router, and its own {@link FrontDoor}, see a path without that prefix: there is no second way to write a path past them.
 */
public final class HttpServer implements AutoCloseable {

    public static final int MAX_BODY_BYTES = 1024 * 1024;

    /** A header that this server itself gives to a request. */
    static final String PREFIX = "Controller-Prefix";

    /** What there is once for all controllers. */
    private static final Set<String> OF_PROCESS =
            Set.of("/observe/health", "/observe/health/ready", "/observe/metrics", "/call");

    private static final Pattern BELOW = Pattern.compile("(/controllers/([A-Za-z0-9_-]+))(/.*)");

    private final Configuration configuration;
    private final Tokens tokens;
    private final AllowedHosts hosts;
    private final Vertx vertx = Vertx.vertx();
    private final Map<String, Router> controllers = new ConcurrentSkipListMap<>();
    private final StaticHandler pageFiles = RouterFrame.pageFiles();
    private final BooleanSupplier several;
    private final Router whole;
    private final io.vertx.core.http.HttpServer server;

    /**
     * Listens.
     *
     * @param health  of the process
     * @param started whether its controllers have been started
     * @param several whether controllers are in slots, so that the process has health and metrics beside theirs
     * @param list    what is known of each controller, as JSON
     * @throws StartFailure if it cannot listen
     */
    public HttpServer(
            Configuration configuration,
            Tokens tokens,
            Health health,
            Metrics metrics,
            BooleanSupplier started,
            BooleanSupplier several,
            Supplier<?> list)
            throws StartFailure {
        this.several = several;
        this.configuration = configuration;
        this.tokens = tokens;
        String host = configuration.get(Settings.HTTP_HOST);
        int port = configuration.get(Settings.HTTP_PORT);
        hosts = new AllowedHosts(configuration.get(Settings.HTTP_ALLOWED_HOSTS), host);
        whole = new HostRouter(this, health, metrics, started, list).router();
        // over HTTP/2 Vert.x would send a body for HEAD, too
        HttpServerOptions options = new HttpServerOptions().setHttp2ClearTextEnabled(false);
        KeyCertOptions keys = tls();
        if (keys != null) {
            options.setSsl(true).setKeyCertOptions(keys);
        }
        Future<io.vertx.core.http.HttpServer> listening =
                vertx.createHttpServer(options).requestHandler(this::take).listen(port, host);
        server = StartFailure.named("http.host, http.port: " + host + ":" + port, () -> {
            try {
                return await(listening);
            } catch (CompletionException e) {
                await(vertx.close());
                throw new IOException(e.getCause().getMessage(), e.getCause());
            }
        });
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

    private static <T> T await(Future<T> future) {
        return future.toCompletionStage().toCompletableFuture().join();
    }

    /** What concerns all controllers. */
    public Router whole() {
        return whole;
    }

    /** Reads a body, up to the size that any may have. */
    public static BodyHandler bodyHandler() {
        return BodyHandler.create(false).setBodyLimit(MAX_BODY_BYTES);
    }

    Vertx vertx() {
        return vertx;
    }

    /** Shared, since it keeps them in memory. */
    StaticHandler pageFiles() {
        return pageFiles;
    }

    /** Of the controllers that are here. */
    Set<String> ids() {
        return controllers.keySet();
    }

    /** A door for the router of a controller, or of the whole. */
    FrontDoor door(FrontDoor.Refusals refusals) {
        return new FrontDoor(tokens, hosts, configuration.get(Settings.HTTP_TRUSTED_PROXIES), refusals);
    }

    /** What is below {@code /controllers/ID} goes to this router, which guards itself. */
    void add(String id, Router router) {
        controllers.put(id, router);
    }

    void remove(String id) {
        controllers.remove(id);
    }

    private void take(HttpServerRequest request) {
        if (!isText(request.path())) {
            new HttpProblem(404, "this path is no text").reply().writeTo(request.response());
            return;
        }
        // nobody else says it
        request.headers().remove(PREFIX);
        Matcher below = BELOW.matcher(String.valueOf(request.path()));
        Router named = below.matches() ? controllers.get(below.group(2)) : null;
        if (named != null) {
            request.headers().set(PREFIX, below.group(1));
            named.handle(new Below((HttpServerRequestInternal) request, below.group(1)));
        } else {
            only(request.path()).orElse(whole).handle(request);
        }
    }

    /** The router of the only controller, if there is one that answers for the whole process. */
    private Optional<Router> only(String path) {
        boolean ofProcess =
                (path + "/").startsWith("/controllers/") || several.getAsBoolean() && OF_PROCESS.contains(path);
        List<Router> all = List.copyOf(controllers.values());
        return all.size() == 1 && !ofProcess ? Optional.of(all.get(0)) : Optional.empty();
    }

    /** Whether a path can be decoded, and holds letters only: no zero byte, no other control character. */
    private static boolean isText(String path) {
        try {
            return path == null
                    || URLDecoder.decode(path, StandardCharsets.UTF_8)
                            .chars()
                            .noneMatch(letter -> Character.isISOControl(letter) || letter == '\uFFFD');
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** A request as the controller sees it: without the prefix that leads to it. */
    static final class Below extends HttpServerRequestWrapper {

        private final String prefix;

        Below(HttpServerRequestInternal request, String prefix) {
            super(request);
            this.prefix = prefix;
        }

        @Override
        public String uri() {
            return path() + (query() == null ? "" : "?" + query());
        }

        @Override
        public String path() {
            return delegate.path().substring(prefix.length());
        }
    }

    /** The port it is served on. */
    public int port() {
        return server.actualPort();
    }

    /** Where it is to be found. */
    public String url() {
        String scheme = configuration.get(Settings.HTTP_TLS_KEYSTORE).isEmpty() ? "http" : "https";
        return scheme + "://" + configuration.get(Settings.HTTP_HOST) + ":" + port();
    }

    @Override
    public void close() {
        await(server.close());
        await(vertx.close());
    }
}
