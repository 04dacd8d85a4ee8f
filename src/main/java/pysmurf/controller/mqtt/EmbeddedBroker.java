package pysmurf.controller.mqtt;

import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
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
 * The MQTT broker inside this process, for a controller that is given no other: MQTT 3.1.1 and 5, in memory. It starts beside
 * everything else, since it takes longer than all of it. Thread-safe.
 */
public final class EmbeddedBroker implements Broker {

    private static final Logger LOG = LoggerFactory.getLogger(EmbeddedBroker.class);
    private static final String ACCEPTOR = "mqtt";

    private static final long MOST_IN_MEMORY = 48L * 1024 * 1024;
    private static final long MOST_IN_MEMORY_PER_TOPIC = 16L * 1024 * 1024;
    private static final int PAGE_BYTES = 1024 * 1024;
    private static final long MOST_ON_DISK_PER_TOPIC = 32L * 1024 * 1024;
    /** Messages that wait for one subscriber. */
    private static final long MOST_WAITING = 10_000;

    private final EmbeddedActiveMQ server = new EmbeddedActiveMQ();
    private final String host;
    private final int port;
    private final Path folder;
    private final BrokerUsers users;
    private volatile String url;
    private volatile String fault;

    /**
     * @param port  0 picks a free one
     * @param folder where it puts what does not fit into memory; of no use to the next life
     * @param users who may do what; null for everybody everything
     */
    public EmbeddedBroker(String host, int port, Path folder, BrokerUsers users) {
        this.host = host;
        this.port = port;
        this.folder = folder;
        this.users = users;
    }

    @Override
    public void start(Runnable ready) {
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
                        url = "tcp://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + actual;
                        LOG.info("Embedded MQTT broker listens on {}", url);
                        ready.run();
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
            // Artemis lets a user of this name do everything, and without these lines name and password are well known
            configuration.setClusterUser(users.ownName()).setClusterPassword(users.ownPassword());
            // it would remember for ten seconds what somebody could do who is no longer in the file
            configuration.setAuthenticationCacheSize(0).setAuthorizationCacheSize(0);
        }
        // nothing is kept on disk, so libaio is not looked for either
        configuration.setJournalType(JournalType.NIO);
        configuration
                .setPagingDirectory(folder.resolve("paging").toString())
                .setLargeMessagesDirectory(folder.resolve("large-messages").toString())
                .setJournalDirectory(folder.resolve("journal").toString())
                .setBindingsDirectory(folder.resolve("bindings").toString());
        // a disk that is full stops no commands
        configuration.setMaxDiskUsage(-1);
        configuration.setGlobalMaxSize(MOST_IN_MEMORY);
        configuration.addAddressSetting(
                "#",
                new AddressSettings()
                        // without these addresses it warns of each queue that it has none
                        .setDeadLetterAddress(SimpleString.of("undelivered"))
                        .setExpiryAddress(SimpleString.of("expired"))
                        // a subscriber that is gone for good, but wants to find everything when it comes back, finds
                        // the newest
                        .setDefaultRingSize(MOST_WAITING)
                        .setMaxSizeBytes(MOST_IN_MEMORY_PER_TOPIC)
                        .setPageSizeBytes(PAGE_BYTES)
                        .setPageLimitBytes(MOST_ON_DISK_PER_TOPIC)
                        .setPageFullMessagePolicy(PageFullMessagePolicy.DROP)
                        .setAddressFullMessagePolicy(AddressFullMessagePolicy.PAGE));
        configuration.setName("embedded-" + host + "-" + port);
        configuration.addAcceptorConfiguration(new TransportConfiguration(
                NettyAcceptorFactory.class.getName(),
                Map.of("host", host, "port", port, "protocols", "MQTT", "tcpNoDelay", true),
                ACCEPTOR));
        return configuration;
    }

    @Override
    public Optional<String> url() {
        return Optional.ofNullable(url);
    }

    @Override
    public Optional<String> fault() {
        return Optional.ofNullable(fault);
    }

    @Override
    public void close() throws Exception {
        url = null;
        server.stop();
    }
}
