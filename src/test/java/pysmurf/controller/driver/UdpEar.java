package pysmurf.controller.driver;

import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;

/** Hears the datagrams sent to one port. */
public final class UdpEar implements AutoCloseable {

    private static final int BUFFER_BYTES = 4 * 1024 * 1024;

    /** Python writes NaN and Infinity as they are. */
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    private final DatagramSocket socket;
    private final List<byte[]> heard = new ArrayList<>();

    public UdpEar() throws IOException {
        this("127.0.0.1");
    }

    /** @param address one of the loopback network's */
    public UdpEar(String address) throws IOException {
        socket = new DatagramSocket(new InetSocketAddress(InetAddress.getByName(address), 0));
        socket.setReceiveBufferSize(BUFFER_BYTES);
        Thread thread = new Thread(this::listen, "udp-ear");
        thread.setDaemon(true);
        thread.start();
    }

    private void listen() {
        byte[] buffer = new byte[65_536];
        while (!socket.isClosed()) {
            DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
            try {
                socket.receive(packet);
                synchronized (heard) {
                    heard.add(Arrays.copyOf(buffer, packet.getLength()));
                }
            } catch (IOException closed) {
                return;
            }
        }
    }

    /** {@code host:port} for a list of destinations. */
    public String address() {
        return socket.getLocalAddress().getHostAddress() + ":" + socket.getLocalPort();
    }

    /** What was heard so far, in order. */
    public List<byte[]> heard() {
        synchronized (heard) {
            return List.copyOf(heard);
        }
    }

    /** What was heard so far, as JSON. */
    public List<JsonNode> messages() {
        return heard().stream().map(UdpEar::json).toList();
    }

    private static JsonNode json(byte[] datagram) {
        try {
            return JSON.readTree(datagram);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The first message that is as wanted, as soon as it is heard. */
    public JsonNode await(Predicate<JsonNode> wanted) {
        AtomicInteger seen = new AtomicInteger();
        return org.awaitility.Awaitility.await("datagram")
                .atMost(ControllerUnderTest.PATIENCE)
                .pollInterval(Duration.ofMillis(5))
                .until(() -> next(seen, wanted), message -> message != null);
    }

    /** Each datagram is looked at once, since there may be thousands. */
    private JsonNode next(AtomicInteger seen, Predicate<JsonNode> wanted) {
        List<byte[]> all = heard();
        while (seen.get() < all.size()) {
            JsonNode message = json(all.get(seen.getAndIncrement()));
            if (wanted.test(message)) {
                return message;
            }
        }
        return null;
    }

    /** Forgets what was heard. */
    public void clear() {
        synchronized (heard) {
            heard.clear();
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
