package pysmurf.controller.config;

import static pysmurf.controller.config.Settings.ADDRESS_ROOT_KEY;
import static pysmurf.controller.config.Settings.AUTH_ALLOW_ANONYMOUS;
import static pysmurf.controller.config.Settings.AUTH_TOKENS_FILE;
import static pysmurf.controller.config.Settings.CONTROLLER_ID;
import static pysmurf.controller.config.Settings.DATA_DIR;
import static pysmurf.controller.config.Settings.HTTP_HOST;
import static pysmurf.controller.config.Settings.MQTT_BROKER_URL;
import static pysmurf.controller.config.Settings.MQTT_EMBEDDED_HOST;
import static pysmurf.controller.config.Settings.MQTT_EMBEDDED_USERS_FILE;
import static pysmurf.controller.config.Settings.OCS_ROUTER_REALM;
import static pysmurf.controller.config.Settings.OCS_ROUTER_URL;
import static pysmurf.controller.config.Settings.PUBLISHER_DESTINATIONS;
import static pysmurf.controller.config.Settings.PUBLISHER_LISTEN_PORT;
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
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The configuration of one controller, read and checked as a whole at the start: environment over {@code -D} over file over default;
 * over all of these what the file of its slot says, where it has one. A blank value counts as none.
 */
public final class Configuration {

    private static final Pattern REFERENCE = Pattern.compile("\\$\\{([a-z0-9.-]+|env:[A-Z_]+|file:[^}]+)}");
    private static final String OCS_CONFIG_DIR = "OCS_CONFIG_DIR";
    private static final Map<Setting<?>, String> OCS_VARIABLES =
            Map.of(CONTROLLER_ID, "INSTANCE_ID", OCS_ROUTER_URL, "SITE_HUB", OCS_ROUTER_REALM, "SITE_REALM");
    private static final Map<Setting<?>, String> SITE_KEYS =
            Map.of(ADDRESS_ROOT_KEY, "address_root", OCS_ROUTER_URL, "wamp_server", OCS_ROUTER_REALM, "wamp_realm");

    /**
     * One of several slots.
     *
     * @param defaults what each slot needs for itself, so that its file says it, or else this
     */
    private record Slot(Path file, Map<Setting<?>, String> defaults) {}

    /** A value, and where it stands. */
    private record Given(String origin, String text) {}

    private final Map<String, String> texts = new HashMap<>();
    private final Map<Setting<?>, Object> values = new HashMap<>();
    private final Properties camelProperties = new Properties();
    private final Map<String, String> environment;
    private final Path routesDir;
    private final Path configDir;
    private final Properties system;
    /** Null for a controller that is alone in its process. */
    private final Slot slot;

    private Map<String, String> site = Map.of();

    private Configuration(
            Path configDir, Path routesDir, Map<String, String> environment, Properties system, Slot slot) {
        this.slot = slot;
        this.system = system;
        this.configDir = configDir;
        this.routesDir = routesDir;
        this.environment = Map.copyOf(environment);
    }

    /**
     * Reads and checks everything.
     *
     * @param  system                 the {@code -D} properties
     * @throws ConfigurationException naming every unknown key and every value that breaks its rule
     */
    public static Configuration load(Map<String, String> environment, Properties system) throws ConfigurationException {
        return load(environment, system, null);
    }

    /**
     * Reads and checks the same for one of several slots.
     *
     * @param  file                   {@code NAME.properties}, read over everything else
     * @throws ConfigurationException also for a key that is one for all slots
     */
    public Configuration ofSlot(Path file) throws ConfigurationException {
        String name = file.getFileName().toString().replaceFirst("\\.properties$", "");
        Map<Setting<?>, String> defaults = Map.of(
                CONTROLLER_ID, name, DATA_DIR, get(DATA_DIR).resolve(name).toString(), PUBLISHER_LISTEN_PORT, "0");
        return load(environment, system, new Slot(file, defaults));
    }

