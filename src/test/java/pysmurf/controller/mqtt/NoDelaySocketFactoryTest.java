package pysmurf.controller.mqtt;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.Socket;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where Nagle's algorithm is on, a session's end comes up to 40 ms late for each batch of output lines before it. */
class NoDelaySocketFactoryTest {

    @ParameterizedTest
    @ValueSource(strings = {"tcp://localhost:1883", "ssl://localhost:8883"})
    void sendsAtOnce(String url) throws Exception {
        try (Socket socket = new MqttLogin("", "", null).sockets(url).createSocket()) {
            assertThat(socket.getTcpNoDelay()).isTrue();
        }
    }
}
