package pysmurf.controller.publisher;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.config.HostPort;

/**
 * Where datagrams go. Names are looked up here and not when something is sent, so that a name that cannot be resolved costs
 * the other destinations nothing. Thread-safe; the table is replaced whole.
 */
public final class Destinations {

    private static final Logger LOG = LoggerFactory.getLogger(Destinations.class);

    /** RFC 863. */
    private static final int DISCARD = 9;

    /**
     * What became of the datagrams to one destination, since the start. A datagram counts as sent when the network has taken it:
     * UDP does not tell whether anybody received it.
     */
    public static final class Traffic {

        private final HostPort destination;
        private final LongAdder sent = new LongAdder();
        private final LongAdder failed = new LongAdder();

        private Traffic(HostPort destination) {
            this.destination = destination;
        }

        /** The destination as it was configured. */
        public HostPort destination() {
            return destination;
        }

        /** Datagrams that the network has taken. */
        public long sent() {
            return sent.sum();
        }

        /** Datagrams that it has not, or for which there was no address. */
        public long failed() {
            return failed.sum();
        }

        void count(boolean taken) {
            (taken ? sent : failed).increment();
        }
    }

    /**
     * Where a destination is.
     *
     * @param address null if it has none to send to
     */
    record Place(Traffic traffic, InetSocketAddress address) {

        void count(boolean taken) {
            traffic.count(taken);
        }
    }

    private final Supplier<List<HostPort>> wanted;
    private final Map<HostPort, Traffic> known = new LinkedHashMap<>();
    private Consumer<Traffic> newcomers = traffic -> {};
    private final InetSocketAddress listener;
    private volatile List<Place> all = List.of();
    private volatile Map<InetAddress, List<Place>> byOrigin = Map.of();
    private volatile List<String> faults = List.of();

    /**
     * @param wanted   every destination, as of now
     * @param listener where this controller itself receives: sent there, each datagram would come back for ever
     */
    public Destinations(Supplier<List<HostPort>> wanted, InetSocketAddress listener) {
        this.wanted = wanted;
        this.listener = listener;
    }

    /** Somebody wants to know of each destination, those that are there and those to come. */
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

    /** Looks at which there are to be, and their names up. */
    public synchronized void resolve() {
        List<Place> places = new ArrayList<>();
        Map<InetAddress, List<Place>> origins = new HashMap<>();
        List<String> failed = new ArrayList<>();
        for (HostPort destination : wanted.get().stream().distinct().toList()) {
            Place place = new Place(traffic(destination), null);
            try {
                InetSocketAddress address =
                        new InetSocketAddress(InetAddress.getByName(destination.host()), destination.port());
                if (isListener(address.getAddress(), destination.port())) {
                    failed.add(destination + " is where this controller itself receives; nothing is sent there");
                } else {
                    InetAddress origin = localAddressTowards(address);
                    place = new Place(place.traffic(), address);
                    origins.computeIfAbsent(origin, from -> new ArrayList<>()).add(place);
                }
            } catch (UnknownHostException e) {
                failed.add(destination + " is not known");
            } catch (IOException e) {
                failed.add(destination + " cannot be reached: " + e.getMessage());
            }
            places.add(place);
        }
        failed.stream()
                .filter(fault -> !faults.contains(fault))
                .forEach(fault -> LOG.warn("UDP destination {}", fault));
        all = List.copyOf(places);
        byOrigin = Map.copyOf(origins);
        faults = List.copyOf(failed);
    }

    private boolean isListener(InetAddress address, int port) {
        boolean local = address.isLoopbackAddress() || address.isAnyLocalAddress();
        return port == listener.getPort()
                && (address.equals(listener.getAddress())
                        || local
                                && (listener.getAddress().isLoopbackAddress()
                                        || listener.getAddress().isAnyLocalAddress()));
    }

    /**
     * For routes: the Camel endpoints for the next datagram, one for each address of ours that destinations are reached from; see
     * {@link FanOutSocket}. To a destination without an address it cannot go; that is counted here, since nobody else will see it.
     */
    public List<String> origins() {
        all.stream().filter(place -> place.address() == null).forEach(place -> place.count(false));
        return byOrigin.keySet().stream().map(Destinations::endpoint).toList();
    }

    private static String endpoint(InetAddress origin) {
        // the port is nobody's: where a datagram goes is in the table
        return "netty:udp://" + new HostPort(origin.getHostAddress(), DISCARD)
                // without a reply, without a connection that a closed port would break, one socket for all in order,
                // and
                // the sink goes on when a datagram is out
                + "?sync=false&synchronous=true&udpConnectionlessSending=true&udpByteArrayCodec=true&producerPoolEnabled=false"
                + "&workerGroup=#udpSenders&clientInitializerFactory=#fanOutSocket";
    }

    /** Where the next datagram goes from an address of ours. */
    List<Place> from(InetAddress origin) {
        return byOrigin.getOrDefault(origin, List.of());
    }

    /** What became of the datagrams, a destination each, in the order of the configuration. */
    public List<Traffic> traffic() {
        return all.stream().map(Place::traffic).toList();
    }

    /** Destinations to which nothing is sent, and why. */
    public List<String> faults() {
        return faults;
    }

    /** The local address from which packets to a destination leave. */
    private static InetAddress localAddressTowards(InetSocketAddress destination) throws IOException {
        try (DatagramSocket probe = new DatagramSocket()) {
            // connecting a datagram socket sends nothing; the kernel only picks the route and with it the address
            probe.connect(destination);
            return probe.getLocalAddress();
        }
    }
}
