package pysmurf.controller.mqtt;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
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
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.component.paho.mqtt5.PahoMqtt5Constants;
import org.apache.camel.spi.ExceptionHandler;
import org.eclipse.paho.mqttv5.common.packet.MqttProperties;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.config.MqttVersion;
import pysmurf.controller.session.Json;

/**
 * The controller's one connection to its broker. All MQTT endpoints of the routes share its {@link #client}, so there is one client
 * id, one will, and one order of messages.
 *
 * <p>
 * A route calls {@link #ensureConnected} again and again, in place of Paho's own reconnecting: that would keep a connection whose
 * subscriptions failed, and such a connection is deaf. A broker may also fall silent while the connection stays. So another route
 * sends {@linkplain #heartbeat messages to this controller itself}, and when they do not come back, the connection is made again.
 *
 * <p>
 * Two controllers of one id would both obey each command, and tell two stories on the same topics. So before a controller takes
 * commands, it checks whether another one of its id does: the retained status says that one is online, and its heartbeats arrive.
 * While that is so, it stands by: it listens, but takes no commands and sends nothing but heartbeats. Each run has a client id of
 * its own, since a broker ends the connection of a client when another one brings its id.
 *
 * <p>
 * When the route that takes commands is replaced, the subscription stays. A message that the route has not taken is offered again,
 * and the broker gets no acknowledgement until then.
 */
public final class MqttConnection implements ExceptionHandler {

    private static final Logger LOG = LoggerFactory.getLogger(MqttConnection.class);

    /** When the last heartbeat that came back is older than this, the connection is deaf. */
    private static final Duration DEAF_AFTER = Duration.ofSeconds(6);

    /** How long a heartbeat takes to come back, where the user may send it at all. */
    private static final Duration ROUND_TRIP = Duration.ofMillis(500);

    /** How long a message waits for a route that takes it; heartbeats wait behind it. */
    private static final Duration MAX_ROUTE_SWAP = Duration.ofSeconds(3);

    private static final long OFFER_EVERY_MS = 5;

    private enum Place {
        NONE,
        STANDING_BY,
        TAKING,
        HELD
    }

    /**
     * Another controller of this id.
     *
     * @param life what its heartbeats say; null if only its status was seen
     */
    private record Other(String life, long heardAt) {

        boolean isThere() {
            return !isOlder(heardAt, DEAF_AFTER);
        }

        @Override
        public String toString() {
            return life == null
                    ? "another controller of this id, as the broker's status says"
                    : "another controller of this id (" + life + "), its heartbeat arrived " + secondsSince(heardAt)
                            + " s ago";
        }
    }

    /** Sends a message on, in the client's own type. */
    interface Send<E extends Exception> {

        void send(byte[] payload) throws E;
    }

    private final MqttIdentity identity;
    private final PacketLimit limit;
    private final PahoClient client;
    private final MqttVersion version;
    private final Map<String, Integer> subscriptions = new ConcurrentHashMap<>();
    private final List<Runnable> actions = new CopyOnWriteArrayList<>();
    private volatile Place place = Place.NONE;
    /** The last other controller that was heard. */
    private volatile Other other;
    /** The last other controller that was heard to hold the place. */
    private volatile Other holder;

    private volatile String url;
    private volatile boolean closed;
    private volatile String fault = "not connected yet";
    private volatile boolean reported;

    /** Heartbeats sent while this one held the place: of two that hold it, the one with more beats keeps it. */
    private final AtomicLong beats = new AtomicLong();

    private final Semaphore ownHeartbeats = new Semaphore(0);
    /** When the connection last carried a message, by {@link System#nanoTime}. */
    private volatile long heardAt;

    private volatile boolean everHeard;
    private volatile byte[] ownStatus = {};

    private volatile Object callback;
    /** Why the route did not take the last message, and since when it takes none; used by the client's thread alone. */
    private Throwable refusal;

    private long refusedSince;

    /**
     * @param maxPacketSize what the broker takes if it does not say so itself
     * @throws Exception if the identity is not usable
     */
    public MqttConnection(MqttIdentity identity, long maxPacketSize, MqttVersion version) throws Exception {
        this.identity = identity;
        limit = new PacketLimit(maxPacketSize);
        this.version = version;
        client = version == MqttVersion.V5 ? new Mqtt5Client(identity, this) : new Mqtt3Client(identity, this);
    }

    /** The Paho client that Camel is given. */
    public Object client() {
        return client;
    }

    /** Adds what to do after each (re)connection. */
    public void onConnected(Runnable action) {
        actions.add(action);
    }

    /** The broker can be connected to. */
    public void connectTo(String address) {
        url = address;
        ensureConnected();
    }

