package pysmurf.controller.config;

import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.NetUtil;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Every configuration key. {@code config/application.properties} and {@code docs/configuration.md} are written from here. A key may
 * refer to those above it.
 */
public final class Settings {

    private static final Pattern DURATION = Pattern.compile("(\\d+(?:\\.\\d+)?)\\s*(ms|s|m|h|d)");
    private static final Pattern SIZE = Pattern.compile("(\\d+)\\s*(B|KiB|MiB|GiB|TiB)?");
    private static final Pattern HOST_PORT = Pattern.compile("\\s*(?:\\[([0-9A-Fa-f:.]+)]|([^:\\s]+)):(\\d{1,5})\\s*");

    private static final List<Setting<?>> DEFINED = new ArrayList<>();

    // one level of an MQTT topic and one part of an OCS address: no wildcard, no separator, no blank
    public static final Setting<String> CONTROLLER_ID = pattern(
            "controller.id",
            "pysmurf-controller",
            "[A-Za-z0-9_][A-Za-z0-9_-]*",
            "letters, digits, '-' and '_'",
            "Instance id of this controller. Topics are below pysmurf/ID. Scripts get it as SMURFPUB_ID, unless the controller's"
                    + " environment has another. Without it INSTANCE_ID.");
    public static final Setting<String> ADDRESS_ROOT_KEY = pattern(
            "controller.address-root",
            "observatory",
            "[A-Za-z0-9_][A-Za-z0-9_.-]*",
            "letters, digits, '-', '_' and '.'",
            "OCS address root. Without it address_root in the site file.");
    public static final Setting<String> SLOT =
            text("controller.slot", "${env:SLOT}", "Crate slot that this controller drives. Scripts get it as SLOT.");

    public static final Setting<String> HTTP_HOST = text(
            "http.host",
            "127.0.0.1",
            "Address of the HTTP server. One that is not loopback needs auth.tokens-file (or auth.allow-anonymous=true).");
    public static final Setting<Integer> HTTP_PORT =
            number("http.port", "8080", 0, 65535, "Port of the API, the page and health. 0 picks a free one.");
    public static final Setting<String> HTTP_PUBLIC_URL = define(
            "http.public-url",
            "",
            "none, or http://host:port/path or https://host:port/path",
            text -> matching(text, "|https?://[^/?#@\\s]+(/[^?#\\s]*)?").replaceFirst("/+$", ""),
            "Where browsers find the process, as behind a proxy or a port of a container: links from the pages of other hosts lead there."
                    + " By default the address that it listens on.");
    public static final Setting<Set<String>> HTTP_ALLOWED_HOSTS = define(
            "http.allowed-hosts",
            "",
            "a comma-separated list of host names or addresses, without ports",
            Settings::hosts,
            "More names of this machine. Where there are no tokens, a request whose Host is no name or address of this machine is"
                    + " answered 421: otherwise a web page from elsewhere could send a browser here under a name of its own.");
    public static final Setting<List<IpSubnetFilterRule>> HTTP_TRUSTED_PROXIES = define(
            "http.trusted-proxies",
            "",
            "a comma-separated list of addresses, or networks such as 10.0.0.0/8",
            text -> parts(text).map(Settings::network).toList(),
            "Proxies whose X-Forwarded-For, -Host, -Proto and -Prefix are believed; docs/security.md has the lines for nginx.");
    public static final Setting<String> HTTP_TLS_KEYSTORE = text(
            "http.tls.keystore",
            "",
            "Key store (PKCS12 or JKS) with the server's key and certificate, read at the start. With it the port speaks HTTPS and"
                    + " nothing else.");
    public static final Setting<String> HTTP_TLS_KEYSTORE_PASSWORD =
            text("http.tls.keystore-password", "", "Password of the key store, and of the key in it.");

