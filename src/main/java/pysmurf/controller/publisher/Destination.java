package pysmurf.controller.publisher;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.config.HostPort;

/**
 * One place where datagrams go, by a socket of its own. That is connected, so it is bound to the address from which this place is
 * reached, takes nothing from anybody else, and shares no buffer with another destination. A datagram counts as sent when the network has
 * taken it: UDP does not say more.
 */
public final class Destination implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Destination.class);

    /** At 100 Mbit/s the largest datagram takes 5 ms. Nobody waits so long for a network that took nothing before. */
    private static final int MAX_PAUSES = 1000;

    private static final long PAUSE_NANOS = 100_000;
    /** What came back for datagrams before this one. */
    private static final int MAX_ANSWERS = 3;

    private final HostPort name;
    private final LongAdder sent = new LongAdder();
    private final LongAdder failed = new LongAdder();
    /** Guarded by this; only {@link #resolve} and {@link #close} change it. */
    private DatagramChannel socket;

    private InetSocketAddress address;
    private volatile String unreachable;
    private volatile String failure;

    Destination(HostPort name) {
        this.name = name;
    }

    /** As it was configured. */
    public HostPort name() {
        return name;
    }

    public long sent() {
        return sent.sum();
    }

    public long failed() {
        return failed.sum();
    }

    /** Why nothing gets there: it has no address, or the network did not take the last datagram. */
    public Optional<String> fault() {
        return Optional.ofNullable(unreachable == null ? failure : unreachable);
    }

    /**
     * Looks its name up, and opens the socket if that leads elsewhere now.
     *
     * @param listener where this controller itself receives: a datagram sent there would come back for ever
     */
    void resolve(InetSocketAddress listener) {
        String why = null;
        try {
            InetAddress host = InetAddress.getByName(name.host());
            // what the kernel makes of it
            host = host.isAnyLocalAddress() ? InetAddress.getLoopbackAddress() : host;
            InetSocketAddress found = new InetSocketAddress(host, name.port());
            if (socket == null || failure != null || !found.equals(address)) {
                address = found;
                why = open(listener);
            }
        } catch (UnknownHostException e) {
            close();
            why = "is not known";
        } catch (IOException e) {
            close();
            why = "cannot be reached: " + e.getMessage();
        }
        if (why != null && !why.equals(unreachable)) {
            LOG.warn("UDP destination {} {}", name, why);
        }
        unreachable = why;
    }

    /** @return why nothing is sent there; null if it is */
    private String open(InetSocketAddress listener) throws IOException {
        DatagramChannel opened = DatagramChannel.open(
                address.getAddress() instanceof Inet4Address
                        ? StandardProtocolFamily.INET
                        : StandardProtocolFamily.INET6);
        boolean used = false;
        try {
            opened.configureBlocking(false);
            boolean broadcast = false;
            try {
                opened.connect(address);
            } catch (SocketException e) {
                // the kernel knows the broadcast addresses of its networks, and refuses them unless a socket asks for
                // them
                broadcast = true;
                opened.setOption(StandardSocketOptions.SO_BROADCAST, true).connect(address);
            }
            InetAddress origin = ((InetSocketAddress) opened.getLocalAddress()).getAddress();
            if (isListener(listener, origin, broadcast)) {
                close();
                return "is where this controller itself receives; nothing is sent there";
            }
            replaceBy(opened);
            used = true;
            return null;
        } finally {
            if (!used) {
                opened.close();
            }
        }
    }

    /** A listener on all addresses receives what goes to any of them, and what goes to the whole network. */
    private boolean isListener(InetSocketAddress listener, InetAddress origin, boolean broadcast) {
        InetAddress to = address.getAddress();
        return address.getPort() == listener.getPort()
                && (to.equals(listener.getAddress())
                        || listener.getAddress().isAnyLocalAddress()
                                && (to.isLoopbackAddress() || to.equals(origin) || broadcast));
    }

    synchronized void send(byte[] datagram) {
        if (socket == null) {
            failed.increment();
            return;
        }
        try {
            push(ByteBuffer.wrap(datagram));
            sent.increment();
            failure = null;
        } catch (IOException e) {
            failed.increment();
            failure = "does not get what is sent: " + e.getMessage();
        }
    }

    private void push(ByteBuffer datagram) throws IOException {
        for (int pauses = failure == null ? MAX_PAUSES : 1; write(datagram) == 0; pauses--) {
            if (pauses == 0) {
                throw new IOException("the network takes no more");
            }
            LockSupport.parkNanos(PAUSE_NANOS);
        }
    }

    private int write(ByteBuffer datagram) throws IOException {
        for (int answers = MAX_ANSWERS; ; answers--) {
            try {
                return socket.write(datagram);
            } catch (IOException e) {
                // that nobody heard a datagram before, or that a firewall refused it, is told now; this one was not
                // sent yet
                if (answers == 0) {
                    throw e;
                }
            }
        }
    }

    @Override
    public void close() {
        replaceBy(null);
    }

    /** Between two datagrams, so that none meets a closed socket. */
    private synchronized void replaceBy(DatagramChannel next) {
        try {
            if (socket != null) {
                socket.close();
            }
        } catch (IOException e) {
            LOG.warn("The socket towards {} cannot be closed: {}", name, e.toString());
        }
        socket = next;
    }
}
