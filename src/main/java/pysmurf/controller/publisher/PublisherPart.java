package pysmurf.controller.publisher;

import io.netty.channel.epoll.Epoll;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.camel.component.netty.NettyWorkerPoolBuilder;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.FollowedFile;
import pysmurf.controller.config.HostPort;
import pysmurf.controller.config.Leftovers;
import pysmurf.controller.config.Settings;
import pysmurf.controller.config.StartFailure;
import pysmurf.controller.observe.Health.Check;
import pysmurf.controller.session.SessionPart;
import pysmurf.controller.sink.BoundedQueue;
import pysmurf.controller.sink.SinkPart;

/** What pysmurf's Publishers send, in and out. */
public final class PublisherPart {

    private final InetSocketAddress address;
    private final PublisherInbox inbox;
    private final FollowedFile<List<HostPort>, String> setting;

    /** @throws StartFailure if the port to listen on is taken */
    public PublisherPart(Assembly assembly, SessionPart sessions, SinkPart sinks, String hostName) throws Exception {
        Configuration configuration = assembly.configuration();
        address = freeAddress(configuration);
        assembly.placeholder("publisher.native-transport", Epoll.isAvailable());
        assembly.placeholder("publisher.port", address.getPort());
        setting = configuration.follow(assembly.files(), Settings.PUBLISHER_DESTINATIONS);
        Destinations destinations =
                assembly.bind("destinations", new Destinations(setting, address, Epoll.isAvailable()));
        destinations.resolve();
        assembly.bind(
                "controllerPublisher",
                new ControllerPublisher(hostName, configuration.publisherId(), assembly.clock()));
        assembly.bind("fanOutInitializer", new FanOutInitializer(destinations));
        assembly.bind(
                "udpSenders",
                new NettyWorkerPoolBuilder()
                        .withName("udp-sender")
                        .withNativeTransport(Epoll.isAvailable())
                        .withWorkerCount(1)
                        .build());
        BoundedQueue messages = assembly.bind(
                "publisherQueue",
                assembly.closing(new BoundedQueue(assembly.memory(), batch -> inbox().dropped(batch))));
        // a burst that is not taken in is lost, while its events can wait
        sinks.giveWayTo(messages);
        OwnPorts ownPorts = new OwnPorts(assembly.camel(), messages, addressForScripts());
        inbox = assembly.closing(new PublisherInbox(
                sessions.sessions(),
                sessions.files(),
                configuration.publisherId(),
                address.getPort(),
                ownPorts,
                configuration.get(Settings.SCRIPTS_LEFTOVERS) == Leftovers.KEEP));
        assembly.bind("publisherInbox", inbox);
        assembly.bind("datagramBatches", new DatagramBatches(ownPorts.arrivals()));
        assembly.health().add("publisher", () -> health(destinations));
        assembly.metrics()
                .counter("pysmurf.publisher.received", "Publisher messages taken in.", Map.of(), inbox::received)
                .counter(
                        "pysmurf.publisher.ignored",
                        "Datagrams that were no message of a running script.",
                        Map.of(),
                        inbox::ignored)
                .counter("pysmurf.publisher.lost", "Publisher messages that are missing.", Map.of(), inbox::lost)
                .counter(
                        "pysmurf.publisher.gaps",
                        "Places in the numbering of Publisher messages where some are missing.",
                        Map.of(),
                        inbox::gaps);
        destinations.whenNew(traffic -> measure(assembly, traffic));
    }

    private static InetSocketAddress freeAddress(Configuration configuration) throws StartFailure {
        String host = configuration.get(Settings.PUBLISHER_LISTEN_HOST);
        int port = configuration.get(Settings.PUBLISHER_LISTEN_PORT);
        return StartFailure.named("publisher.listen-host, publisher.listen-port: " + host + ":" + port, () -> {
            // scripts are told a number, so a free port is picked here; one that is taken is found out now, with its
            // name
            InetAddress wanted = InetAddress.getByName(host);
            try (DatagramSocket probe = new DatagramSocket(new InetSocketAddress(wanted, port))) {
                return new InetSocketAddress(wanted, probe.getLocalPort());
            }
        });
    }

    private static void measure(Assembly assembly, Destinations.Traffic traffic) {
        Map<String, String> label = Map.of("destination", traffic.destination().toString());
        assembly.metrics()
                .counter(
                        "pysmurf.udp.destination.sent",
                        "Datagrams to a destination that the network has taken.",
                        label,
                        traffic::sent)
                .counter(
                        "pysmurf.udp.destination.failed",
                        "Datagrams to a destination that it has not, or for which there was no address.",
                        label,
                        traffic::failed);
    }

    private Check health(Destinations destinations) {
        Map<String, Object> data = Map.of(
                "received",
                inbox.received(),
                "ignored",
                inbox.ignored(),
                "lost",
                inbox.lost(),
                "destinations",
                destinations.traffic().stream().map(PublisherPart::figures).toList());
        String faults = Stream.concat(destinations.faults().stream(), settingFault().stream())
                .collect(Collectors.joining("; "));
        return Check.degradedBy(faults.isEmpty() ? Optional.empty() : Optional.of(faults), data);
    }

    private static Map<String, Object> figures(Destinations.Traffic traffic) {
        Map<String, Object> figures = new LinkedHashMap<>();
        figures.put("host", traffic.destination().host());
        figures.put("port", traffic.destination().port());
        figures.put("sent", traffic.sent());
        figures.put("failed", traffic.failed());
        traffic.fault().ifPresent(fault -> figures.put("fault", fault));
        return figures;
    }

    /** Why the configuration's file is not followed; empty if it is. */
    public Optional<String> settingFault() {
        return setting.fault();
    }

    /** Where Publisher messages are received. */
    public InetSocketAddress address() {
        return address;
    }

    /** {@link #address}, or loopback where that is all addresses: a script has to be given one that it can send to. */
    public InetAddress addressForScripts() {
        return address.getAddress().isAnyLocalAddress() ? InetAddress.getLoopbackAddress() : address.getAddress();
    }

    public PublisherInbox inbox() {
        return inbox;
    }
}
