package pysmurf.controller.publisher;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import pysmurf.controller.config.HostPort;

class DestinationsTest {

    private static final int PORT = 8200;

    private static Destinations destinations(String listener, HostPort... wanted) {
        Destinations destinations =
                new Destinations(() -> List.of(wanted), new InetSocketAddress(listener, PORT), newcomer -> {});
        destinations.resolve();
        return destinations;
    }

    /** Each datagram would come back for ever. */
    @Test
    void sendsNothingToItself() {
        HostPort[] all = Stream.of("127.0.0.1", "127.255.255.255", "255.255.255.255", "0.0.0.0")
                .map(host -> new HostPort(host, PORT))
                .toArray(HostPort[]::new);

        assertThat(destinations("0.0.0.0", all).faults())
                .hasSize(4)
                .allMatch(fault -> fault.contains("itself receives"));
        assertThat(destinations("127.0.0.1", all).faults())
                .containsExactly(
                        "127.0.0.1:8200 is where this controller itself receives; nothing is sent there",
                        "0.0.0.0:8200 is where this controller itself receives; nothing is sent there");
        assertThat(destinations("0.0.0.0", new HostPort("127.255.255.255", PORT + 1))
                        .faults())
                .isEmpty();
    }

    private static HostPort of(DatagramSocket ear) {
        return new HostPort("127.0.0.1", ear.getLocalPort());
    }

    private static DatagramSocket ear() throws Exception {
        DatagramSocket ear = new DatagramSocket(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        ear.setSoTimeout(5000);
        return ear;
    }

    private static DatagramPacket hear(DatagramSocket ear) throws Exception {
        DatagramPacket heard = new DatagramPacket(new byte[65_536], 65_536);
        ear.receive(heard);
        return heard;
    }

    @Test
    void namesADestinationAsLongAsTheNetworkTakesNothingForIt() throws Exception {
        try (DatagramSocket ear = ear();
                Destinations destinations =
                        destinations("127.0.0.1", of(ear), new HostPort("no-such-host.invalid", 2))) {
            Destination first = destinations.all().get(0);

            assertThat(destinations.send(List.of(new byte[70_000]))).isEqualTo(1);

            assertThat(destinations.faults())
                    .containsExactly(
                            of(ear) + " does not get what is sent: Message too long",
                            "no-such-host.invalid:2 is not known");
            assertThat(first.failed()).isEqualTo(1);
            destinations.resolve();
            assertThat(first.fault()).isPresent();
            destinations.send(List.of(new byte[1]));
            assertThat(first.fault()).isEmpty();
            assertThat(first.sent()).isEqualTo(1);
            assertThat(destinations.all().get(1).failed()).isEqualTo(2);
        }
    }

    /** The kernel tells by an error that nobody listens at a port, and takes the next datagram for it only then. */
    @Test
    void sendsEachDatagramOnceThoughNobodyListensElsewhere() throws Exception {
        DatagramSocket gone = ear();
        HostPort silent = of(gone);
        gone.close();
        try (DatagramSocket ear = ear();
                Destinations destinations = destinations("127.0.0.1", silent, of(ear))) {
            for (byte i = 0; i < 20; i++) {
                destinations.send(List.of(new byte[] {i}));
            }

            for (byte i = 0; i < 20; i++) {
                assertThat(hear(ear).getData()[0]).isEqualTo(i);
            }
            assertThat(destinations.all()).allSatisfy(destination -> {
                assertThat(destination.sent()).isEqualTo(20);
                assertThat(destination.fault()).isEmpty();
            });
            // somebody listens now
            try (DatagramSocket back = new DatagramSocket(new InetSocketAddress(silent.host(), silent.port()))) {
                back.setSoTimeout(5000);
                destinations.send(List.of(new byte[] {42}));
                assertThat(hear(back).getData()[0]).isEqualTo((byte) 42);
            }
        }
    }

    @Test
    void sendsFromAnAddressAndNotFromAll() throws Exception {
        try (DatagramSocket ear = ear();
                Destinations destinations = destinations("127.0.0.1", of(ear))) {
            destinations.send(List.of(new byte[1]));

            int port = hear(ear).getPort();
            String bound = String.format("0100007F:%04X", port);
            assertThat(Files.readAllLines(Path.of("/proc/net/udp"))).anyMatch(line -> line.contains(" " + bound + " "));
        }
    }
}
