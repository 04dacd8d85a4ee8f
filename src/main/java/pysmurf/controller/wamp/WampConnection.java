package pysmurf.controller.wamp;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.WebSocket;
import io.vertx.core.http.WebSocketClient;
import io.vertx.core.http.WebSocketClientOptions;
import io.vertx.core.http.WebSocketConnectOptions;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps one session at the router: a new one follows whenever one is lost. What is not volatile belongs to one event loop. */
final class WampConnection {

    private static final Logger LOG = LoggerFactory.getLogger(WampConnection.class);

    /** Vert.x's own limits are far below what a router passes on, and it closes the connection at what is larger. */
    private static final int MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

    private static final int MAX_CONNECT_MS = 5000;
    private static final long MIN_DELAY_MS = 500;
    private static final long MAX_DELAY_MS = 8000;
    private static final int MAX_DOUBLINGS = 4;
    private static final int MAX_TOLD = 10;
    private static final int MAX_REASON = 500;
    private static final long LEAVE_MS = 500;

    private final Vertx vertx;
    /** Null without a router. */
    private final Context loop;

    private final String url;
    private final String realm;
    private final long maxSilenceMillis;
    private final int connectMillis;
    private final Map<String, WampConsumer> procedures = new LinkedHashMap<>();
    /** What was said in the log since the connection was lost: each reason once. */
    private final Set<String> told = new HashSet<>();

    private volatile WebSocketClient client;
    private boolean closed;
    private int attempts;
    private volatile WampSession session;
    private volatile long registrations;
    private volatile String fault;

    WampConnection(Vertx vertx, String url, String realm, long maxSilenceMillis) {
        this.maxSilenceMillis = maxSilenceMillis;
        connectMillis = (int) Math.min(MAX_CONNECT_MS, maxSilenceMillis);
        this.vertx = vertx;
        this.url = url;
        this.realm = realm;
        loop = url.isEmpty() ? null : vertx.getOrCreateContext();
        fault = url.isEmpty() ? null : "not connected yet";
    }

    boolean isRegistered() {
        return session != null && fault == null;
    }

    Optional<String> fault() {
        return Optional.ofNullable(fault);
    }

    long registrations() {
        return registrations;
    }

    int openCalls() {
        WampSession now = session;
        return now == null ? 0 : now.openCalls();
    }

    private void onLoop(Runnable step) {
        if (loop != null) {
            loop.runOnContext(v -> step.run());
        }
    }

    void register(WampConsumer consumer) {
        onLoop(() -> {
            procedures.put(consumer.procedure(), consumer);
            if (session != null) {
                session.register(consumer);
            }
        });
    }

    void unregister(WampConsumer consumer) {
        onLoop(() -> {
            if (procedures.remove(consumer.procedure(), consumer) && session != null) {
                session.unregister(consumer);
            }
        });
    }

    void publish(String topic, Object event) {
        if (isRegistered()) {
            WampSession now = session;
            onLoop(() -> {
                if (now == session) {
                    now.publish(topic, event);
                }
            });
        }
    }

    void open() {
        onLoop(() -> {
            if (client != null) {
                return;
            }
            closed = false;
            client = vertx.createWebSocketClient(new WebSocketClientOptions()
                    .setMaxFrameSize(MAX_MESSAGE_BYTES)
                    .setMaxMessageSize(MAX_MESSAGE_BYTES)
                    .setConnectTimeout(connectMillis));
            // by a timer: if Vert.x's first, whose id is 0, were that of the handshake, it would end the connection all
            // the same
            vertx.setTimer(1, timer -> connect());
        });
    }

    private void connect() {
        if (closed) {
            return;
        }
        WebSocketConnectOptions target = new WebSocketConnectOptions().addSubProtocol(WampSession.SUBPROTOCOL);
        target.setAbsoluteURI(url).setTimeout(connectMillis);
        long late = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(connectMillis);
        // on this event loop, so that no message comes before there is a session for it
        client.connect(target).onSuccess(this::join).onFailure(fault -> {
            // Vert.x only says that the connection was closed, which it did itself
            boolean silent = System.nanoTime() - late >= 0;
            lost(null, fault.toString(), silent ? "the router does not answer" : String.valueOf(fault.getMessage()));
        });
    }

    private void join(WebSocket socket) {
        if (closed) {
            socket.close();
            return;
        }
        session = new WampSession(vertx, socket, this, maxSilenceMillis);
        session.join(realm);
    }

    /** What the session has to register. */
    Iterable<WampConsumer> procedures() {
        return procedures.values();
    }

    /** One more is registered; so many are by now. The fault is over when all are. */
    void registered(int count) {
        if (count < procedures.size()) {
            return;
        }
        if (fault != null) {
            LOG.info("Registered at the router {}: {}", url, procedures.keySet());
            fault = null;
            registrations++;
        }
        told.clear();
        attempts = 0;
    }

    /**
     * The session has ended, or there was none; tries again.
     *
     * @param kind   what is the same each time this happens, though the reason may be worded anew
     * @param reason for people
     */
    void lost(WampSession ended, String kind, String reason) {
        if (ended != session || closed) {
            return;
        }
        session = null;
        fault = reason.length() > MAX_REASON ? reason.substring(0, MAX_REASON) + "…" : reason;
        if (told.size() < MAX_TOLD && told.add(kind)) {
            LOG.warn("Not registered at the router {}: {}; trying again", url, fault);
        }
        double jitter = ThreadLocalRandom.current().nextDouble(0.75, 1.25);
        long delay = Math.min(MAX_DELAY_MS, MIN_DELAY_MS << Math.min(attempts++, MAX_DOUBLINGS));
        vertx.setTimer(Math.round(delay * jitter), timer -> connect());
    }

    /** Leaves the router, which forgets the procedures at once. */
    void close() {
        CompletableFuture<Void> left = new CompletableFuture<>();
        onLoop(() -> {
            closed = true;
            WampSession last = session;
            session = null;
            if (last == null) {
                left.complete(null);
            } else {
                last.leave().onComplete(done -> left.complete(null));
            }
        });
        if (client != null) {
            left.completeOnTimeout(null, LEAVE_MS, TimeUnit.MILLISECONDS).join();
            client.close();
            client = null;
        }
    }
}