    public static final Setting<String> MQTT_BROKER_URL = define(
            "mqtt.broker-url",
            "",
            "empty, or tcp://host:port or ssl://host:port, without user and password",
            text -> matching(text, "|(tcp|ssl)://[^/@\\s]+:\\d{1,5}"),
            "The MQTT broker. Empty starts the embedded one.");
    public static final Setting<String> MQTT_USERNAME = text("mqtt.username", "", "User at the broker.");
    public static final Setting<String> MQTT_PASSWORD = text(
            "mqtt.password",
            "",
            "Password at the broker. Better given by the environment, or as ${file:PATH}; scripts do not get it.");
    public static final Setting<String> MQTT_TLS_TRUSTSTORE = text(
            "mqtt.tls.truststore",
            "",
            "What to trust at ssl:// in place of the Java runtime's list: a key store (PKCS12 or JKS) or certificates (PEM). Read at"
                    + " each connection. The host's name is checked in any case.");
    public static final Setting<String> MQTT_TLS_TRUSTSTORE_PASSWORD =
            text("mqtt.tls.truststore-password", "", "Password of that key store.");
    public static final Setting<MqttVersion> MQTT_VERSION = define(
            "mqtt.version",
            "5",
            "5 or 3.1.1",
            MqttVersion::of,
            "MQTT version spoken to the broker. 3.1.1 has no expiry, response topic or correlation data; expires_at and reply_to in"
                    + " the payload do the first two.");
    public static final Setting<String> MQTT_EMBEDDED_HOST = text(
            "mqtt.embedded.host",
            "127.0.0.1",
            "Address of the embedded broker. One that is not loopback needs mqtt.embedded.users-file (or"
                    + " auth.allow-anonymous=true).");
    public static final Setting<Integer> MQTT_EMBEDDED_PORT =
            number("mqtt.embedded.port", "1883", 0, 65535, "Port of the embedded broker. 0 picks a free one.");
    public static final Setting<String> MQTT_EMBEDDED_USERS_FILE = text(
            "mqtt.embedded.users-file",
            "",
            "File of lines 'role name password': the users of the embedded broker, followed and hashed as auth.tokens-file. A"
                    + " viewer may subscribe, an operator also publish commands, an admin publish anything. Without it everyone may"
                    + " do everything.");
    public static final Setting<Duration> MQTT_RECONNECT_INTERVAL = duration(
            "mqtt.reconnect-interval",
            "1s",
            Duration.ofMillis(100),
            Duration.ofMinutes(5),
            "How often the controller tries to connect to a lost broker.");
    public static final Setting<Long> MQTT_MAX_PACKET_SIZE = size(
            "mqtt.max-packet-size",
            "256MiB",
            Long.MAX_VALUE,
            "The largest packet that the broker takes. An MQTT 5 broker says it itself, and the smaller one applies. A larger session"
                    + " is trimmed, any other message left out; health counts both.");

    public static final Setting<String> OCS_ROUTER_URL = define(
            "ocs.router-url",
            "",
            "none, or ws://host:port/path or wss://host:port/path",
            text -> matching(text, "|none|wss?://[^/@\\s]+(/\\S*)?").replaceFirst("^none$", ""),
            "The site's WAMP router (crossbar), where the controller is an OCS agent. Without it SITE_HUB, or else wamp_server in the"
                    + " site file, $OCS_CONFIG_DIR/default.yaml. The controller works without it, and tries again for ever.");
    public static final Setting<String> OCS_ROUTER_REALM = text(
            "ocs.router-realm",
            "test_realm",
            "The router's realm. Without it SITE_REALM, or else wamp_realm in the site file.");

    public static final Setting<String> PUBLISHER_LISTEN_HOST = text(
            "publisher.listen-host",
            "127.0.0.1",
            "Address that receives the scripts' Publisher messages. Scripts get it as SMURFPUB_UDP_HOST.");
    public static final Setting<Integer> PUBLISHER_LISTEN_PORT = number(
            "publisher.listen-port",
            "8200",
            0,
            65535,
            "UDP port of that address. Scripts get it as SMURFPUB_UDP_PORT. 0 picks a free one. A session without the lock has a port"
                    + " of its own.");
    public static final Setting<List<HostPort>> PUBLISHER_DESTINATIONS = define(
            "publisher.destinations",
            "",
            "host:port,host:port",
            text -> text.isBlank()
                    ? List.of()
                    : Arrays.stream(text.split(",")).map(Settings::hostPort).toList(),
            "Where datagrams go: those of scripts, and the controller's own. Without it to SMURFPUB_UDP_HOST:SMURFPUB_UDP_PORT"
                    + " (localhost:8200) if SMURFPUB_BACKEND is udp. A change in this file applies within 1 s.");

    public static final Setting<String> SCRIPTS_PYTHON =
            text("scripts.python", "python3", "The Python that runs scripts: a command, or a path.");
    public static final Setting<List<String>> SCRIPTS_PRELOAD = define(
            "scripts.preload",
            "",
            "a comma-separated list of Python modules",
            text -> {
                List<String> modules = parts(text).toList();
                modules.forEach(module -> matching(module, "[A-Za-z_]\\w*(\\.[A-Za-z_]\\w*)*"));
                return modules;
            },
            "Modules that scripts find imported, such as numpy,scipy.signal,matplotlib.pyplot,pysmurf.client,sodetlib: scripts are"
                    + " forked from a process that has imported them. docs/integrator.md says what that changes for a script. Empty:"
                    + " each script is a fresh Python.");
    public static final Setting<Leftovers> SCRIPTS_LEFTOVERS = choice(
            "scripts.leftovers",
            "end",
            Leftovers.class,
            "What happens to processes that outlive the normal end of their script.");
    public static final Setting<Long> SCRIPTS_MAX_OUTPUT =
            size("scripts.max-output", "10GiB", Long.MAX_VALUE, "A script that writes more fails, and is ended.");
    public static final Setting<List<Path>> SCRIPTS_ROOTS = paths(
            "scripts.roots",
            "",
            "Folders that scripts must lie in, symbolic links resolved. Default: $OCS_CONFIG_DIR/scripts where that is set, and"
                    + " config/scripts.");

