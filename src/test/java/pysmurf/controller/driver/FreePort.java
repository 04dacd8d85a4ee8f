package pysmurf.controller.driver;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Ports that are free on the loopback address, below those that the kernel gives to outgoing connections: nobody takes one by
 * accident before it is listened on.
 */
public final class FreePort {

    private static final int FIRST = 20_000;
    private static final int LAST = 32_000;
    private static final int TRIES = 1_000;

    private FreePort() {}

    private interface Probe {

        AutoCloseable open(InetSocketAddress address) throws IOException;
    }

    /** A free TCP port. */
    public static int tcp() {
        return find(address -> {
            ServerSocket socket = new ServerSocket();
            socket.bind(address);
            return socket;
        });
    }

    /** A free UDP port. */
    public static int udp() {
        return find(DatagramSocket::new);
    }

    private static int find(Probe probe) {
        for (int i = 0; i < TRIES; i++) {
            int port = ThreadLocalRandom.current().nextInt(FIRST, LAST);
            if (isFree(probe, port)) {
                return port;
            }
        }
        throw new IllegalStateException("no free port");
    }

    private static boolean isFree(Probe probe, int port) {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        try (AutoCloseable socket = probe.open(address)) {
            return socket != null;
        } catch (Exception taken) {
            return false;
        }
    }
}
