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
    private volatile List<String> endpoints = List.of();
    private volatile List<HostPort> unresolved = List.of();

    public Destinations(List<HostPort> wanted) {
        this.wanted = List.copyOf(wanted);
    }

    /** Looks the names up. */
    public synchronized void resolve() {
        List<String> found = new ArrayList<>();
        List<HostPort> failed = new ArrayList<>();
        for (HostPort destination : wanted) {
            try {
                found.add(endpoint(destination));
            } catch (IOException e) {
                failed.add(destination);
                if (!unresolved.contains(destination)) {
                    LOG.warn("UDP destination {} cannot be reached: {}", destination, e.toString());
                }
            }
        }
        endpoints = List.copyOf(found);
        unresolved = List.copyOf(failed);
    }

    private static String endpoint(HostPort destination) throws UnknownHostException {
        InetAddress address = InetAddress.getByName(destination.host());
        return "netty:udp://" + new HostPort(address.getHostAddress(), destination.port())
                // without a reply, without a connection that a closed port would break, one socket for all in order
                + "?sync=false&udpConnectionlessSending=true&udpByteArrayCodec=true&producerPoolEnabled=false"
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

    /** Destinations whose name could not be looked up. */
    public List<HostPort> unresolved() {
        return unresolved;
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
