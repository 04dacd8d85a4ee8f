package pysmurf.controller.mqtt;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.session.Json;

/**
 * What both kinds of connection share: when to connect, what to subscribe to, and what is told of it, in the log once a change and
 * to whoever wants to know. Thread-safe.
 */
final class ConnectionState {

    /** The steps of a connection, in the words of the client library at hand. */
    interface Steps {

        /** Whether the library thinks it is connected. */
        boolean isOpen();

        /** Drops what is left of a connection. */
        void drop() throws Exception;

        void open(String url) throws Exception;

        void listen(String topic, int qos) throws Exception;

        /** The payload of a message that came in. */
        byte[] payload(Object message);
    }

    /** Paho wants an address before one is known; the one that counts is given with each connect. */
    static final String ANY_URL = "tcp://127.0.0.1:1883";

    private static final Logger LOG = LoggerFactory.getLogger(MqttConnection.class);

    private final Broker broker;
    private final Steps steps;
    private final Lock deliveries;
    private final Map<String, Integer> subscriptions = new ConcurrentHashMap<>();
    private final List<Runnable> actions = new CopyOnWriteArrayList<>();
    private volatile boolean complete;
    private volatile boolean closed;
    private volatile String fault = "not connected yet";
    private volatile boolean told;
    private final String heartbeatTopic;
    /** Somebody else may send on the heartbeat topic as well; what we hear of him proves less. */
    private final String life = UUID.randomUUID().toString();

    private final AtomicLong beats = new AtomicLong();
    /** When the connection was known to carry messages, by {@link System#nanoTime}. */
    private volatile long heardAt;

    private volatile boolean everHeard;

    private volatile Object callback;

    /** @param deliveries is held while a message is handed over; whoever else holds it is replacing the route that takes it */
    ConnectionState(Broker broker, String heartbeatTopic, Steps steps, Lock deliveries) {
        this.deliveries = deliveries;
        this.broker = broker;
        this.heartbeatTopic = heartbeatTopic;
        this.steps = steps;
        subscribed(heartbeatTopic, 1);
    }

    void onConnected(Runnable action) {
        actions.add(action);
    }

    /** Connects and subscribes, if that is not so now; a connection without its subscriptions is none. */
    synchronized void ensureConnected() {
        Optional<String> url = broker.url();
        if (isConnected() || url.isEmpty() || closed) {
            return;
        }
        try {
            if (isOpen()) {
                fault = silence();
                LOG.warn("The MQTT connection to {} is made anew: {}", url.get(), fault);
            }
            complete = false;
            steps.drop();
            steps.open(url.get());
            for (Map.Entry<String, Integer> subscription : subscriptions.entrySet()) {
                steps.listen(subscription.getKey(), subscription.getValue());
            }
            heardAt = System.nanoTime();
            complete = true;
            connected(url.get());
        } catch (Exception e) {
            failed(url.get(), e);
        }
    }

    /** Where heartbeats never came back the user may not send them; he is told so by health, and keeps what does work. */
    boolean isConnected() {
        return isOpen() && !(everHeard && isDeaf());
    }

    private boolean isOpen() {
        return complete && steps.isOpen();
    }

    private boolean isDeaf() {
        return System.nanoTime() - heardAt > MqttConnection.DEAF_AFTER.toNanos();
    }

    private String silence() {
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - heardAt);
        return everHeard
                ? "connected, but no heartbeat has come back for " + seconds + " s"
                : "connected, but no heartbeat has ever come back; may this user publish and subscribe "
                        + heartbeatTopic + "?";
    }

    /** See {@link MqttConnection#heartbeat}. */
    String heartbeat() {
        return isOpen() ? Json.text(Json.object().put("life", life).put("beat", beats.getAndIncrement())) : null;
    }

    private void heard(byte[] payload) {
        if (new String(payload, StandardCharsets.UTF_8).contains(life)) {
            heardAt = System.nanoTime();
            everHeard = true;
        }
    }

    /**
     * Notes a subscription, for every connection to come.
     *
     * @return whether it is a new one: a route that is replaced has it already, and what is retained would come again
     */
    boolean subscribed(String topic, int qos) {
        return !Integer.valueOf(qos).equals(subscriptions.put(topic, qos));
    }

    void unsubscribed(String topic) {
        subscriptions.remove(topic);
    }

    /** The connection is not wanted any more; an embedded broker may come only now, where a start is stopped. */
    void closed() {
        closed = true;
        complete = false;
    }

    private void connected(String url) {
        LOG.info("Connected to the MQTT broker {}", url);
        told = false;
        fault = "the connection was lost";
        actions.forEach(Runnable::run);
    }

    void failed(String url, Exception e) {
        Throwable cause = e.getCause() == null ? e : e.getCause();
        fault = url + ": " + cause.getMessage();
        if (!told) {
            told = true;
            LOG.warn("No MQTT at {}: {}; tried again until it is there", url, cause.toString());
        } else {
            LOG.debug("No MQTT at {}: {}", url, cause.toString());
        }
    }

    Optional<String> fault() {
        if (!isOpen()) {
            return Optional.of(broker.fault().orElse(fault));
        }
        return isDeaf() ? Optional.of(silence()) : Optional.empty();
    }

    /**
     * The callback, with a line in the log when the method that tells of a lost connection is called, and without the heartbeats,
     * which are for us. A message that comes while a route is replaced goes to the new one's callback.
     */
    <T> T telling(Class<T> type, Object newCallback, String lost) {
        callback = newCallback;
        Object proxy =
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
                    if (method.getName().equals(lost)) {
                        LOG.warn("The MQTT connection was lost: {}", arguments[0]);
                    }
                    boolean delivery = method.getName().equals("messageArrived");
                    if (delivery && heartbeatTopic.equals(arguments[0])) {
                        heard(steps.payload(arguments[1]));
                        return null;
                    }
                    if (delivery) {
                        deliveries.lock();
                    }
                    try {
                        return method.invoke(callback, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    } finally {
                        if (delivery) {
                            deliveries.unlock();
                        }
                    }
                });
        return type.cast(proxy);
    }
}
