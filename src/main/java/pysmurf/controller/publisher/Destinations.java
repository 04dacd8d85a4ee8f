package pysmurf.controller.publisher;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.config.HostPort;

/**
 * Where datagrams go. Names are looked up here and not when something is sent, so that a name that cannot be resolved costs
 * the other destinations nothing. Thread-safe; the table is replaced whole.
 */
public final class Destinations {

    private static final Logger LOG = LoggerFactory.getLogger(Destinations.class);

    private final List<HostPort> wanted;
    private final InetSocketAddress listener;
    private volatile List<String> endpoints = List.of();
    private volatile List<String> faults = List.of();

    /**
     * @param wanted   every destination
     * @param listener where this controller itself receives: sent there, each datagram would come back for ever
     */
    public Destinations(List<HostPort> wanted, InetSocketAddress listener) {
        this.wanted = List.copyOf(wanted);
        this.listener = listener;
    }

    /** Looks the names up. */
    public synchronized void resolve() {
        List<String> found = new ArrayList<>();
        List<String> failed = new ArrayList<>();
        for (HostPort destination : wanted) {
            try {
                InetAddress address = InetAddress.getByName(destination.host());
                if (isListener(address, destination.port())) {
                    failed.add(destination + " is where this controller itself receives; nothing is sent there");
                } else {
                    found.add(endpoint(address, destination.port()));
                }
            } catch (UnknownHostException e) {
                failed.add(destination + " is not known");
            }
        }
        failed.stream()
                .filter(fault -> !faults.contains(fault))
                .forEach(fault -> LOG.warn("UDP destination {}", fault));
        endpoints = List.copyOf(found);
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

    /** The Camel endpoints of every destination whose address is known. */
    public List<String> getEndpoints() {
        return endpoints;
    }

    /** How many destinations are configured. */
    public int configured() {
        return wanted.size();
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
