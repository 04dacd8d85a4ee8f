package pysmurf.controller.mqtt;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import javax.net.SocketFactory;
import javax.net.ssl.SSLSocketFactory;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import pysmurf.controller.access.KeyStoreFile;

/**
 * This controller's one connection to its broker: every MQTT endpoint in the routes shares it, so there is one client id, one
 * last will, and one order of messages. It is also the Paho client that Camel is given ({@code client=#mqttClient}); Paho's own
 * reconnecting is not used, because a subscription that fails on the way back would leave a connection that is deaf. Instead a
 * route calls {@link #ensureConnected} again and again. A broker may also fall silent, or lose a subscription, without the
 * connection being lost; so another route sends {@linkplain #heartbeat messages to this controller itself}, and a connection on
 * which they do not come back is made anew. Thread-safe.
 */
public interface MqttConnection {

    /**
     * What the connection needs to know.
     *
     * @param clientId    unique at the broker
     * @param life        unique to this life of the controller, and says where it is to people
     * @param username    empty for none
     * @param password    empty for none
     * @param trust       whom to trust where the broker's address begins with ssl; null for whom Java trusts
     * @param willTopic   where this controller says that it is online, and the broker that it is gone
     * @param willPayload what it tells, retained
     * @param heartbeatTopic where this controller sends messages to itself
     */
    record Identity(
            String clientId,
            String life,
            String username,
            String password,
            KeyStoreFile trust,
            String willTopic,
            String willPayload,
            String heartbeatTopic) {

        /** The identity of the controller at its own embedded broker, where nobody else can take its client id. */
        public Identity at(BrokerUsers own) {
            return new Identity(
                    clientId + "-" + own.ownName(),
                    life,
                    own.ownName(),
                    own.ownPassword(),
                    null,
                    willTopic,
                    willPayload,
                    heartbeatTopic);
        }

        /**
         * What makes the connection.
         *
         * @throws IOException if those to be trusted cannot be read
         */
        SocketFactory sockets(String url) throws IOException {
            if (!url.startsWith("ssl:")) {
                return PromptSockets.plain();
            }
            return PromptSockets.of(
                    trust == null
                            ? (SSLSocketFactory) SSLSocketFactory.getDefault()
                            : trust.trusting().getSocketFactory());
        }

        @Override
        public String toString() {
            return clientId;
        }
    }

    /** Seconds after which a silent connection is looked at by either side. */
    int KEEP_ALIVE_S = 10;
    /** How long one step (connect, subscribe, publish) may take before it counts as failed. */
    int STEP_TIMEOUT_S = 5;

    /** How old the last heartbeat that came back may be before the connection counts as deaf. */
    Duration DEAF_AFTER = Duration.ofSeconds(6);

    /** Connects and subscribes if that is not so now. Never throws: the next call tries again. */
    void ensureConnected();

    /** Whether messages can be sent and received now. */
    boolean isConnected();

    /** Why there is no connection, or what is wrong with it; empty if all is well. */
    Optional<String> fault();

    /** How large a packet the broker takes, and what became of larger ones, by name. */
    Map<String, Object> figures();

    /**
     * What to send on the heartbeat topic now, by which this connection finds out whether anything arrives on it; null while there
     * is nobody to send it to.
     */
    String heartbeat();

    /** What to do after each (re)connection. */
    void onConnected(Runnable action);

    /** The message that Camel's consumer put on an exchange. */
    IncomingMessage incoming(Exchange exchange);

    /**
     * Says where a message goes that is about to be sent, in the headers Camel's producer looks at.
     *
     * @param correlation correlation data of the request, or null
     */
    void address(Message message, String topic, byte[] correlation);

    /** Says how a message is sent, in the same way. */
    void deliver(Message message, int qos, boolean retained);

    /**
     * Says goodbye: publishes a last retained message in place of the will, then disconnects.
     */
    void close(String topic, String payload);
}
