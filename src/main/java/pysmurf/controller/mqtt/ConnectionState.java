package pysmurf.controller.mqtt;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.session.Json;

/**
 * What both kinds of connection share: when to connect, what to subscribe to, and what is told of it, in the log once a change and
 * to whoever wants to know.
 *
 * <p>
 * Two controllers of one id would both do what is commanded, and tell two stories on the same topics. So each looks, before it
 * takes the place of that id at the broker, whether another has it: the retained status then says that one is online, and its
 * heartbeats are heard. It stands by as long as they are: it listens, but takes no commands and sends nothing else. Each life has
 * a client id of its own, since a broker ends the connection of a client whose id another brings. Thread-safe.
 */
final class ConnectionState {

    /** The steps of a connection, in the words of the client library at hand. */
    interface Steps {

        /** Whether the library thinks it is connected. */
        boolean isOpen();

        /** Drops what is left of a connection. */
        void drop() throws Exception;

        /** @return the largest packet that the broker takes; null if it does not say */
        Long open(String url) throws Exception;

        /** Sends at QoS 1. */
        void send(String topic, String payload) throws Exception;

        void listen(String topic, int qos) throws Exception;

        /** The payload of a message that came in. */
        byte[] payload(Object message);
    }

    /** Paho wants an address before one is known; the one that counts is given with each connect. */
    static final String ANY_URL = "tcp://127.0.0.1:1883";

    private static final Logger LOG = LoggerFactory.getLogger(MqttConnection.class);

    /** How long a heartbeat takes to come back, where it may be sent at all. */
    private static final Duration ROUND_TRIP = Duration.ofMillis(500);

    /** Where this controller is in taking the place of its id at the broker. */
    private enum Place {
        NONE,
        STANDING_BY,
        TAKING,
        HELD
    }

    /**
     * Another controller of this id.
     *
     * @param life what its heartbeats say; null if only its status has been heard of
     */
    private record Other(String life, long heardAt) {

        boolean isThere() {
            return !isOlder(heardAt, MqttConnection.DEAF_AFTER);
        }

