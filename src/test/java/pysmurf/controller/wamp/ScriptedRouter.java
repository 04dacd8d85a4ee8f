package pysmurf.controller.wamp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.ServerWebSocket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;

/** A router with a single peer, that does what it is told: by default it welcomes and registers, as a good one does. */
public final class ScriptedRouter implements AutoCloseable {

    private static final int PATIENCE_S = 30;
    private static final JsonMapper MAPPER = new JsonMapper();

    private final Vertx vertx = Vertx.vertx();
    private final Map<Integer, BiConsumer<JsonNode, ScriptedRouter>> answers = new ConcurrentHashMap<>();
    private final BlockingQueue<JsonNode> heard = new LinkedBlockingQueue<>();
    private final AtomicInteger connections = new AtomicInteger();
    private final HttpServer server;
    private volatile ServerWebSocket peer;
    private volatile Context loop;

    /** @param port 0 for any that is free */
    public ScriptedRouter(int port) {
        answer(1, (hello, router) -> router.send("[2, 7, {}]"));
        answer(64, (register, router) -> {
            long request = register.path(1).asLong();
            router.send("[65, " + request + ", " + (100 + request) + "]");
        });
        server = vertx.createHttpServer(new HttpServerOptions()
                        .setWebSocketSubProtocols(List.of("wamp.2.json"))
                        .setMaxWebSocketFrameSize(16 << 20)
                        .setMaxWebSocketMessageSize(16 << 20))
                .webSocketHandler(this::connected)
                .listen(port, "127.0.0.1")
                .toCompletionStage()
                .toCompletableFuture()
                .join();
    }

    private void connected(ServerWebSocket socket) {
        peer = socket;
        loop = vertx.getOrCreateContext();
        connections.incrementAndGet();
        socket.textMessageHandler(text -> {
            try {
                JsonNode message = MAPPER.readTree(text);
                heard.add(message);
                answers.getOrDefault(message.path(0).asInt(), (ignored, router) -> {})
                        .accept(message, this);
            } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
    }

    public int port() {
        return server.actualPort();
    }

    public String url() {
        return "ws://127.0.0.1:" + port() + "/ws";
    }

    /** How often somebody has connected. */
    public int connections() {
        return connections.get();
    }

    /** What it does from now on with messages of a type. */
    public void answer(int type, BiConsumer<JsonNode, ScriptedRouter> answer) {
        answers.put(type, answer);
    }

    public void send(String json) {
        peer.writeTextMessage(json);
    }

    public ServerWebSocket peer() {
        return peer;
    }

    /** Answers nothing, not even a ping, until it is thawed. */
    public void freeze(CountDownLatch thawed) {
        loop.runOnContext(v -> {
            try {
                thawed.await(PATIENCE_S, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    /** The next message of a type; those of other types before it are forgotten. */
    public JsonNode await(int type) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_S);
        while (true) {
            JsonNode message = heard.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            if (message == null) {
                throw new AssertionError("no message of type " + type + " within " + PATIENCE_S + " s");
            }
            if (message.path(0).asInt() == type) {
                return message;
            }
        }
    }

    @Override
    public void close() {
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }
}