    public static final Setting<Duration> ABORT_INTERRUPT_GRACE = duration(
            "abort.interrupt-grace",
            "5s",
            Duration.ZERO,
            Duration.ofMinutes(10),
            "An abort sends SIGINT, waits this long, then sends SIGTERM.");
    public static final Setting<Duration> ABORT_TERMINATE_GRACE = duration(
            "abort.terminate-grace",
            "2s",
            Duration.ZERO,
            Duration.ofMinutes(10),
            "After SIGTERM it waits this long, then sends SIGKILL.");

    public static final Setting<Path> DATA_DIR = define(
            "data.dir",
            "data",
            "a path",
            Settings::path,
            "Folder of what the controller and its scripts write: database, output logs, simulator state, smurf_data.");
    public static final Setting<List<Path>> LOGS_ROOTS = paths(
            "logs.roots",
            "${data.dir}/logs",
            "Folders that a command's log=PATH may point into; a relative PATH is below the first.");
    public static final Setting<Long> FILES_DIGEST_UP_TO = size(
            "files.digest-up-to",
            "1GiB",
            Long.MAX_VALUE,
            "Registered files up to this size get a SHA-256, computed in the background.");

    public static final Setting<RecoveryPolicy> RECOVERY_POLICY = choice(
            "recovery.policy",
            "adopt",
            RecoveryPolicy.class,
            "What happens to a script found alive after a crash of the controller: its session continues (adopt), or it is aborted,"
                    + " its session is interrupted and safe_state runs (abort).");
    public static final Setting<Long> SESSIONS_MAX_DATA = size(
            "sessions.max-data",
            "1MiB",
            4 * 1024 * 1024,
            "How large a session's data may be as JSON. A value that does not fit is passed on but not kept; the session counts it in"
                    + " publisher.not_kept.");
    public static final Setting<String> STORE_URL = define(
            "store.url",
            "jdbc:sqlite:${data.dir}/sessions.db",
            "jdbc:sqlite:FILE or jdbc:postgresql://HOST/DATABASE, without a password in it",
            Settings::storeUrl,
            "The database of the sessions. Controllers of different controller.id may share one in PostgreSQL.");
    public static final Setting<String> STORE_USERNAME = text("store.username", "", "User at PostgreSQL.");
    public static final Setting<String> STORE_PASSWORD = text("store.password", "", "Password at PostgreSQL.");
    public static final Setting<Long> STORE_MIN_FREE = size(
            "store.min-free",
            "200MiB",
            Long.MAX_VALUE,
            "With less free space below data.dir new commands are refused. What runs continues, and aborts are always taken.");
    public static final Setting<Duration> RETENTION_AGE = duration(
            "retention.age",
            "365d",
            Duration.ofMinutes(1),
            Duration.ofDays(36500),
            "Once an hour, sessions that ended longer ago are deleted with their output logs. Files that scripts wrote stay.");
    public static final Setting<Long> RETENTION_LOGS_SIZE = size(
            "retention.logs-size",
            "20GiB",
            Long.MAX_VALUE,
            "Once an hour, the oldest output logs below data.dir/output are deleted until the rest take no more than this.");

    public static final Setting<String> AUTH_TOKENS_FILE = text(
            "auth.tokens-file",
            "",
            "File of lines 'role name token': the role viewer, operator or admin; the token plain, or hashed as docs/security.md"
                    + " shows. A change applies within 2 s. A broken file changes nothing, and health reports it. Without a file"
                    + " everyone is admin.");
    public static final Setting<Boolean> AUTH_ALLOW_ANONYMOUS = define(
            "auth.allow-anonymous",
            "false",
            "true or false",
            text -> Boolean.valueOf(matching(text, "true|false")),
            "Allows an address that is not loopback without tokens, or without users of the embedded broker.");
    public static final Setting<Path> AUDIT_FILE = define(
            "audit.file",
            "${data.dir}/audit.log",
            "a path",
            Settings::path,
            "Where each command is noted: in a file a day, whose name is this and the day, as in audit.log.2026-11-30.");
    public static final Setting<Integer> AUDIT_KEEP_DAYS =
            number("audit.keep-days", "365", 1, 36500, "How long the files of the audit log are kept.");

