package pysmurf.controller.publisher;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Phaser;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import org.apache.camel.Body;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LogMark;
import pysmurf.controller.session.RegisteredFile;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.Sessions;

/**
 * Takes in what the running script's pysmurf Publisher sends: one JSON object a datagram, {@code {host, id, script, time,
 * seq_no, type, payload}} (pysmurf, python/pysmurf/client/util/pub.py). Thread-safe; messages are taken in the order in
 * which {@link #receive} is called.
 */
public final class PublisherInbox implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(PublisherInbox.class);
    private static final Duration LONGEST_DIGEST = Duration.ofSeconds(30);
    private static final String MARKER_TYPE = "pysmurf-controller-marker";

    private final Sessions sessions;
    private final String id;
    private final InetSocketAddress listener;
    private final Map<String, CompletableFuture<Void>> markers = new ConcurrentHashMap<>();
    private final ExecutorService digests = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "file-digests");
        thread.setDaemon(true);
        return thread;
    });
    private final Phaser pendingDigests = new Phaser(1);
    private final LongAdder received = new LongAdder();
    private final LongAdder ignored = new LongAdder();
    private final LongAdder lost = new LongAdder();
    private final LongAdder gapsOfEnded = new LongAdder();
    private final SocketDrops drops;
    private volatile long dropsBefore;
    private DatagramSocket ownSocket;
    private volatile SequenceGaps gaps = new SequenceGaps();
    private volatile Session current;

    /**
     * @param id       the Publisher id whose messages are ours
     * @param listener where the messages arrive
     */
    public PublisherInbox(Sessions sessions, String id, InetSocketAddress listener, SocketDrops drops) {
        this.drops = drops;
        this.sessions = sessions;
        this.id = id;
        this.listener = listener;
    }

    /** A script of this session begins: messages belong to it from now on. */
    public void attach(Session session) {
        gaps = new SequenceGaps();
        // a third of a millisecond that the script need not wait for; it takes longer to start
        digests.execute(() -> dropsBefore = drops.count());
        current = session;
    }

    /**
     * The script has ended.
     *
     * @return how many of its messages are missing: by their numbers, which do not tell of the last ones, or by what the
     *         kernel dropped, which does not tell of those that the Publisher did not send
     */
    public long detach() {
        if (current == null) {
            return 0;
        }
        current = null;
        long missing = Math.max(gaps.lost(), drops.count() - dropsBefore);
        lost.add(missing);
        gapsOfEnded.add(gaps.gaps());
        return missing;
    }

    /** Takes datagrams, in their order. */
    public void receive(@Body List<Datagram> datagrams) {
        datagrams.forEach(datagram -> takeOne(datagram.bytes(), datagram.sender()));
    }

    /**
     * Takes one datagram.
     *
     * @param sender where it came from
     */
    void takeOne(byte[] datagram, SocketAddress sender) {
        JsonNode json;
        try {
            json = Json.readLenient(datagram);
        } catch (JsonProcessingException e) {
            ignore("no JSON: " + e.getOriginalMessage());
            return;
        }
        if (json.path("type").asText().equals(MARKER_TYPE)) {
            CompletableFuture<Void> marker = markers.remove(json.path("payload").asText());
            if (marker != null) {
                marker.complete(null);
            }
            return;
        }
        Session session = current;
        if (!(json instanceof ObjectNode message)
                || !id.equals(message.path("id").asText())) {
            ignore("not of id " + id);
        } else if (session == null) {
            ignore("no script is running");
        } else {
            received.increment();
            if (message.path("seq_no").isIntegralNumber()) {
                gaps.note(
                        new SequenceGaps.Source(
                                message.path("host").asText(),
                                message.path("script").asText(),
                                String.valueOf(sender)),
                        message.path("seq_no").longValue());
            }
            sessions.relay(session, datagram);
            take(session, message, datagram.length);
        }
    }

    private void ignore(String why) {
        ignored.increment();
        LOG.debug("Datagram ignored: {}", why);
    }

    private void take(Session session, ObjectNode message, int bytes) {
        JsonNode payload = message.path("payload");
        switch (message.path("type").asText()) {
            case "session_data" -> {
                if (payload instanceof ObjectNode object) {
                    sessions.mergeData(session, object);
                }
            }
            case "session_log" -> {
                if (payload.isTextual()) {
                    sessions.scriptMessage(session, payload.textValue());
                }
            }
            case "data_file" -> {
                if (payload.path("path").isTextual()) {
                    register(session, payload);
                    return;
                }
            }
            default -> LOG.trace("{} is passed on only", message);
        }
        message.put("session_id", session.id());
        sessions.published(session, message, bytes);
    }

    private void register(Session session, JsonNode payload) {
        pendingDigests.register();
        digests.execute(() -> LogMark.around(session, () -> {
            try {
                sessions.register(session, file(payload));
            } catch (RuntimeException e) {
                LOG.error("File of session {} could not be registered", session.id(), e);
            } finally {
                pendingDigests.arriveAndDeregister();
            }
        }));
    }

    private static RegisteredFile file(JsonNode payload) {
        String format = payload.path("format").asText("");
        String path = payload.path("path").textValue();
        // pysmurf's save_tune registers the path without the ending that numpy adds; the original monitor adds it, too
        if (format.equals("npy") && !path.endsWith(".npy")) {
            path += ".npy";
        }
        return RegisteredFile.of(
                path,
                payload.path("type").asText(""),
                format,
                payload.path("plot").asBoolean(false));
    }

    /** A marker on its way through the socket and everything behind it. */
    public record Marker(String token, CompletableFuture<Void> arrived) {}

    /**
     * Sends a marker to ourselves. A local datagram is in our socket's buffer when its sender's call returns, and datagrams are
     * taken in order, so the marker comes behind all that was sent before this call.
     */
    public Marker mark() {
        Marker marker = new Marker(UUID.randomUUID().toString(), new CompletableFuture<>());
        markers.put(marker.token(), marker.arrived());
        try {
            send(Json.text(Json.object().put("type", MARKER_TYPE).put("payload", marker.token()))
                    .getBytes(StandardCharsets.US_ASCII));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return marker;
    }

    /**
     * Waits until everything is taken in that had arrived before a marker was sent.
     *
     * @param  idle how long to wait when nothing is taken in any more
     * @return      false if the marker did not come
     */
    public boolean await(Marker marker, Duration idle) {
        try {
            return await(marker.arrived(), idle) && awaitDigests();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        } finally {
            markers.remove(marker.token());
        }
    }

    /** Goes on waiting as long as messages are being taken in. */
    private boolean await(CompletableFuture<Void> marker, Duration idle) throws InterruptedException {
        long before = -1;
        while (received.sum() != before) {
            before = received.sum();
            try {
                marker.get(idle.toMillis(), TimeUnit.MILLISECONDS);
                return true;
            } catch (TimeoutException e) {
                LOG.debug("{} messages taken in, and no end yet", before);
            } catch (ExecutionException e) {
                throw new IllegalStateException(e);
            }
        }
        LOG.warn("The script's last messages may be missing");
        return false;
    }

    private boolean awaitDigests() throws InterruptedException {
        try {
            pendingDigests.awaitAdvanceInterruptibly(
                    pendingDigests.arrive(), LONGEST_DIGEST.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            LOG.warn("Checksums of registered files take longer than {} s", LONGEST_DIGEST.toSeconds());
            return false;
        }
    }

    private synchronized void send(byte[] bytes) throws IOException {
        if (ownSocket == null) {
            InetAddress own = listener.getAddress();
            InetAddress local = own.isLoopbackAddress() ? own : InetAddress.getLoopbackAddress();
            ownSocket = new DatagramSocket(new InetSocketAddress(local, 0));
        }
        ownSocket.send(new DatagramPacket(bytes, bytes.length, listener));
    }

    /** Messages taken since the start. */
    public long received() {
        return received.sum();
    }

    /** Messages missing, since the start. */
    public long lost() {
        return lost.sum();
    }

    /** Places in the numbering where messages are missing, since the start; those of a script when it has ended. */
    public long gaps() {
        return gapsOfEnded.sum();
    }

    /** Datagrams that were no message of ours, since the start. */
    public long ignored() {
        return ignored.sum();
    }

    @Override
    public synchronized void close() {
        digests.shutdown();
        if (ownSocket != null) {
            ownSocket.close();
        }
    }
}
