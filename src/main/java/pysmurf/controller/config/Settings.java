package pysmurf.controller.config;

import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.NetUtil;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Every configuration key the controller knows; whatever is not here (or Camel's own) is a mistake. */
public final class Settings {

    private static final Pattern DURATION = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*(ms|s|m|h|d)");
    private static final Pattern SIZE = Pattern.compile("(\\d+)\\s*(B|KiB|MiB|GiB|TiB)?");
    /** One level of an MQTT topic and one part of an OCS address: no wildcard, no separator, no blank. */
    private static final Pattern IDENTIFIER = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_-]*");

    private static final Pattern ADDRESS_ROOT = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]*");
    private static final Pattern HOST_PORT = Pattern.compile("\\s*(?:\\[([0-9A-Fa-f:.]+)]|([^:\\s]+)):(\\d{1,5})\\s*");

    public static final Setting<String> CONTROLLER_ID = pattern(
            "controller.id",
            "pysmurf-controller",
            IDENTIFIER,
            "letters, digits, '-' and '_'",
            "Instance id of this controller; part of topics and addresses.");
    public static final Setting<String> ADDRESS_ROOT_KEY = pattern(
            "controller.address-root",
            "observatory",
            ADDRESS_ROOT,
            "letters, digits, '-', '_' and '.'",
            "OCS address root.");
    public static final Setting<String> SLOT =
            text("controller.slot", "${env:SLOT}", "Crate slot that this controller drives; given to scripts as SLOT.");

    public static final Setting<String> HTTP_HOST = text(
            "http.host",
            "127.0.0.1",
            "Address the HTTP server listens on; beyond loopback only with tokens (auth.tokens-file).");
    public static final Setting<Integer> HTTP_PORT =
            port("http.port", "8080", "Port of API, page, health; 0 picks one.");

    public static final Setting<Set<String>> HTTP_ALLOWED_HOSTS = new Setting<>(
            "http.allowed-hosts",
            "",
            "a comma-separated list of host names or addresses, without ports",
            Settings::hosts,
            "Names that a request may give in its Host where there are no tokens, beside those and the addresses of this machine.");
    public static final Setting<List<IpSubnetFilterRule>> HTTP_TRUSTED_PROXIES = new Setting<>(
            "http.trusted-proxies",
            "",
            "a comma-separated list of addresses, or networks such as 10.0.0.0/8",
            text -> parts(text).map(Settings::network).toList(),
            "Proxies whose X-Forwarded-For, -Host, -Proto and -Prefix are believed.");

    public static final Setting<String> HTTP_TLS_KEYSTORE = text(
            "http.tls.keystore",
            "",
            "Key store (PKCS12 or JKS) with the server's key and certificate; with it HTTP is HTTPS.");
    public static final Setting<String> HTTP_TLS_KEYSTORE_PASSWORD =
            text("http.tls.keystore-password", "", "Password of the key store and of the key in it.");

    public static final Setting<String> MQTT_BROKER_URL = new Setting<>(
            "mqtt.broker-url",
            "",
            "empty, or tcp://host:port or ssl://host:port, without user and password",
            Settings::brokerUrl,
            "The MQTT broker; empty starts the embedded one.");
    public static final Setting<String> MQTT_USERNAME = text("mqtt.username", "", "User at the broker.");
    public static final Setting<String> MQTT_PASSWORD = text("mqtt.password", "", "Password at the broker.");
    public static final Setting<String> MQTT_TLS_TRUSTSTORE = text(
            "mqtt.tls.truststore",
            "",
            "Whom to trust at ssl:// in place of the Java runtime's list: a key store (PKCS12 or JKS) or certificates (PEM).");
    public static final Setting<String> MQTT_TLS_TRUSTSTORE_PASSWORD =
            text("mqtt.tls.truststore-password", "", "Password of that key store.");
    public static final Setting<MqttVersion> MQTT_VERSION = new Setting<>(
            "mqtt.version",
            "5",
            "5 or 3.1.1",
            MqttVersion::of,
            "MQTT version spoken to the broker; 3.1.1 has no expiry and no response topic.");
    public static final Setting<String> MQTT_EMBEDDED_HOST =
            text("mqtt.embedded.host", "127.0.0.1", "Address the embedded broker listens on.");
    public static final Setting<Integer> MQTT_EMBEDDED_PORT =
            port("mqtt.embedded.port", "1883", "Port of the embedded broker; 0 picks one.");
    public static final Setting<String> MQTT_EMBEDDED_USERS_FILE = text(
            "mqtt.embedded.users-file",
            "",
            "File of 'role name password' lines: who may use the embedded broker; without it everybody.");
    public static final Setting<Duration> MQTT_RECONNECT_INTERVAL = duration(
            "mqtt.reconnect-interval",
            "1s",
            Duration.ofMillis(100),
            Duration.ofMinutes(5),
            "How often a lost broker is tried again.");

    public static final Setting<Long> MQTT_MAX_PACKET_SIZE = size(
            "mqtt.max-packet-size",
            "256MiB",
            "The largest packet the broker takes, if it does not say so itself: a larger session is trimmed, anything else left out.");

    public static final Setting<String> PUBLISHER_LISTEN_HOST =
            text("publisher.listen-host", "127.0.0.1", "Address on which scripts' Publisher messages are received.");
    public static final Setting<Integer> PUBLISHER_LISTEN_PORT = port(
            "publisher.listen-port",
            "8200",
            "UDP port on which scripts' Publisher messages are received; 0 picks one.");
    public static final Setting<List<HostPort>> PUBLISHER_DESTINATIONS = new Setting<>(
            "publisher.destinations",
            "",
            "host:port,host:port",
            Settings::hostPorts,
            "Where datagrams go; without it SMURFPUB_BACKEND, SMURFPUB_UDP_HOST and SMURFPUB_UDP_PORT decide.");

    public static final Setting<String> SCRIPTS_PYTHON =
            text("scripts.python", "python3", "The Python that runs the scripts.");
    public static final Setting<Leftovers> SCRIPTS_LEFTOVERS = new Setting<>(
            "scripts.leftovers",
            "end",
            "end or keep",
            text -> choice(Leftovers.class, text),
            "What happens to children that outlive a script's normal exit.");
    public static final Setting<Long> SCRIPTS_MAX_OUTPUT =
            size("scripts.max-output", "10GiB", "A script that writes more is ended as failed.");
    public static final Setting<List<Path>> SCRIPTS_ROOTS = paths(
            "scripts.roots",
            "",
            "Folders a script must lie in; default config/scripts, or $OCS_CONFIG_DIR/scripts where that is set.");

    public static final Setting<Duration> ABORT_INTERRUPT_GRACE = duration(
            "abort.interrupt-grace",
            "5s",
            Duration.ZERO,
            Duration.ofMinutes(10),
            "How long an aborted script has after SIGINT.");
    public static final Setting<Duration> ABORT_TERMINATE_GRACE = duration(
            "abort.terminate-grace",
            "2s",
            Duration.ZERO,
            Duration.ofMinutes(10),
            "How long an aborted script has after SIGTERM, before SIGKILL.");

    public static final Setting<Path> DATA_DIR =
            new Setting<>("data.dir", "data", "a path", Settings::path, "Output logs, simulator state and smurf_data.");
    public static final Setting<List<Path>> LOGS_ROOTS = paths(
            "logs.roots",
            "${data.dir}/logs",
            "Folders that a command's log=PATH may point into; a relative path is below the first.");

    public static final Setting<Long> FILES_DIGEST_UP_TO =
            size("files.digest-up-to", "1GiB", "Registered files that are larger get no SHA-256.");

    public static final Setting<RecoveryPolicy> RECOVERY_POLICY = new Setting<>(
            "recovery.policy",
            "adopt",
            "adopt or abort",
            text -> choice(RecoveryPolicy.class, text),
            "What happens to a script found alive after a crash of the controller.");

    public static final Setting<Long> SESSIONS_MAX_DATA = new Setting<>(
            "sessions.max-data",
            "1MiB",
            "a size from 1KiB to 4MiB",
            text -> {
                long bytes = size(text);
                require(bytes >= 1024 && bytes <= 4 * 1024 * 1024);
                return bytes;
            },
            "What the data of a session may take as JSON; what does not fit is counted in the session as not kept.");

    public static final Setting<String> STORE_URL = new Setting<>(
            "store.url",
            "jdbc:sqlite:${data.dir}/sessions.db",
            "jdbc:sqlite:FILE or jdbc:postgresql://HOST/DATABASE, without a password in it",
            Settings::storeUrl,
            "Where sessions are kept; a PostgreSQL database may be shared by controllers of different controller.id.");
    public static final Setting<String> STORE_USERNAME = text("store.username", "", "User at PostgreSQL.");
    public static final Setting<String> STORE_PASSWORD = text("store.password", "", "Password at PostgreSQL.");
    public static final Setting<Long> STORE_MIN_FREE = size(
            "store.min-free",
            "200MiB",
            "With less free space than this below data.dir new commands are refused; what runs goes on.");
    public static final Setting<Duration> RETENTION_AGE = duration(
            "retention.age",
            "365d",
            Duration.ofMinutes(1),
            Duration.ofDays(36500),
            "Sessions that ended longer ago are forgotten, with their output logs; registered files stay.");
    public static final Setting<Long> RETENTION_LOGS_SIZE = size(
            "retention.logs-size",
            "20GiB",
            "Of the output logs below data.dir the oldest are deleted until they take no more than this.");

    public static final Setting<String> AUTH_TOKENS_FILE =
            text("auth.tokens-file", "", "File of 'role name token' lines; without it everybody on loopback is admin.");
    public static final Setting<Boolean> AUTH_ALLOW_ANONYMOUS = new Setting<>(
            "auth.allow-anonymous",
            "false",
            "true or false",
            Settings::bool,
            "Serve a non-loopback address without tokens.");

    public static final Setting<Path> AUDIT_FILE = new Setting<>(
            "audit.file",
            "${data.dir}/audit.log",
            "a path",
            Settings::path,
            "Where each command is noted: in a file a day, whose name is this and the day, as in audit.log.2026-11-30.");
    public static final Setting<Integer> AUDIT_KEEP_DAYS = new Setting<>(
            "audit.keep-days",
            "365",
            "a whole number from 1 to 36500",
            text -> {
                int days = Integer.parseInt(text.strip());
                require(days >= 1 && days <= 36500);
                return days;
            },
            "How long the files of the audit log are kept.");

    public static final Setting<LogFormat> LOGGING_FORMAT = new Setting<>(
            "logging.format",
            "text",
            "text or json",
            text -> choice(LogFormat.class, text),
            "The controller's own log on standard error: lines for people, or a JSON object each.");

    public static final Setting<String> TRACES_ENDPOINT = new Setting<>(
            "traces.endpoint",
            "",
            "empty, or http://host:port/path or https://host:port/path",
            Settings::httpUrl,
            "Where traces are sent, by OTLP over HTTP; empty for none.");

    /** Every key, in the order of the reference. */
    public static final List<Setting<?>> ALL = List.of(
            CONTROLLER_ID,
            ADDRESS_ROOT_KEY,
            SLOT,
            HTTP_HOST,
            HTTP_PORT,
            HTTP_ALLOWED_HOSTS,
            HTTP_TRUSTED_PROXIES,
            HTTP_TLS_KEYSTORE,
            HTTP_TLS_KEYSTORE_PASSWORD,
            MQTT_BROKER_URL,
            MQTT_USERNAME,
            MQTT_PASSWORD,
            MQTT_TLS_TRUSTSTORE,
            MQTT_TLS_TRUSTSTORE_PASSWORD,
            MQTT_VERSION,
            MQTT_EMBEDDED_HOST,
            MQTT_EMBEDDED_PORT,
            MQTT_EMBEDDED_USERS_FILE,
            MQTT_RECONNECT_INTERVAL,
            MQTT_MAX_PACKET_SIZE,
            PUBLISHER_LISTEN_HOST,
            PUBLISHER_LISTEN_PORT,
            PUBLISHER_DESTINATIONS,
            SCRIPTS_PYTHON,
            SCRIPTS_LEFTOVERS,
            SCRIPTS_MAX_OUTPUT,
            SCRIPTS_ROOTS,
            ABORT_INTERRUPT_GRACE,
            ABORT_TERMINATE_GRACE,
            DATA_DIR,
            LOGS_ROOTS,
            FILES_DIGEST_UP_TO,
            RECOVERY_POLICY,
            SESSIONS_MAX_DATA,
            STORE_URL,
            STORE_USERNAME,
            STORE_PASSWORD,
            STORE_MIN_FREE,
            RETENTION_AGE,
            RETENTION_LOGS_SIZE,
            AUTH_TOKENS_FILE,
            AUTH_ALLOW_ANONYMOUS,
            AUDIT_FILE,
            AUDIT_KEEP_DAYS,
            LOGGING_FORMAT,
            TRACES_ENDPOINT);

    private Settings() {}

    private static Setting<String> text(String key, String defaultValue, String description) {
        return new Setting<>(key, defaultValue, "text", String::strip, description);
    }

    private static Setting<String> pattern(
            String key, String defaultValue, Pattern pattern, String rule, String description) {
        return new Setting<>(
                key,
                defaultValue,
                rule,
                text -> {
                    require(pattern.matcher(text.strip()).matches());
                    return text.strip();
                },
                description);
    }

    private static Setting<Integer> port(String key, String defaultValue, String description) {
        return new Setting<>(
                key,
                defaultValue,
                "a whole number from 0 to 65535",
                text -> {
                    int port = Integer.parseInt(text.strip());
                    require(port >= 0 && port <= 65535);
                    return port;
                },
                description);
    }

    private static Setting<Duration> duration(
            String key, String defaultValue, Duration least, Duration most, String description) {
        String rule = "a time such as 500ms, 5s or 2m, from " + inWords(least) + " to " + inWords(most);
        return new Setting<>(
                key,
                defaultValue,
                rule,
                text -> {
                    Duration value = duration(text);
                    require(value.compareTo(least) >= 0 && value.compareTo(most) <= 0);
                    return value;
                },
                description);
    }

    private static Setting<Long> size(String key, String defaultValue, String description) {
        return new Setting<>(
                key,
                defaultValue,
                "a size such as 500MiB or 10GiB, at least 1KiB",
                text -> {
                    long bytes = size(text);
                    require(bytes >= 1024);
                    return bytes;
                },
                description);
    }

    private static Setting<List<Path>> paths(String key, String defaultValue, String description) {
        Function<String, List<Path>> parser = text -> {
            List<Path> paths = parts(text).map(Path::of).toList();
            require(!paths.isEmpty());
            return paths;
        };
        return new Setting<>(key, defaultValue, "a comma-separated list of paths", parser, description);
    }

    private static Stream<String> parts(String text) {
        return Arrays.stream(text.split(",")).map(String::strip).filter(part -> !part.isEmpty());
    }

    /**
     * Reads a time with its unit.
     *
     * @param  text                     e.g. {@code 500ms}, {@code 2.5s}, {@code 3m}, {@code 1h}, {@code 7d}
     * @throws IllegalArgumentException if it has another form
     */
    static Duration duration(String text) {
        Matcher matcher = DURATION.matcher(text.strip());
        require(matcher.matches());
        double amount = Double.parseDouble(matcher.group(1));
        double millis =
                switch (matcher.group(2)) {
                    case "ms" -> amount;
                    case "s" -> amount * 1e3;
                    case "m" -> amount * 60e3;
                    case "h" -> amount * 3600e3;
                    default -> amount * 86400e3;
                };
        return Duration.ofMillis(Math.round(millis));
    }

    private static long size(String text) {
        Matcher matcher = SIZE.matcher(text.strip());
        require(matcher.matches());
        String unit = matcher.group(2) == null ? "B" : matcher.group(2);
        int power = List.of("B", "KiB", "MiB", "GiB", "TiB").indexOf(unit);
        return Math.multiplyExact(Long.parseLong(matcher.group(1)), 1L << (10 * power));
    }

    private static List<HostPort> hostPorts(String text) {
        if (text.isBlank()) {
            return List.of();
        }
        return Arrays.stream(text.split(",")).map(Settings::hostPort).toList();
    }

    private static HostPort hostPort(String text) {
        Matcher matcher = HOST_PORT.matcher(text);
        require(matcher.matches());
        int port = Integer.parseInt(matcher.group(3));
        require(port >= 1 && port <= 65535);
        return new HostPort(matcher.group(1) == null ? matcher.group(2) : matcher.group(1), port);
    }

    private static Set<String> hosts(String text) {
        Set<String> hosts = parts(text.toLowerCase(Locale.ROOT)).collect(Collectors.toSet());
        require(hosts.stream().allMatch(host -> host.matches("[a-z0-9_.-]+|[0-9a-f:.]+")));
        return hosts;
    }

    private static IpSubnetFilterRule network(String text) {
        String[] parts = text.split("/", 2);
        boolean six = NetUtil.isValidIpV6Address(parts[0]);
        require(six || NetUtil.isValidIpV4Address(parts[0]));
        int bits = parts.length == 2 ? Integer.parseInt(parts[1]) : six ? 128 : 32;
        return new IpSubnetFilterRule(parts[0], bits, IpFilterRuleType.ACCEPT);
    }

    private static String brokerUrl(String text) {
        String url = text.strip();
        require(url.isEmpty() || url.matches("(tcp|ssl)://[^/@\\s]+:\\d{1,5}"));
        return url;
    }

    private static String httpUrl(String text) {
        String url = text.strip();
        require(url.isEmpty() || url.matches("https?://[^/\\s]+(/\\S*)?"));
        return url;
    }

    private static String storeUrl(String text) {
        String url = text.strip();
        require(url.matches("jdbc:(sqlite:(?!:).+|postgresql:.+)") && !url.matches("(?i).*[?&]password=.*"));
        return url;
    }

    private static Path path(String text) {
        return Path.of(text.strip());
    }

    private static boolean bool(String text) {
        require(text.strip().matches("true|false"));
        return Boolean.parseBoolean(text.strip());
    }

    private static <E extends Enum<E>> E choice(Class<E> type, String text) {
        return Enum.valueOf(type, text.strip().toUpperCase(Locale.ROOT));
    }

    private static String inWords(Duration duration) {
        return duration.toMillis() % 1000 == 0 ? duration.toSeconds() + "s" : duration.toMillis() + "ms";
    }

    private static void require(boolean kept) {
        if (!kept) {
            throw new IllegalArgumentException("the rule is not kept");
        }
    }
}
