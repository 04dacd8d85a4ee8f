package pysmurf.controller.config;

import static pysmurf.controller.config.Settings.AUTH_ALLOW_ANONYMOUS;
import static pysmurf.controller.config.Settings.AUTH_TOKENS_FILE;
import static pysmurf.controller.config.Settings.CONTROLLER_ID;
import static pysmurf.controller.config.Settings.HTTP_HOST;
import static pysmurf.controller.config.Settings.MQTT_BROKER_URL;
import static pysmurf.controller.config.Settings.MQTT_EMBEDDED_HOST;
import static pysmurf.controller.config.Settings.MQTT_EMBEDDED_USERS_FILE;
import static pysmurf.controller.config.Settings.PUBLISHER_DESTINATIONS;
import static pysmurf.controller.config.Settings.SCRIPTS_ROOTS;

import java.io.IOException;
import java.io.StringReader;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The configuration of one controller, read whole and checked whole at start: environment over {@code -D} over file over
 * default, where a blank value is as none. Immutable.
 */
public final class Configuration {

    private static final Pattern REFERENCE = Pattern.compile("\\$\\{([a-z0-9.-]+|env:[A-Z_]+|file:[^}]+)}");
    /** The seed's documented environment; read by the names it has always had. */
    private static final String OCS_CONFIG_DIR = "OCS_CONFIG_DIR";

    /** A value that was found, and where. */
    private record Given(String origin, String text) {}

    private final Map<String, String> texts = new HashMap<>();
    private final Map<Setting<?>, Object> values = new HashMap<>();
    private final Properties camelProperties = new Properties();
    private final Map<String, String> environment;
    private final Path routesDir;
    private final Path configDir;

    private final Properties system;

    private Configuration(Path configDir, Path routesDir, Map<String, String> environment, Properties system) {
        this.system = system;
        this.configDir = configDir;
        this.routesDir = routesDir;
        this.environment = Map.copyOf(environment);
    }

    /**
     * Reads and checks everything.
     *
     * @param  environment            the process environment; also says where the folders are
     *                                ({@code CONTROLLER_CONFIG_DIR}, {@code CONTROLLER_ROUTES_DIR})
     * @param  system                 the {@code -D} properties
     * @throws ConfigurationException naming every unknown key and every value out of its rule
     */
    public static Configuration load(Map<String, String> environment, Properties system) throws ConfigurationException {
        Path configDir = Path.of(given(environment, "CONTROLLER_CONFIG_DIR", "config"));
        Path routesDir = Path.of(given(environment, "CONTROLLER_ROUTES_DIR", "routes"));
        Configuration configuration = new Configuration(configDir, routesDir, environment, system);
        List<String> faults = new ArrayList<>();
        configuration.read(configuration.file(), system, faults);
        if (!given(environment, "CONTROLLER_CONFIG_DIR", "").isEmpty() && !Files.isDirectory(configDir)) {
            faults.add("CONTROLLER_CONFIG_DIR: " + configDir + " is no directory");
        }
        if (!Files.isDirectory(routesDir)) {
            faults.add("CONTROLLER_ROUTES_DIR: " + routesDir + " is no directory");
        }
        if (faults.isEmpty()) {
            configuration.checkListening(faults);
        }
        if (!faults.isEmpty()) {
            throw new ConfigurationException(faults);
        }
        return configuration;
    }

    /** A variable of the environment; compose files leave blank what they do not set. */
    private static String given(Map<String, String> environment, String name, String otherwise) {
        String text = environment.get(name);
        return text == null || text.isBlank() ? otherwise : text;
    }

    private String given(String name, String otherwise) {
        return given(environment, name, otherwise);
    }

    private void read(Path file, Properties system, List<String> faults) {
        Properties given = readFile(file, faults);
        Set<String> known = new HashSet<>();
        for (Setting<?> setting : Settings.ALL) {
            known.add(setting.key());
            read(setting, file, given, system, faults);
        }
        for (String key : new java.util.TreeSet<>(given.stringPropertyNames())) {
            if (key.startsWith("camel.")) {
                camelProperties.setProperty(key, given.getProperty(key));
            } else if (!known.contains(key)) {
                faults.add(key + ": unknown key in " + file);
            }
        }
    }

    /** Takes the first value that is not blank, the first origin counting most. */
    private void read(Setting<?> setting, Path file, Properties given, Properties system, List<String> faults) {
        List<Given> candidates = List.of(
                new Given("environment " + setting.environmentName(), given(setting.environmentName(), "")),
                new Given("-D" + setting.key(), system.getProperty(setting.key(), "")),
                new Given(file.toString(), given.getProperty(setting.key(), "")),
                new Given("default", defaultOf(setting)));
        String origin = "";
        try {
            String text = "";
            for (Given candidate : candidates) {
                origin = candidate.origin();
                text = resolve(candidate.text());
                if (!text.isBlank()) {
                    break;
                }
            }
            texts.put(setting.key(), text);
            parse(setting, text, origin, faults);
        } catch (IOException e) {
            faults.add(setting.key() + " (" + origin + "): the file " + e.getMessage());
        }
    }