    public static final Setting<LogFormat> LOGGING_FORMAT = choice(
            "logging.format",
            "text",
            LogFormat.class,
            "The controller's own log on standard error: lines for people, or JSON objects, with session_id and op_name below \"mdc\""
                    + " where they apply.");
    public static final Setting<String> TRACES_ENDPOINT = define(
            "traces.endpoint",
            "",
            "empty, or http://host:port/path or https://host:port/path",
            text -> matching(text, "|https?://[^/\\s]+(/\\S*)?"),
            "Where traces of commands go, by OTLP over HTTP, e.g. http://127.0.0.1:4318/v1/traces. Empty: there are none.");

    private static final Pattern OF_PROCESS =
            Pattern.compile("(http|auth|audit|logging|ocs)\\..*|mqtt\\.(broker-url|embedded\\..*)");

    /** In the order of the reference. */
    public static final List<Setting<?>> ALL = List.copyOf(DEFINED);

    private Settings() {}

    /** Whether a process has one value of this key, however many slots it has. */
    static boolean isOfProcess(String key) {
        return OF_PROCESS.matcher(key).matches();
    }

    private static <T> Setting<T> define(
            String key, String defaultValue, String rule, Function<String, T> parser, String description) {
        Setting<T> setting = new Setting<>(key, defaultValue, rule, parser, description);
        DEFINED.add(setting);
        return setting;
    }

    private static Setting<String> text(String key, String defaultValue, String description) {
        return define(key, defaultValue, "text", String::strip, description);
    }

    private static Setting<String> pattern(
            String key, String defaultValue, String pattern, String rule, String description) {
        return define(key, defaultValue, rule, text -> matching(text, pattern), description);
    }

    private static Setting<Integer> number(String key, String defaultValue, int min, int max, String description) {
        String rule = "a whole number from " + min + " to " + max;
        return define(key, defaultValue, rule, text -> within(Integer.valueOf(text.strip()), min, max), description);
    }

    private static Setting<Duration> duration(
            String key, String defaultValue, Duration min, Duration max, String description) {
        String rule = "a time such as 500ms, 5s or 2m, from " + inWords(min) + " to " + inWords(max);
        return define(key, defaultValue, rule, text -> within(duration(text), min, max), description);
    }

    private static Setting<Long> size(String key, String defaultValue, long max, String description) {
        String rule = max == Long.MAX_VALUE
                ? "a size such as 500MiB or 10GiB, at least 1KiB"
                : "a size from 1KiB to " + max / (1024 * 1024) + "MiB";
        return define(key, defaultValue, rule, text -> within(size(text), 1024L, max), description);
    }

    private static Setting<List<Path>> paths(String key, String defaultValue, String description) {
        Function<String, List<Path>> parser = text -> {
            List<Path> paths = parts(text).map(Path::of).toList();
            require(!paths.isEmpty());
            return paths;
        };
        return define(key, defaultValue, "a comma-separated list of paths", parser, description);
    }

    private static <E extends Enum<E>> Setting<E> choice(
            String key, String defaultValue, Class<E> type, String description) {
        String rule = Arrays.stream(type.getEnumConstants())
                .map(word -> word.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(" or "));
        return define(
                key,
                defaultValue,
                rule,
                text -> Enum.valueOf(type, text.strip().toUpperCase(Locale.ROOT)),
                description);
    }

    private static Stream<String> parts(String text) {
        return Arrays.stream(text.split(",")).map(String::strip).filter(part -> !part.isEmpty());
    }

    /**
     * Reads a time with its unit, e.g. {@code 500ms}, {@code 2.5s}, {@code 3m}, {@code 1h}, {@code 7d}.
     *
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

    private static HostPort hostPort(String text) {
        Matcher matcher = HOST_PORT.matcher(text);
        require(matcher.matches());
        int port = within(Integer.valueOf(matcher.group(3)), 1, 65535);
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

    private static String storeUrl(String text) {
        require(!text.matches("(?i).*[?&]password=.*"));
        return matching(text, "jdbc:(sqlite:(?!:).+|postgresql:.+)");
    }

    private static Path path(String text) {
        return Path.of(text.strip());
    }

    private static String inWords(Duration duration) {
        return duration.toMillis() % 1000 == 0 ? duration.toSeconds() + "s" : duration.toMillis() + "ms";
    }

    private static String matching(String text, String pattern) {
        require(text.strip().matches(pattern));
        return text.strip();
    }

    private static <T extends Comparable<T>> T within(T value, T min, T max) {
        require(value.compareTo(min) >= 0 && value.compareTo(max) <= 0);
        return value;
    }

    private static void require(boolean kept) {
        if (!kept) {
            throw new IllegalArgumentException("the value breaks its rule");
        }
    }
}