        @Override
        public String toString() {
            return life == null
                    ? "another controller of this id, as the broker's status says"
                    : "another controller of this id (" + life + "), whose heartbeat was heard "
                            + TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - heardAt) + " s ago";
        }
    }

    private final Broker broker;
    private final MqttConnection.Identity identity;
    private final Steps steps;
    private final Lock deliveries;
    private final PacketLimit limit;
    private final Map<String, Integer> subscriptions = new ConcurrentHashMap<>();
    private final List<Runnable> actions = new CopyOnWriteArrayList<>();
    private volatile Place place = Place.NONE;
    /** The last one that was heard. */
    private volatile Other other;
    /** The last one that was heard to have the place. */
    private volatile Other holder;

    private volatile boolean closed;
    private volatile String fault = "not connected yet";
    private volatile boolean told;

    /** Heartbeats sent while the place was held: of two that hold it, the one with more of them keeps it. */
    private final AtomicLong beats = new AtomicLong();

    private final Semaphore ownHeartbeats = new Semaphore(0);
    /** When the connection was known to carry messages, by {@link System#nanoTime}. */
    private volatile long heardAt;

    private volatile boolean everHeard;
    private volatile byte[] ownStatus = {};

    private volatile Object callback;

    /** @param deliveries is held while a message is handed over; whoever else holds it is replacing the route that takes it */
    ConnectionState(Broker broker, MqttConnection.Identity identity, Steps steps, PacketLimit limit, Lock deliveries) {
        this.deliveries = deliveries;
        this.broker = broker;
        this.identity = identity;
        this.steps = steps;
        this.limit = limit;
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
            if (!isOpen() || everHeard && isDeaf()) {
                connect(url.get());
            }
            if (!isTaken()) {
                take(url.get());
            }
        } catch (Exception e) {
            place = Place.NONE;
            failed(url.get(), e);
        }
    }

    private void connect(String url) throws Exception {
        if (isOpen()) {
            fault = silence();
            LOG.warn("The MQTT connection to {} is made anew: {}", url, fault);
        }
        place = Place.NONE;
        steps.drop();
        limit.connected(steps.open(url));
        heardAt = System.nanoTime();
        place = Place.STANDING_BY;
        steps.listen(identity.heartbeatTopic(), 1);
        ownHeartbeats.drainPermits();
        try {
            steps.listen(identity.willTopic(), 1);
            steps.send(identity.heartbeatTopic(), heartbeat());
        } catch (Exception e) {
            // who may not do this may still take commands; if it is the connection, the next step fails, too
            LOG.debug("Whether another controller is at {} cannot be told", url, e);
        }
        // what is retained comes before it; where heartbeats may not be sent, what is retained has come by then
        boolean back = ownHeartbeats.tryAcquire(ROUND_TRIP.toMillis(), TimeUnit.MILLISECONDS);
        LOG.debug("The first heartbeat came back: {}", back);
        if (isTaken()) {
            LOG.warn("Standing by at the MQTT broker {}: there is {}", url, holder);
        }
    }

    private boolean isTaken() {
        Other known = holder;
        return known != null && known.isThere();
    }

    private void take(String url) throws Exception {
        place = Place.TAKING;
        for (Map.Entry<String, Integer> subscription : subscriptions.entrySet()) {
            steps.listen(subscription.getKey(), subscription.getValue());
        }
        place = Place.HELD;
        connected(url);
    }

    /** Where heartbeats never came back the user may not send them; he is told so by health, and keeps what does work. */
    boolean isConnected() {
        return place == Place.HELD && isOpen() && !(everHeard && isDeaf());
    }

    private boolean isOpen() {
        return place != Place.NONE && steps.isOpen();
    }

    /** Whether a goodbye would be heard. */
    boolean answers() {
        return isOpen() && !isDeaf();
    }

    private boolean isDeaf() {
        return isOlder(heardAt, MqttConnection.DEAF_AFTER);
    }

    private static boolean isOlder(long time, Duration age) {
        return System.nanoTime() - time > age.toNanos();
    }

    private String silence() {
        long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - heardAt);
        return everHeard
                ? "connected, but no heartbeat has come back for " + seconds + " s"
                : "connected, but no heartbeat has ever come back; may this user publish and subscribe "
                        + identity.heartbeatTopic() + "?";
    }

    /** See {@link MqttConnection#heartbeat}. */
    String heartbeat() {
        if (!isOpen()) {
            return null;
        }
        long beat = place == Place.STANDING_BY ? 0 : beats.incrementAndGet();
        return Json.text(Json.object().put("life", identity.life()).put("beat", beat));
    }

    private void heard(byte[] payload) {
        JsonNode heartbeat = json(payload);
        String life = heartbeat.path("life").asText();
        long beat = heartbeat.path("beat").asLong();
        if (life.equals(identity.life())) {
            heardAt = System.nanoTime();
            everHeard = true;
            ownHeartbeats.release();
        } else if (!life.isEmpty()) {
            other = new Other(life, System.nanoTime());
            if (beat > 0) {
                holder = other;
            }
            boolean older = beat > beats.get() || beat == beats.get() && life.compareTo(identity.life()) < 0;
            if (beat > 0 && older && place != Place.STANDING_BY) {
                place = Place.STANDING_BY;
                LOG.warn("Standing by at the MQTT broker: there is {}", holder);
            }
        }
    }

    /** On the topic where this controller says that it is online; so may another, and a will says that it is not. */
    private void statusHeard(byte[] payload) {
        boolean online = json(payload).path("online").asBoolean();
        if (Arrays.equals(payload, ownStatus)) {
            return;
        }
        if (place == Place.STANDING_BY && online && !isTaken()) {
            holder = new Other(null, System.nanoTime());
        } else if (place == Place.HELD && !online) {
            // the will of a connection that is gone, of ours or of one that stood by
            actions.forEach(Runnable::run);
        }
    }

    private static JsonNode json(byte[] payload) {
        try {
            return Json.readLenient(payload);
        } catch (JsonProcessingException e) {
            LOG.debug("No JSON where heartbeats and status are: {}", e.getOriginalMessage());
            return Json.object();
        }
    }

    /** A message is about to be sent on a topic. */
    void sending(String topic, byte[] payload) {
        if (topic.equals(identity.willTopic())) {
            ownStatus = payload;
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
        place = Place.NONE;
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
        if (isDeaf()) {
            return Optional.of(silence());
        }
        if (place == Place.STANDING_BY) {
            return Optional.of(
                    isTaken()
                            ? "standing by, no commands are taken from MQTT and nothing is sent: there is " + holder
                            : fault);
        }
        Other known = other;
        return known != null && known.isThere() ? Optional.of(known + ", stands by") : limit.news();
    }

    /**
     * The callback, with a line in the log when the method that tells of a lost connection is called, and without heartbeats and
     * status, which are for us. A message that comes while a route is replaced goes to the new one's callback; one that comes while
     * this controller stands by is for the other one.
     */
    <T> T telling(Class<T> type, Object newCallback, String lost) {
        callback = newCallback;
        Object proxy =
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
                    if (method.getName().equals(lost)) {
                        LOG.warn("The MQTT connection was lost: {}", arguments[0]);
                        limit.lost();
                    }
                    boolean delivery = method.getName().equals("messageArrived");
                    if (delivery && identity.heartbeatTopic().equals(arguments[0])) {
                        heard(steps.payload(arguments[1]));
                        return null;
                    }
                    if (delivery && identity.willTopic().equals(arguments[0])) {
                        statusHeard(steps.payload(arguments[1]));
                        return null;
                    }
                    if (delivery && place == Place.STANDING_BY) {
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
