package pysmurf.controller.publisher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import pysmurf.controller.config.HostPort;

class DestinationsTest {

    private static final int PORT = 8200;

    private static Destinations destinations(String listener, HostPort... wanted) {
        Destinations destinations =
                new Destinations(() -> List.of(wanted), new InetSocketAddress(listener, PORT), false);
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

    @Test
    void namesADestinationAsLongAsTheNetworkTakesNothingForIt() {
        Destinations destinations =
                destinations("127.0.0.1", new HostPort("127.0.0.1", 1), new HostPort("no-such-host.invalid", 2));
        Destinations.Traffic traffic = destinations.traffic().get(0);

        traffic.written(new IOException("Network is unreachable"));

        assertThat(destinations.faults())
                .containsExactly(
                        "127.0.0.1:1 does not get what is sent: Network is unreachable",
                        "no-such-host.invalid:2 is not known");
        assertThat(traffic.failed()).isEqualTo(1);
        destinations.resolve();
        assertThat(traffic.fault()).isPresent();
        traffic.written(null);
        assertThat(traffic.fault()).isEmpty();
        assertThat(traffic.sent()).isEqualTo(1);
    }
}
