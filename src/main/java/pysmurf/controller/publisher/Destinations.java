package pysmurf.controller.publisher;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.camel.Body;
import org.apache.camel.spi.NormalizedEndpointUri;
import org.apache.camel.support.NormalizedUri;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.config.HostPort;

/**
 * Where datagrams go. A route looks the names up, not the sender, so a name that does not resolve costs the other destinations
 * nothing.
 */
public final class Destinations {

    private static final Logger LOG = LoggerFactory.getLogger(Destinations.class);

    /** RFC 863. */
    private static final int DISCARD = 9;

    /** Counts the datagrams to one destination. One counts as sent when the network has taken it: UDP does not say more. */
    public static final class Traffic {

        private final HostPort destination;
        private final LongAdder sent = new LongAdder();
        private final LongAdder failed = new LongAdder();
        private volatile String unreachable;
        private volatile String failure;

        private Traffic(HostPort destination) {
            this.destination = destination;
        }

        /** As it was configured. */
        public HostPort destination() {
            return destination;
        }

        public long sent() {
            return sent.sum();
        }

        public long failed() {
            return failed.sum();
        }

        /** Why nothing gets there: it has no address, or the network did not take the last datagram. */
        public Optional<String> fault() {
            String noAddress = unreachable;
            return Optional.ofNullable(noAddress == null ? failure : noAddress);
        }

        void written(Throwable fault) {
            if (fault == null) {
                sent.increment();
                if (failure != null) {
                    failure = null;
                }
            } else {
                failed.increment();
                failure = "does not get what is sent: " + fault.getMessage();
            }
        }
    }

    /** @param address null if it has none to send to */
    record Place(Traffic traffic, InetSocketAddress address) {}

    private final Supplier<List<HostPort>> wanted;
    private final InetSocketAddress listener;
    private final boolean nativeTransport;
    private final Map<HostPort, Traffic> known = new LinkedHashMap<>();
    private Consumer<Traffic> newcomers = traffic -> {};
    private volatile List<Place> all = List.of();
    private volatile Map<InetAddress, List<Place>> byOrigin = Map.of();
    private volatile List<NormalizedEndpointUri> origins = List.of();

    /**
     * @param wanted   every destination, as of now
     * @param listener where this controller itself receives: a datagram sent there would come back for ever
     * @param nativeTransport whether this machine can send many datagrams with one system call
     */
    public Destinations(Supplier<List<HostPort>> wanted, InetSocketAddress listener, boolean nativeTransport) {
        this.wanted = wanted;
        this.listener = listener;
        this.nativeTransport = nativeTransport;
    }

    /** @param listening gets each destination, those that are there and those to come */
    public synchronized void whenNew(Consumer<Traffic> listening) {
        newcomers = listening;
        known.values().forEach(listening);
    }

    private Traffic traffic(HostPort destination) {
        return known.computeIfAbsent(destination, place -> {
            Traffic traffic = new Traffic(place);
            newcomers.accept(traffic);
            return traffic;
        });
    }

    /** Reads the configuration, and looks the names up. */
    public synchronized void resolve() {
        List<Place> places = new ArrayList<>();
        Map<InetAddress, List<Place>> reached = new HashMap<>();
        for (HostPort destination : wanted.get().stream().distinct().toList()) {
            Traffic traffic = traffic(destination);
            Place place = new Place(traffic, null);
            String unreachable = null;
            try {
                InetSocketAddress address =
                        new InetSocketAddress(InetAddress.getByName(destination.host()), destination.port());
                InetAddress origin = localAddressTowards(address);
                if (isListener(address, origin)) {
                    unreachable = "is where this controller itself receives; nothing is sent there";
                } else {
                    place = new Place(traffic, address);
                    reached.computeIfAbsent(origin, from -> new ArrayList<>()).add(place);
                }
            } catch (UnknownHostException e) {
                unreachable = "is not known";
            } catch (IOException e) {
                unreachable = "cannot be reached: " + e.getMessage();
            }
            if (unreachable != null && !unreachable.equals(traffic.unreachable)) {
                LOG.warn("UDP destination {} {}", destination, unreachable);
            }
            traffic.unreachable = unreachable;
            places.add(place);
        }
        all = List.copyOf(places);
        byOrigin = Map.copyOf(reached);
        origins = reached.keySet().stream().map(this::endpoint).toList();
    }

    /** A listener on all addresses receives what goes to any of them, and what goes to the whole network. */
    private boolean isListener(InetSocketAddress destination, InetAddress origin) throws IOException {
        InetAddress address = destination.getAddress();
        InetAddress ours = listener.getAddress();
        return destination.getPort() == listener.getPort()
                && (address.equals(ours)
                        || address.isAnyLocalAddress() && ours.isLoopbackAddress()
                        || ours.isAnyLocalAddress()
                                && (address.isLoopbackAddress()
                                        || address.isAnyLocalAddress()
                                        || address.equals(origin)
                                        || isBroadcast(destination)));
    }

    /** The kernel knows the broadcast addresses of its networks, and refuses them unless a socket asks for them. */
    private static boolean isBroadcast(InetSocketAddress destination) throws IOException {
        try (DatagramSocket probe = new DatagramSocket()) {
            probe.setBroadcast(false);
            probe.connect(destination);
            return false;
        } catch (SocketException e) {
            return true;
        }
    }

    /** The local address that packets to a destination leave from. */
    private static InetAddress localAddressTowards(InetSocketAddress destination) throws IOException {
        try (DatagramSocket probe = new DatagramSocket()) {
            // this sends nothing: the kernel picks the route, and with it the address
            probe.connect(destination);
            return probe.getLocalAddress();
        }
    }

    /**
     * For routes: the endpoints that send these datagrams, one for each local address that destinations are reached from; see
     * {@link FanOutInitializer}. What goes to a destination without an address is counted here, since no endpoint sees it.
     */
    public List<NormalizedEndpointUri> origins(@Body List<byte[]> datagrams) {
        for (Place place : all) {
            if (place.address() == null) {
                place.traffic().failed.add(datagrams.size());
            }
        }
        return origins;
    }

    /** Normalized here: Camel does so with each text it is given, which takes longer than to send a datagram. */
    private NormalizedEndpointUri endpoint(InetAddress origin) {
        // the port does not matter: destinations have theirs
        String uri = "netty:udp://" + new HostPort(origin.getHostAddress(), DISCARD)
                // no reply, no connection that a closed port would break, one socket for all in order; the sink goes on
                // when the datagrams are out; a destination may be a whole network
                + "?broadcast=true&sync=false&synchronous=true&udpConnectionlessSending=true&allowDefaultCodec=false"
                + "&producerPoolEnabled=false&workerGroup=#udpSenders"
                + "&clientInitializerFactory=#fanOutInitializer&nativeTransport="
                + nativeTransport;
        return NormalizedUri.newNormalizedUri(uri, false);
    }

    /** For routes: whether there is any. */
    public boolean isAny() {
        return !all.isEmpty();
    }

    /** Where the next datagram from a local address goes. */
    List<Place> from(InetAddress origin) {
        return byOrigin.getOrDefault(origin, List.of());
    }

    /** In the order of the configuration. */
    public List<Traffic> traffic() {
        return all.stream().map(Place::traffic).toList();
    }

    /** Destinations that nothing gets to, and why. */
    public List<String> faults() {
        return traffic().stream()
                .flatMap(traffic -> traffic.fault().map(fault -> traffic.destination() + " " + fault).stream())
                .toList();
    }
}
