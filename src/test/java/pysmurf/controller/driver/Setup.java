package pysmurf.controller.driver;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.UUID;
import java.util.stream.Stream;

/** What a controller is started with: folders, free ports and short waits of its own, so that any number can run at a time. */
public final class Setup {

    /** The project, where routes, stage scripts and the built jar are. */
    public static final Path PROJECT =
            Path.of(System.getProperty("project.root", ".")).toAbsolutePath().normalize();
    /** The small scripts that the tests run. */
    public static final Path SCRIPTS = PROJECT.resolve("src/test/scripts");

    static final String MARK = "TEST_MARK";

    private static final List<String> INHERITED = List.of("PATH", "HOME", "LANG", "JAVA_HOME");

    private final Path folder;
    private final String id = "c" + UUID.randomUUID().toString().substring(0, 8);
    private final String mark = UUID.randomUUID().toString();
    private final Map<String, String> environment = new HashMap<>();
    private final Properties properties = new Properties();
    private List<String> prefix = List.of();
    private boolean brokerExpected = true;
    private TestCertificate certificate;

    private Setup(Path folder) {
        this.folder = folder;
        INHERITED.stream().filter(System.getenv()::containsKey).forEach(name -> environment.put(name, env(name)));
        environment.put("CONTROLLER_CONFIG_DIR", folder.resolve("config").toString());
        environment.put("CONTROLLER_ROUTES_DIR", routes().toString());
        environment.put(MARK, mark);
        with("controller.id", id);
        with("http.port", FreePort.tcp());
        with("mqtt.embedded.port", FreePort.tcp());
        with("mqtt.reconnect-interval", "200ms");
        with("publisher.listen-port", FreePort.udp());
        with("data.dir", folder.resolve("data"));
        with("scripts.python", Python.interpreter());
        with("scripts.roots", SCRIPTS + "," + PROJECT.resolve("config/scripts"));
        with("abort.interrupt-grace", "1s");
        with("abort.terminate-grace", "500ms");
    }

    /** Everything the controller reads and writes is below this folder. */
    public static Setup in(Path folder) {
        Setup setup = new Setup(folder);
        try {
            Files.createDirectories(folder.resolve("config"));
            copy(PROJECT.resolve("routes"), setup.routes());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return setup;
    }

    /** Adds an operation of kind process, called stream, whose script is until_stopped.py. */
    public static void addStream(Path routes) throws IOException {
        Path operations = routes.resolve("operations");
        Files.writeString(operations.resolve("stream.schema.json"), "{\"type\": \"object\", \"x-kind\": \"process\"}");
        Files.writeString(operations.resolve("stream.camel.yaml"), """
                - route:
                    id: stream
                    description: Runs until it is stopped.
                    from:
                      uri: direct:operation-stream
                      steps:
                        - to: kamelet:script?script=until_stopped.py
                """);
    }

    private static String env(String name) {
        return System.getenv(name);
    }

    private static void copy(Path from, Path to) throws IOException {
        List<Path> paths = new ArrayList<>();
        try (Stream<Path> walk = Files.walk(from)) {
            walk.forEach(paths::add);
        }
        for (Path path : paths) {
            Path target = to.resolve(from.relativize(path));
            if (Files.isDirectory(path)) {
                Files.createDirectories(target);
            } else {
                Files.copy(path, target);
            }
        }
    }

    /** A line of the configuration file. */
    public Setup with(String key, Object value) {
        properties.setProperty(key, value.toString());
        return this;
    }

    /** A variable of the controller's environment. */
    public Setup withEnvironment(String name, String value) {
        environment.put(name, value);
        return this;
    }

    /** A variable that the controller's environment does not have. */
    public Setup withoutEnvironment(String name) {
        environment.remove(name);
        return this;
    }

    /** A command that becomes the controller's process, given before its own command line. */
    public Setup within(String... command) {
        prefix = List.of(command);
        return this;
    }

    List<String> prefix() {
        return prefix;
    }

    /** HTTPS in place of HTTP. */
    public Setup withHttps(TestCertificate own) {
        certificate = own;
        return with("http.tls.keystore", own.keyStore()).with("http.tls.keystore-password", TestCertificate.PASSWORD);
    }

    HttpClientOfController http() {
        int port = Integer.parseInt(get("http.port"));
        return certificate == null
                ? new HttpClientOfController(port)
                : new HttpClientOfController("https://localhost:" + port, certificate.trusting());
    }

    /** The broker to use in place of the embedded one. */
    public Setup withBroker(String url) {
        return with("mqtt.broker-url", url);
    }

    /** The start does not wait until the broker is reached. */
    public Setup withBrokerToCome() {
        brokerExpected = false;
        return this;
    }

    void write() {
        try (Writer writer = Files.newBufferedWriter(folder.resolve("config/application.properties"))) {
            properties.store(writer, null);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean brokerExpected() {
        return brokerExpected;
    }

    /** All of the environment that the controller gets. */
    public Map<String, String> environment() {
        return Map.copyOf(environment);
    }

    /** The controller's id, unlike that of any other. */
    public String id() {
        return id;
    }

    /** The configured value. */
    public String get(String key) {
        return properties.getProperty(key);
    }

    /** The folder that everything is below. */
    public Path folder() {
        return folder;
    }

    /** The controller's own copy of the routes, which a test may change. */
    public Path routes() {
        return folder.resolve("routes");
    }

    /** Where the controller keeps its data. */
    public Path data() {
        return folder.resolve("data");
    }

    /** A topic below the controller's own. */
    public String topic(String level) {
        return "pysmurf/" + get("controller.id") + "/" + level;
    }

    /** The scripts of this controller that are alive now. */
    public ScriptProcesses scriptProcesses() {
        return new ScriptProcesses(MARK + "=" + mark);
    }

    String brokerUrl() {
        String url = properties.getProperty("mqtt.broker-url", "");
        return url.isEmpty() ? "tcp://127.0.0.1:" + properties.getProperty("mqtt.embedded.port") : url;
    }
}
