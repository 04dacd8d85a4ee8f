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
     * @param endpoint Camel's; null if there is none to send to
     */
    private record Place(Traffic traffic, InetSocketAddress address, String endpoint) {}

    private final Supplier<List<HostPort>> wanted;
    private final Map<HostPort, Traffic> known = new LinkedHashMap<>();
    private Consumer<Traffic> newcomers = traffic -> {};
    private final InetSocketAddress listener;
    private volatile List<Place> places = List.of();
    private volatile Map<InetSocketAddress, Traffic> byAddress = Map.of();
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
        List<Place> found = new ArrayList<>();
        Map<InetSocketAddress, Traffic> addresses = new HashMap<>();
        List<String> failed = new ArrayList<>();
        for (HostPort destination : wanted.get().stream().distinct().toList()) {
            Traffic traffic = traffic(destination);
            Place place = new Place(traffic, null, null);
            try {
                InetAddress address = InetAddress.getByName(destination.host());
                if (isListener(address, destination.port())) {
                    failed.add(destination + " is where this controller itself receives; nothing is sent there");
                } else {
                    InetSocketAddress socket = new InetSocketAddress(address, destination.port());
                    place = new Place(traffic, socket, endpoint(address, destination.port()));
                    addresses.put(socket, traffic);
                }
            } catch (UnknownHostException e) {
                failed.add(destination + " is not known");
            }
            found.add(place);
        }
        failed.stream()
                .filter(fault -> !faults.contains(fault))
                .forEach(fault -> LOG.warn("UDP destination {}", fault));
        places = List.copyOf(found);
        byAddress = Map.copyOf(addresses);
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

    private static String endpoint(InetAddress address, int port) {
        return "netty:udp://" + new HostPort(address.getHostAddress(), port)
                // without a reply, without a connection that a closed port would break, one socket for all in order,
                // and
                // on the sink's own thread: Netty's refuses to open the next destination's socket
                + "?sync=false&synchronous=true&udpConnectionlessSending=true&udpByteArrayCodec=true&producerPoolEnabled=false"
                + "&workerGroup=#udpSenders&clientInitializerFactory=#boundUdpSocket";
    }

    /**
     * For routes: the Camel endpoints that the next datagram goes to. To a destination without an address it cannot go; that is
     * counted here, since nobody else will see it.
     */
    public List<String> recipients() {
        List<String> endpoints = new ArrayList<>();
        for (Place place : places) {
            if (place.endpoint() == null) {
                place.traffic().count(false);
            } else {
                endpoints.add(place.endpoint());
            }
        }
        return endpoints;
    }

    /** What became of the datagrams, a destination each, in the order of the configuration. */
    public List<Traffic> traffic() {
        return places.stream().map(Place::traffic).toList();
    }

    /** A datagram to that address was taken by the network, or was not. */
    void count(InetSocketAddress address, boolean taken) {
        Traffic traffic = byAddress.get(address);
        // a name that was looked up anew may have another address by now
        if (traffic != null) {
            traffic.count(taken);
        }
    }

    /** Destinations to which nothing is sent, and why. */
    public List<String> faults() {
        return faults;
    }

    /** The local address from which packets to a destination leave. */
    static InetAddress localAddressTowards(InetSocketAddress destination) throws IOException {
        try (DatagramSocket probe = new DatagramSocket()) {
            // connecting a datagram socket sends nothing; the kernel only picks the route and with it the address
            probe.connect(destination);
            return probe.getLocalAddress();
        }
    }
}
