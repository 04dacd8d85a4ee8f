package pysmurf.controller.mqtt;

import java.io.IOException;
import java.nio.file.Path;
import javax.net.SocketFactory;
import javax.net.ssl.SSLSocketFactory;
import pysmurf.controller.access.KeyStoreFile;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.Settings;
import pysmurf.controller.config.StartFailure;

/**
 * How one logs in at the broker.
 *
 * @param username empty for none
 * @param password empty for none
 * @param trust    the certificates to trust at an ssl address; null for those that Java trusts
 */
public record MqttLogin(String username, String password, KeyStoreFile trust) {

    /**
     * @param own          the users of the broker in this process; null where it runs elsewhere, or has none
     * @throws StartFailure if the certificates to trust cannot be read
     */
    static MqttLogin of(Configuration configuration, BrokerUsers own) throws StartFailure {
        return new MqttLogin(
                own == null ? configuration.get(Settings.MQTT_USERNAME) : own.ownName(),
                own == null ? configuration.get(Settings.MQTT_PASSWORD) : own.ownPassword(),
                trust(configuration));
    }

    private static KeyStoreFile trust(Configuration configuration) throws StartFailure {
        String file = configuration.get(Settings.MQTT_TLS_TRUSTSTORE);
        if (file.isEmpty()) {
            return null;
        }
        KeyStoreFile trust = new KeyStoreFile(Path.of(file), configuration.get(Settings.MQTT_TLS_TRUSTSTORE_PASSWORD));
        StartFailure.named(Settings.MQTT_TLS_TRUSTSTORE, trust::trusting);
        return trust;
    }

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
