package pysmurf.controller.mqtt;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
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

/**
 * The MQTT broker inside this process, for a controller that is given no other: MQTT 3.1.1 and 5, in memory. It starts in parallel,
 * because it takes longer than everything else.
 */
public final class EmbeddedBroker {

    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedBroker.class);
    private static final String ACCEPTOR = "mqtt";

    private static final long MAX_IN_MEMORY = 48L * 1024 * 1024;
    private static final long MAX_IN_MEMORY_PER_TOPIC = 16L * 1024 * 1024;
    private static final int PAGE_BYTES = 1024 * 1024;
    private static final long MAX_ON_DISK_PER_TOPIC = 32L * 1024 * 1024;
    /** Messages that wait for one subscriber. */
    private static final long MAX_WAITING = 10_000;

    private final EmbeddedActiveMQ server = new EmbeddedActiveMQ();
    private final String host;
    private final int port;
    private final Path folder;
    private final BrokerUsers users;
    private volatile String fault;

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
     *
     * @param ready is given its address when it can be connected to, on a thread that may wait
     */
    public void start(Consumer<String> ready) {
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
                        String url = "tcp://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + actual;
                        LOG.info("Embedded MQTT broker listens on {}", url);
                        ready.accept(url);
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
        configuration.setName("embedded-" + host + "-" + port);
        configuration.addAcceptorConfiguration(new TransportConfiguration(
                NettyAcceptorFactory.class.getName(),
                Map.of("host", host, "port", port, "protocols", "MQTT", "tcpNoDelay", true),
                ACCEPTOR));
        return configuration;
    }

    /** Why it did not start; empty otherwise. */
    public Optional<String> fault() {
        return Optional.ofNullable(fault);
    }

    public void close() throws Exception {
        server.stop();
    }
}
