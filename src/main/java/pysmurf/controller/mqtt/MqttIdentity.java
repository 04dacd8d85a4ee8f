package pysmurf.controller.mqtt;

import java.io.IOException;
import javax.net.SocketFactory;
import javax.net.ssl.SSLSocketFactory;
import pysmurf.controller.access.KeyStoreFile;

/**
 * As whom a controller connects to its broker.
 *
 * @param clientId       unique at the broker
 * @param life           names this run of the controller, and tells people where it runs
 * @param username       empty for none
 * @param password       empty for none
 * @param trust          the certificates to trust at an ssl address; null for those that Java trusts
 * @param statusTopic    where the controller says that it is online, and the broker's will says that it is gone
 * @param offline        the will, retained
 * @param heartbeatTopic where the controller sends messages to itself
 */
public record MqttIdentity(
        String clientId,
        String life,
        String username,
        String password,
        KeyStoreFile trust,
        String statusTopic,
        String offline,
        String heartbeatTopic) {

    /** @throws IOException if the certificates to trust cannot be read */
    SocketFactory sockets(String url) throws IOException {
        if (!url.startsWith("ssl:")) {
            return NoDelaySocketFactory.plain();
        }
        return NoDelaySocketFactory.of(
                trust == null
                        ? (SSLSocketFactory) SSLSocketFactory.getDefault()
                        : trust.trusting().getSocketFactory());
    }
}