    /** Where the broker is; empty until it can be connected to. */
    public Optional<String> url() {
        return Optional.ofNullable(url);
    }

    /** Connects and subscribes, if that is not so now. Never throws: the next call tries again. */
    public synchronized void ensureConnected() {
        if (isConnected() || url == null || closed) {
            return;
        }
        try {
            if (!isOpen() || everHeard && isDeaf()) {
                connect();
            }
            if (!isTaken()) {
                take();
            }
        } catch (Exception e) {
            failed(url, e);
        }
    }

    private void connect() throws Exception {
        if (isOpen()) {
            fault = silence();
            LOG.warn("Connecting to {} again: {}", url, fault);
        }
        place = Place.NONE;
        client.disconnectForcibly(0, 0, false);
        limit.connected(client.open(url));
        heardAt = System.nanoTime();
        place = Place.STANDING_BY;
        client.listen(identity.heartbeatTopic(), 1);
        ownHeartbeats.drainPermits();
        try {
            client.listenToOthers(identity.statusTopic(), 1);
            client.publish(identity.heartbeatTopic(), heartbeat().getBytes(StandardCharsets.UTF_8), 1, false);
        } catch (Exception e) {
            // a user that may not do this may still take commands; if the connection is at fault, the next step fails,
            // too
            LOG.debug("Cannot tell whether another controller is at {}", url, e);
        }
        // a retained status arrives before the heartbeat; where heartbeats are not allowed, it has arrived by then
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

    private void take() throws Exception {
        place = Place.TAKING;
        for (Map.Entry<String, Integer> subscription : subscriptions.entrySet()) {
            client.listen(subscription.getKey(), subscription.getValue());
        }
        place = Place.HELD;
        LOG.info("Connected to the MQTT broker {}", url);
        reported = false;
        fault = "the connection was lost";
        actions.forEach(Runnable::run);
    }

    private void failed(String what, Exception e) {
        place = Place.NONE;
        Throwable cause = e.getCause() == null ? e : e.getCause();
        fault = what + ": " + cause.getMessage();
        if (!reported) {
            reported = true;
            LOG.warn("No MQTT at {}: {}; trying again until it works", what, cause.toString());
        } else {
            LOG.debug("No MQTT at {}: {}", what, cause.toString());
        }
    }

    /**
     * Whether commands arrive and messages can be sent. A user who may not send heartbeats keeps what works; health says what does
     * not.
     */
    public boolean isConnected() {
        return place == Place.HELD && isOpen() && !(everHeard && isDeaf());
    }

    private boolean isOpen() {
        return place != Place.NONE && client.isOpen();
    }

    private boolean isDeaf() {
        return isOlder(heardAt, DEAF_AFTER);
    }

    private static boolean isOlder(long time, Duration age) {
        return System.nanoTime() - time > age.toNanos();
    }

    private static long secondsSince(long time) {
        return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - time);
    }

    private String silence() {
        return everHeard
                ? "connected, but no heartbeat has come back for " + secondsSince(heardAt) + " s"
                : "connected, but no heartbeat has ever come back; may this user publish and subscribe "
                        + identity.heartbeatTopic() + "?";
    }