    private static Configuration load(Map<String, String> environment, Properties system, Slot slot)
            throws ConfigurationException {
        Path configDir = Path.of(given(environment, "CONTROLLER_CONFIG_DIR", "config"));
        Path routesDir = Path.of(given(environment, "CONTROLLER_ROUTES_DIR", "routes"));
        Configuration configuration = new Configuration(configDir, routesDir, environment, system, slot);
        List<String> faults = new ArrayList<>();
        configuration.readSite(faults);
        configuration.read(faults);
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

    /** Compose files give a blank value for what they do not set. */
    private static String given(Map<String, String> environment, String name, String otherwise) {
        String text = environment.get(name);
        return text == null || text.isBlank() ? otherwise : text;
    }

    private String given(String name, String otherwise) {
        return given(environment, name, otherwise);
    }

    private void readSite(List<String> faults) {
        String folder = given(OCS_CONFIG_DIR, "");
        try {
            if (!folder.isEmpty()) {
                site = SiteFile.hub(Path.of(folder), given("SITE_HOST", ""));
            }
        } catch (IOException e) {
            faults.add(OCS_ROUTER_URL.key() + ": the site file " + e.getMessage());
        }
    }

    private void read(List<String> faults) {
        Properties given = readFile(file(), faults);
        Properties ofSlot = slot == null ? new Properties() : readFile(slot.file(), faults);
        for (Setting<?> setting : Settings.ALL) {
            read(setting, given, ofSlot, faults);
        }
        check(given, file(), faults);
        if (slot != null) {
            check(ofSlot, slot.file(), faults);
            ofSlot.stringPropertyNames().stream()
                    .filter(Settings::isOfProcess)
                    .sorted()
                    .forEach(key -> faults.add(
                            key + ": is one for all slots; it belongs in " + file() + ", not in " + slot.file()));
        }
    }

    private void check(Properties given, Path file, List<String> faults) {
        Set<String> known = Settings.ALL.stream().map(Setting::key).collect(Collectors.toSet());
        for (String key : new TreeSet<>(given.stringPropertyNames())) {
            if (key.startsWith("camel.")) {
                camelProperties.setProperty(key, given.getProperty(key));
            } else if (!known.contains(key)) {
                faults.add(key + ": unknown key in " + file);
            }
        }
    }

    private void read(Setting<?> setting, Properties given, Properties ofSlot, List<String> faults) {
        Given own = new Given(slot == null ? "" : slot.file().toString(), ofSlot.getProperty(setting.key(), ""));
        Given byDefault = new Given("default", defaultOf(setting));
        List<Given> candidates = slot != null && slot.defaults().containsKey(setting)
                ? List.of(own, byDefault)
                : List.of(
                        own,
                        new Given("environment " + setting.environmentName(), given(setting.environmentName(), "")),
                        new Given("-D" + setting.key(), system.getProperty(setting.key(), "")),
                        new Given(file().toString(), given.getProperty(setting.key(), "")),
                        fromOcs(setting),
                        byDefault);
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

    /** What OCS gives an agent, by the environment or by the site file. */
    private Given fromOcs(Setting<?> setting) {
        String variable = OCS_VARIABLES.getOrDefault(setting, "");
        if (!given(variable, "").isEmpty()) {
            return new Given("environment " + variable, given(variable, ""));
        }
        String key = SITE_KEYS.getOrDefault(setting, "");
        return new Given("the site file's " + key, site.getOrDefault(key, ""));
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
        if (slot != null && slot.defaults().containsKey(setting)) {
            return slot.defaults().get(setting);
        }
        if (setting == SCRIPTS_ROOTS) {
            // a site's own scripts, and those that the project's operations run
            return Stream.of(given(OCS_CONFIG_DIR, ""), configDir.toString())
                    .filter(folder -> !folder.isEmpty())
                    .map(folder -> folder + "/scripts")
                    .collect(Collectors.joining(","));
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
            // the value may be a secret under the wrong key, so only short, plain values are shown
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
        boolean anonymous = get(AUTH_ALLOW_ANONYMOUS);
        checkListening(HTTP_HOST, AUTH_TOKENS_FILE, anonymous, faults);
        checkListening(
                MQTT_EMBEDDED_HOST,
                MQTT_EMBEDDED_USERS_FILE,
                anonymous || !get(MQTT_BROKER_URL).isEmpty(),
                faults);
        String backend = given("SMURFPUB_BACKEND", "null");
        if (!Set.of("udp", "null").contains(backend)) {
            faults.add("SMURFPUB_BACKEND: '" + backend + "' is not udp or null");
        }
    }

    private void checkListening(Setting<String> host, Setting<String> guard, boolean open, List<String> faults) {
        String given = host.key() + ": '" + get(host) + "' is not ";
        try {
            if (!InetAddress.getByName(get(host)).isLoopbackAddress()
                    && !open
                    && get(guard).isEmpty()) {
                faults.add(given + "loopback, so " + guard.key() + " is needed (or auth.allow-anonymous=true)");
            }
        } catch (UnknownHostException e) {
            faults.add(given + "an address or a known name");
        }
    }

    /**
     * Follows a key while the controller runs, in the file that holds it. A file with any fault in it leaves the last good value in
     * force.
     */
    public <T> FollowedFile<T, String> follow(FollowedFiles files, Setting<T> setting) {
        Path file = slot != null && readFile(slot.file(), new ArrayList<>()).containsKey(setting.key())
                ? slot.file()
                : file();
        return new FollowedFile<>(
                files,
                file,
                text -> load(environment, system, slot).get(setting),
                (text, fault) -> file + line(text, fault.getMessage()) + ": " + fault.getMessage(),
                get(setting));
    }

    /** The line of the first key that a complaint names; nothing if it is about none of them. */
    private static String line(String text, String complaint) {
        List<String> lines = text.lines().toList();
        for (int i = 0; i < lines.size(); i++) {
            String key = lines.get(i).strip().split("[=:\\s]", 2)[0];
            if (!key.isEmpty() && !key.startsWith("#") && complaint.contains(key)) {
                return " line " + (i + 1);
            }
        }
        return "";
    }

    private Path file() {
        return configDir.resolve("application.properties");
    }

    @SuppressWarnings("unchecked")
    public <T> T get(Setting<T> setting) {
        return (T) values.get(setting);
    }

    /** The id of Publisher messages. */
    public String publisherId() {
        return slot == null ? given("SMURFPUB_ID", get(CONTROLLER_ID)) : get(CONTROLLER_ID);
    }

    /** Where the files of slots are, if there are several. */
    public Path slotsDir() {
        return configDir.resolve("slots");
    }

    /** Whether this is one of several controllers of the process. */
    public boolean isOfSlot() {
        return slot != null;
    }

    public Path routesDir() {
        return routesDir;
    }

    /** Absolute. */
    public Path dataDir() {
        return get(Settings.DATA_DIR).toAbsolutePath().normalize();
    }

    public Path configDir() {
        return configDir;
    }

    /** What scripts get as {@code OCS_CONFIG_DIR}. */
    public Path ocsConfigDir() {
        return Path.of(given(OCS_CONFIG_DIR, configDir.toString()))
                .toAbsolutePath()
                .normalize();
    }

    /** The environment this process was started with. */
    public Map<String, String> environment() {
        return environment;
    }

    /** Environment variables with a secret, which scripts do not get. */
    public Set<String> secretNames() {
        return Settings.ALL.stream()
                .filter(setting -> setting.key().contains("password"))
                .map(Setting::environmentName)
                .collect(Collectors.toSet());
    }

    /** The {@code camel.*} lines of the file. Camel checks them. */
    public Properties camelProperties() {
        return camelProperties;
    }

    /** Every key and its value as text, without secrets, for the routes' {@code {{placeholders}}}. */
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
