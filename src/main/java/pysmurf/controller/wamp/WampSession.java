package pysmurf.controller.wamp;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.WebSocket;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One session on one websocket, from HELLO to its end. Everything but {@link #openCalls} runs on one event loop. */
final class WampSession {

    static final String SUBPROTOCOL = "wamp.2.json";

    private static final Logger LOG = LoggerFactory.getLogger(WampSession.class);

    private static final int HELLO = 1;
    private static final int WELCOME = 2;
    private static final int ABORT = 3;
    private static final int GOODBYE = 6;
    private static final int ERROR = 8;
    private static final int PUBLISH = 16;
    private static final int REGISTER = 64;
    private static final int REGISTERED = 65;
    private static final int UNREGISTER = 66;
    private static final int UNREGISTERED = 67;
    private static final int INVOCATION = 68;
    private static final int INTERRUPT = 69;
    private static final int YIELD = 70;

    private static final Map<String, Object> NONE = Map.of();
    private static final Map<String, Object> ROLES =
            Map.of("roles", Map.of("publisher", NONE, "callee", Map.of("features", Map.of("call_canceling", true))));

    private static final Pattern CALLED = Pattern.compile("\\s*\\[\\s*" + INVOCATION + "\\s*,\\s*(\\d{1,16})\\s*,");

    private static final int PINGS_BEFORE_SILENCE = 3;
    private static final int MAX_OPEN_CALLS = 5000;
    private static final int MAX_UNSENT_BYTES = 4 * 1024 * 1024;

    private final Vertx vertx;
    private final WebSocket socket;
    private final WampConnection connection;
    private final long maxSilenceNanos;
    private final long pings;
    private final long patience;
    private final Map<Long, WampConsumer> asked = new HashMap<>();
    private final Map<Long, WampConsumer> registered = new HashMap<>();
    private final Set<Long> open = ConcurrentHashMap.newKeySet();
    private long requests;
    private boolean joined;
    private volatile boolean over;
    private long heard = System.nanoTime();

    WampSession(Vertx vertx, WebSocket socket, WampConnection connection, long maxSilenceMillis) {
        this.maxSilenceNanos = TimeUnit.MILLISECONDS.toNanos(maxSilenceMillis);
        this.vertx = vertx;
        this.socket = socket;
        this.connection = connection;
        socket.setWriteQueueMaxSize(MAX_UNSENT_BYTES);
        socket.textMessageHandler(this::receive);
        socket.binaryMessageHandler(bytes -> end("protocol", "the router sends what is no JSON"));
        socket.pongHandler(pong -> heard = System.nanoTime());
        socket.exceptionHandler(fault -> end("connection", "the connection broke: " + fault.getMessage()));
        socket.closeHandler(v -> end("connection", "the connection was closed"));
        pings = vertx.setPeriodic(maxSilenceMillis / PINGS_BEFORE_SILENCE, timer -> ping());
        patience = vertx.setTimer(maxSilenceMillis, timer -> expectAnswers());
    }

    int openCalls() {
        return open.size();
    }

    void join(String realm) {
        if (SUBPROTOCOL.equals(socket.subProtocol())) {
            send(HELLO, realm, ROLES);
        } else {
            end("protocol", "the router does not speak " + SUBPROTOCOL);
        }
    }

    void register(WampConsumer consumer) {
        if (joined) {
            asked.put(++requests, consumer);
            send(REGISTER, requests, NONE, consumer.procedure());
        }
    }

    /** Its calls that are open are still answered. */
    void unregister(WampConsumer consumer) {
        asked.replaceAll((request, known) -> known == consumer ? null : known);
        List<Long> gone = registered.keySet().stream()
                .filter(id -> registered.get(id) == consumer)
                .toList();
        for (long registration : gone) {
            registered.remove(registration);
            send(UNREGISTER, ++requests, registration);
        }
    }

    void publish(String topic, Object argument) {
        if (!over && !socket.writeQueueFull()) {
            send(PUBLISH, ++requests, NONE, topic, new Object[] {argument});
        }
    }

    /** Says goodbye and closes. */
    Future<Void> leave() {
        send(GOODBYE, NONE, "wamp.close.normal");
        return close();
    }

    private Future<Void> close() {
        over = true;
        vertx.cancelTimer(pings);
        vertx.cancelTimer(patience);
        open.clear();
        return socket.close();
    }

    private void end(String kind, String reason) {
        if (!over) {
            close();
            connection.lost(this, kind, reason);
        }
    }

    private void ping() {
        if (System.nanoTime() - heard > maxSilenceNanos) {
            end("silence", "the router is silent");
        } else {
            socket.writePing(Buffer.buffer("alive"));
        }
    }

    private void expectAnswers() {
        if (!joined || !asked.isEmpty()) {
            end("silence", "the router does not answer");
        }
    }

    private void send(Object... message) {
        if (!over) {
            socket.writeTextMessage(WampJson.write(message));
        }
    }

    private void receive(String text) {
        heard = System.nanoTime();
        JsonNode message;
        try {
            message = WampJson.read(text);
        } catch (JsonProcessingException e) {
            unreadable(text);
            return;
        }
        switch (message.path(0).asInt()) {
            case WELCOME -> {
                joined = true;
                connection.procedures().forEach(this::register);
            }
            case ABORT ->
                end(
                        message.path(2).asText(),
                        inWords(message.path(2), message.path(1).path("message")));
            case GOODBYE -> {
                send(GOODBYE, NONE, "wamp.close.goodbye_and_out");
                end(
                        "goodbye",
                        "the router ended the session: " + message.path(2).asText());
            }
            case REGISTERED ->
                registered(
                        asked.remove(message.path(1).asLong()), message.path(2).asLong());
            case INVOCATION -> invoke(message);
            case INTERRUPT -> answer(message.path(1).asLong(), new CallFault("wamp.error.canceled", "canceled"));
            case ERROR -> refused(message);
            case UNREGISTERED -> {}
            default -> end("protocol", "the router sends what is no WAMP");
        }
        // who calls faster than the router takes answers has to wait
        if (!over && socket.writeQueueFull()) {
            socket.pause();
            socket.drainHandler(v -> socket.resume());
        }
    }

    /** A caller's arguments may be nested too deeply, and nobody else is to suffer for it. */
    private void unreadable(String text) {
        Matcher call = CALLED.matcher(text);
        if (call.lookingAt()) {
            sendFault(Long.parseLong(call.group(1)), CallFault.raised("the arguments cannot be read"));
        } else {
            end("protocol", "the router sends what is no JSON");
        }
    }

    private static String inWords(JsonNode name, JsonNode text) {
        return text.isTextual() ? name.asText() + ": " + text.asText() : name.asText();
    }

    private void registered(WampConsumer consumer, long registration) {
        if (consumer == null) {
            send(UNREGISTER, ++requests, registration);
            return;
        }
        registered.put(registration, consumer);
        connection.registered(registered.size());
    }

    /** With one procedure of several a client would find half a service, so none stays. */
    private void refused(JsonNode message) {
        if (message.path(1).asInt() == REGISTER) {
            String name = message.path(4).asText();
            send(GOODBYE, NONE, "wamp.close.normal");
            end(name, inWords(message.path(4), message.path(5).path(0)));
        }
    }

    private void invoke(JsonNode message) {
        long request = message.path(1).asLong();
        WampConsumer consumer = registered.get(message.path(2).asLong());
        if (consumer == null) {
            sendFault(request, new CallFault("wamp.error.no_such_procedure", "the procedure is being replaced"));
        } else if (open.size() >= MAX_OPEN_CALLS) {
            sendFault(request, CallFault.raised("too many calls are open"));
        } else {
            open.add(request);
            consumer.carryOut(Call.of(consumer.procedure(), message.path(4), message.path(5)))
                    .onComplete(done -> {
                        Object answer = done.succeeded() ? done.result() : fault(consumer, done.cause());
                        answer(request, answer);
                    });
        }
    }

    private static CallFault fault(WampConsumer consumer, Throwable thrown) {
        if (thrown instanceof CallFault known) {
            return known;
        }
        LOG.error("A call of {} failed", consumer.procedure(), thrown);
        return CallFault.raised("internal error");
    }

    private void answer(long request, Object answer) {
        if (open.remove(request)) {
            if (answer instanceof CallFault fault) {
                sendFault(request, fault);
            } else {
                send(YIELD, request, NONE, new Object[] {answer});
            }
        }
    }

    private void sendFault(long request, CallFault fault) {
        send(ERROR, INVOCATION, request, NONE, fault.name(), List.of(fault.getMessage()));
    }
}