    /** What is wrong with the connection; empty if all is well. */
    public Optional<String> fault() {
        if (!isOpen()) {
            return Optional.of(fault);
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

    /** How large a packet the broker takes, and what became of larger ones, by name. */
    public Map<String, Object> figures() {
        return limit.figures();
    }

    /** What to send on the heartbeat topic now; null while there is no connection to send it on. */
    public String heartbeat() {
        if (!isOpen()) {
            return null;
        }
        long beat = place == Place.STANDING_BY ? 0 : beats.incrementAndGet();
        return Json.text(Json.object().put("life", identity.life()).put("beat", beat));
    }

    private void heartbeatArrived(byte[] payload) {
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

    private void statusArrived(byte[] payload) {
        boolean online = json(payload).path("online").asBoolean();
        if (Arrays.equals(payload, ownStatus)) {
            return;
        }
        if (place == Place.STANDING_BY && online && !isTaken()) {
            holder = new Other(null, System.nanoTime());
        } else if (place == Place.HELD && !online) {
            // the will of a connection that is gone, ours or that of a controller that stood by
            actions.forEach(Runnable::run);
        }
    }

    private static JsonNode json(byte[] payload) {
        try {
            return Json.readLenient(payload);
        } catch (JsonProcessingException e) {
            LOG.debug("A heartbeat or status is no JSON: {}", e.getOriginalMessage());
            return Json.object();
        }
    }

    /**
     * Subscribes, on this connection and on each that follows. Camel calls this when a route starts, whether there is a broker or
     * not. A route that takes another's place has its subscription already: subscribing again would bring the retained messages.
     * Never waits for {@link #ensureConnected}, which may wait for a route that is about to start.
     */
    void subscribe(String topic, int qos) {
        boolean known = Integer.valueOf(qos).equals(subscriptions.put(topic, qos));
        if (known || place != Place.TAKING && place != Place.HELD) {
            return;
        }
        try {
            client.listen(topic, qos);
        } catch (Exception e) {
            failed(topic, e);
        }
    }

    /**
     * Sends what the broker takes of a message.
     *
     * @param  properties   what its MQTT 5 properties take
     * @throws Disconnected if there is no connection, or another controller of this id holds the place
     */
    <E extends Exception> void publish(String topic, byte[] payload, int properties, int qos, Send<E> send) throws E {
        // a command may arrive, and be answered, before the last subscription is confirmed
        if (place != Place.TAKING && !isConnected() && !topic.equals(identity.heartbeatTopic())) {
            throw new Disconnected();
        }
        byte[] fitting = limit.fitting(topic, payload, properties);
        if (topic.equals(identity.statusTopic())) {
            ownStatus = fitting;
        }
        int largest = limit.sending(fitting.length);
        send.send(fitting);
        if (qos > 0) {
            limit.taken(largest);
        }
    }

    /** Sets the headers that tell Camel's producer where an answer goes. */
    void address(Message message, String topic, byte[] correlation) {
        message.setHeader(version.headers() + "OverrideTopic", topic);
        if (correlation != null) {
            MqttProperties properties = new MqttProperties();
            properties.setCorrelationData(correlation);
            message.setHeader(PahoMqtt5Constants.CAMEL_PAHO_MSG_PROPERTIES, properties);
        }
    }

    /**
     * Makes the callback that the client is given: it keeps heartbeats and status, and gives all else to the callback of the route
     * that started last.
     *
     * @param lost the method that is called when the connection is lost
     */
    <T> T intercept(Class<T> type, Object routes, String lost) {
        callback = routes;
        return type.cast(
                Proxy.newProxyInstance(type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
                    if (method.getName().equals("messageArrived")) {
                        arrived(method, arguments);
                        return null;
                    }
                    if (method.getName().equals(lost)) {
                        LOG.warn("The MQTT connection was lost: {}", arguments[0]);
                        limit.lost();
                    }
                    return call(method, arguments);
                }));
    }

    private Object call(Method method, Object[] arguments) throws Throwable {
        try {
            return method.invoke(callback, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private void arrived(Method method, Object[] arguments) throws Throwable {
        if (identity.heartbeatTopic().equals(arguments[0])) {
            heartbeatArrived(client.payload(arguments[1]));
        } else if (identity.statusTopic().equals(arguments[0])) {
            statusArrived(client.payload(arguments[1]));
        } else if (place != Place.STANDING_BY) {
            offer(method, arguments);
        }
    }

    /** Offers a message until a route takes it. Without one that does for a while, messages wait no longer. */
    private void offer(Method method, Object[] arguments) throws Throwable {
        while (true) {
            refusal = null;
            call(method, arguments);
            if (refusal == null) {
                refusedSince = 0;
                return;
            }
            if (refusedSince == 0) {
                refusedSince = System.nanoTime();
            }
            if (closed || isOlder(refusedSince, MAX_ROUTE_SWAP)) {
                LOG.error("No route takes the message on {}: {}", arguments[0], refusal.toString());
                return;
            }
            TimeUnit.MILLISECONDS.sleep(OFFER_EVERY_MS);
        }
    }

    /** Called by Camel's consumer, within {@link #offer}, when the route has not taken the message. */
    @Override
    public void handleException(String message, Exchange exchange, Throwable exception) {
        refusal = exception;
    }

    @Override
    public void handleException(String message, Throwable exception) {
        refusal = exception;
    }

    @Override
    public void handleException(Throwable exception) {
        refusal = exception;
    }

    /**
     * Says goodbye, and disconnects. An embedded broker that starts only now is not connected to.
     *
     * @param status the last one
     */
    public void close(String status) {
        closed = true;
        try {
            if (isConnected()) {
                client.publish(identity.statusTopic(), status.getBytes(StandardCharsets.UTF_8), 1, true);
            }
            if (isOpen() && !isDeaf()) {
                client.disconnect();
            } else {
                client.disconnectForcibly(0, 0, false);
            }
            client.close();
        } catch (Exception e) {
            failed("the goodbye", e);
        } finally {
            place = Place.NONE;
        }
    }
}