    private static Properties readFile(Path file, List<String> faults) {
        Properties given = new Properties();
        if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
            return given;
        }
        try {
            given.load(new StringReader(TextFile.read(file)));
        } catch (IOException | IllegalArgumentException e) {
            faults.add(file + " cannot be read: " + e.getMessage());
        }
        return given;
    }

    private String defaultOf(Setting<?> setting) {
        if (setting == SCRIPTS_ROOTS) {
            return Path.of(given(OCS_CONFIG_DIR, configDir.toString()))
                    .resolve("scripts")
                    .toString();
        }
        if (setting == PUBLISHER_DESTINATIONS && "udp".equals(environment.get("SMURFPUB_BACKEND"))) {
            return given("SMURFPUB_UDP_HOST", "localhost") + ":" + given("SMURFPUB_UDP_PORT", "8200");
        }
        return setting.defaultValue();
    }

    private void parse(Setting<?> setting, String text, String origin, List<String> faults) {
        try {
            values.put(setting, setting.parser().apply(text));
        } catch (IllegalArgumentException | ArithmeticException e) {
            // the value itself may be a secret that landed in the wrong key: only short, plain ones are repeated
            boolean plain = text.length() <= 60
                    && !(setting.key() + text).toLowerCase(Locale.ROOT).contains("password");
            String shown = plain ? "'" + text.replaceAll("\\p{Cntrl}", "?") + "'" : "the value";
            faults.add(setting.key() + ": " + shown + " (" + origin + ") is not " + setting.rule());
        }
    }

    private String resolve(String text) throws IOException {
        Matcher matcher = REFERENCE.matcher(text);
        StringBuilder resolved = new StringBuilder();
        while (matcher.find()) {
            matcher.appendReplacement(resolved, Matcher.quoteReplacement(value(matcher.group(1), matcher.group())));
        }
        return matcher.appendTail(resolved).toString();
    }

    private String value(String name, String reference) throws IOException {
        if (name.startsWith("env:")) {
            return given(name.substring(4), "");
        }
        if (!name.startsWith("file:")) {
            return texts.getOrDefault(name, reference);
        }
        String file = name.substring(5);
        try {
            return TextFile.read(Path.of(file)).stripTrailing();
        } catch (IOException e) {
            throw new IOException(file + " " + e.getMessage(), e);
        }
    }

    private void checkListening(List<String> faults) {
        String host = get(HTTP_HOST);
        boolean guarded = !get(AUTH_TOKENS_FILE).isEmpty() || get(AUTH_ALLOW_ANONYMOUS);
        try {
            if (!InetAddress.getByName(host).isLoopbackAddress() && !guarded) {
                faults.add("http.host: '" + host + "' is not loopback, so auth.tokens-file is needed"
                        + " (or auth.allow-anonymous=true)");
            }
        } catch (UnknownHostException e) {
            faults.add("http.host: '" + host + "' is not an address or a known name");
        }
        String brokerHost = get(MQTT_EMBEDDED_HOST);
        boolean usersKnown = !get(MQTT_EMBEDDED_USERS_FILE).isEmpty() || get(AUTH_ALLOW_ANONYMOUS);
        try {
            if (get(MQTT_BROKER_URL).isEmpty()
                    && !InetAddress.getByName(brokerHost).isLoopbackAddress()
                    && !usersKnown) {
                faults.add("mqtt.embedded.host: '" + brokerHost
                        + "' is not loopback, so mqtt.embedded.users-file is needed (or auth.allow-anonymous=true)");
            }
        } catch (UnknownHostException e) {
            faults.add("mqtt.embedded.host: '" + brokerHost + "' is not an address or a known name");
        }
        String backend = given("SMURFPUB_BACKEND", "null");
        if (!Set.of("udp", "null").contains(backend)) {
            faults.add("SMURFPUB_BACKEND: '" + backend + "' is not udp or null");
        }
    }

    /**
     * What the same environment and properties say together with the file as it is now.
     *
     * @throws ConfigurationException as {@link #load}
     */
    Configuration readAgain() throws ConfigurationException {
        return load(environment, system);
    }

    /** The file of keys; need not exist. */
    Path file() {
        return configDir.resolve("application.properties");
    }

    /** The value of a key. */
    @SuppressWarnings("unchecked")
    public <T> T get(Setting<T> setting) {
        return (T) values.get(setting);
    }

    /** The id that the Publisher's messages of this controller carry: {@code SMURFPUB_ID}, else {@code controller.id}. */
    public String publisherId() {
        return given("SMURFPUB_ID", get(CONTROLLER_ID));
    }

    /** Where the routes are. */
    public Path routesDir() {
        return routesDir;
    }

    /** Where the controller keeps what it has to keep; absolute. */
    public Path dataDir() {
        return get(Settings.DATA_DIR).toAbsolutePath().normalize();
    }

    /** Where the configuration is. */
    public Path configDir() {
        return configDir;
    }

    /** What a script's {@code OCS_CONFIG_DIR} is: the one given, else the configuration folder. */
    public Path ocsConfigDir() {
        return Path.of(given(OCS_CONFIG_DIR, configDir.toString()))
                .toAbsolutePath()
                .normalize();
    }

    /** The environment this process was started with. */
    public Map<String, String> environment() {
        return environment;
    }

    /** The environment variables that carry a secret and so are kept from scripts. */
    public Set<String> secretNames() {
        return Settings.ALL.stream()
                .filter(setting -> setting.key().contains("password"))
                .map(Setting::environmentName)
                .collect(Collectors.toSet());
    }

    /** The {@code camel.*} lines of the file, which Camel itself checks. */
    public Properties camelProperties() {
        return camelProperties;
    }

    /** Every key with the text it has in the end, for the routes' {@code {{placeholders}}}; secrets left out. */
    public Properties placeholders() {
        Properties properties = new Properties();
        texts.forEach((key, text) -> {
            if (!key.contains("password")) {
                properties.setProperty(key, text);
            }
        });
        return properties;
    }
}
