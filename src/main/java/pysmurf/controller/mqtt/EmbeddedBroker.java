package pysmurf.controller.mqtt;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;
import org.apache.activemq.artemis.api.core.SimpleString;
import org.apache.activemq.artemis.api.core.TransportConfiguration;
import org.apache.activemq.artemis.core.config.impl.ConfigurationImpl;
import org.apache.activemq.artemis.core.remoting.impl.netty.NettyAcceptorFactory;
import org.apache.activemq.artemis.core.server.JournalType;
import org.apache.activemq.artemis.core.server.embedded.EmbeddedActiveMQ;
import org.apache.activemq.artemis.core.settings.impl.AddressFullMessagePolicy;
import org.apache.activemq.artemis.core.settings.impl.AddressSettings;
import org.apache.activemq.artemis.core.settings.impl.PageFullMessagePolicy;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.access.Tokens;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.Settings;
import pysmurf.controller.store.ScratchFolder;

/**
 * The MQTT broker inside this process, for controllers that are given no other: MQTT 3.1.1 and 5, in memory. It starts in parallel,
 * because it takes longer than everything else.
 */
public final class EmbeddedBroker implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedBroker.class);
    private static final String ACCEPTOR = "mqtt";

    private static final long MAX_IN_MEMORY = 48L * 1024 * 1024;
    private static final long MAX_IN_MEMORY_PER_TOPIC = 16L * 1024 * 1024;
    private static final int PAGE_BYTES = 1024 * 1024;
    private static final long MAX_ON_DISK_PER_TOPIC = 32L * 1024 * 1024;
    /** Messages that wait for one subscriber. */
    private static final long MAX_WAITING = 10_000;

    private final EmbeddedActiveMQ server = new EmbeddedActiveMQ();
    private final AwaitedTopics awaited = new AwaitedTopics();
    private final String host;
    private final int port;
    private final Path folder;
    private final BrokerUsers users;
    private final CompletableFuture<String> url = new CompletableFuture<>();
    private volatile String fault;

    /**
     * For the controllers of this process; null where their broker runs elsewhere.
     *
     * @param users who may log in
     */
    public static EmbeddedBroker of(Configuration configuration, Tokens users) {
        return configuration.get(Settings.MQTT_BROKER_URL).isEmpty()
                ? new EmbeddedBroker(
                        configuration.get(Settings.MQTT_EMBEDDED_HOST),
                        configuration.get(Settings.MQTT_EMBEDDED_PORT),
                        ScratchFolder.below(configuration.dataDir()).resolve("broker"),
                        users.open() ? null : new BrokerUsers(users))
                : null;
    }

    /**
     * @param port   0 picks a free one
     * @param folder for what does not fit into memory; the next run does not need it
     * @param users  null if all may do everything
     */
    public EmbeddedBroker(String host, int port, Path folder, BrokerUsers users) {
        this.host = host;
        this.port = port;
        this.folder = folder;
        this.users = users;
    }

    /**
     * Starts it, once the routes are there: an earlier command would find half a controller. Returns at once.
     */
    public void start() {
        Thread thread = new Thread(
                () -> {
                    try {
                        server.setConfiguration(configuration());
                        server.setSecurityManager(users);
                        server.start();
                        int actual = server.getActiveMQServer()
                                .getRemotingService()
                                .getAcceptor(ACCEPTOR)
                                .getActualPort();
                        if (actual <= 0) {
                            throw new IllegalStateException("nothing listens on " + host + ":" + port);
                        }
                        String address = "tcp://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + actual;
                        LOG.info("Embedded MQTT broker listens on {}", address);
                        url.complete(address);
                    } catch (Exception e) {
                        fault = "the embedded broker did not start: " + e.getMessage();
                        LOG.error("The embedded MQTT broker on {}:{} did not start", host, port, e);
                    }
                },
                "embedded-broker");
        thread.setDaemon(true);
        thread.start();
    }

    private ConfigurationImpl configuration() {
        ConfigurationImpl configuration = new ConfigurationImpl();
        configuration
                .setPersistenceEnabled(false)
                .setSecurityEnabled(users != null)
                .setJMXManagementEnabled(false);
        if (users != null) {
            // Artemis lets this user do everything; by default its name and password are well known
            configuration.setClusterUser(users.ownName()).setClusterPassword(users.ownPassword());
            // a user who is taken out of the file loses access at once, not ten seconds later
            configuration.setAuthenticationCacheSize(0).setAuthorizationCacheSize(0);
        }
        // there is no journal on disk, so Artemis need not look for libaio
        configuration.setJournalType(JournalType.NIO);
        configuration
                .setPagingDirectory(folder.resolve("paging").toString())
                .setLargeMessagesDirectory(folder.resolve("large-messages").toString())
                .setJournalDirectory(folder.resolve("journal").toString())
                .setBindingsDirectory(folder.resolve("bindings").toString());
        // a full disk stops no commands
        configuration.setMaxDiskUsage(-1);
        configuration.setGlobalMaxSize(MAX_IN_MEMORY);
        configuration.addAddressSetting(
                "#",
                new AddressSettings()
                        // without these addresses it warns for each queue
                        .setDeadLetterAddress(SimpleString.of("undelivered"))
                        .setExpiryAddress(SimpleString.of("expired"))
                        // a subscriber that kept its session and is away for long finds the newest
                        .setDefaultRingSize(MAX_WAITING)
                        .setMaxSizeBytes(MAX_IN_MEMORY_PER_TOPIC)
                        .setPageSizeBytes(PAGE_BYTES)
                        .setPageLimitBytes(MAX_ON_DISK_PER_TOPIC)
                        .setPageFullMessagePolicy(PageFullMessagePolicy.DROP)
                        .setAddressFullMessagePolicy(AddressFullMessagePolicy.PAGE));
        configuration.registerBrokerPlugin(awaited);
        configuration.setName("embedded-" + host + "-" + port);
        configuration.addAcceptorConfiguration(new TransportConfiguration(
                NettyAcceptorFactory.class.getName(),
                Map.of("host", host, "port", port, "protocols", "MQTT", "tcpNoDelay", true),
                ACCEPTOR));
        return configuration;
    }

    /**
     * Gives its address when it can be connected to, at once if that is so already.
     *
     * @param action may wait
     */
    public void whenReady(Consumer<String> action) {
        whenKnown(url, action);
    }

    /** The same for whichever broker is configured: this process's own, or one elsewhere, which may not be there yet. */
    static void whenReady(EmbeddedBroker own, Configuration configuration, Consumer<String> action) {
        whenKnown(
                own == null ? CompletableFuture.completedFuture(configuration.get(Settings.MQTT_BROKER_URL)) : own.url,
                action);
    }

    private static void whenKnown(CompletableFuture<String> url, Consumer<String> action) {
        url.thenAcceptAsync(action, task -> {
            Thread thread = new Thread(task, "mqtt-first-connection");
            thread.setDaemon(true);
            thread.start();
        });
    }

    /** Whether a message on a topic would get to anybody; true, too, as long as nothing is known. */
    boolean isAwaited(String topic) {
        return !url.isDone() || awaited.contain(topic);
    }

    /** Null if all may do everything. */
    BrokerUsers users() {
        return users;
    }

    /** Why it did not start; empty otherwise. */
    public Optional<String> fault() {
        return Optional.ofNullable(fault);
    }

    @Override
    public void close() {
        try {
            server.stop();
        } catch (Exception e) {
            LOG.warn("The embedded MQTT broker did not stop as it should", e);
        }
    }
}
