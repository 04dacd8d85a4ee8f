package pysmurf.controller.publisher;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.channel.Channel;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.LongAdder;
import org.apache.camel.Body;
import org.apache.camel.util.concurrent.CamelThreadFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Published;
import pysmurf.controller.session.RegisteredFiles;
import pysmurf.controller.session.Sessions;

/**
 * Takes in what the pysmurf Publishers of scripts send: one JSON object a datagram, {@code {host, id, script, time, seq_no, type,
 * payload}} (pysmurf, python/pysmurf/client/util/pub.py). Nothing in a message names its session. So what arrives at the
 * controller's listener belongs to the session with the lock, and each other session has a port of its own.
 */
public final class PublisherInbox implements AutoCloseable {

    static final String MARKER_TYPE = "pysmurf-controller-marker";
    static final int MAX_MARKER_BYTES = 200;

    private static final Logger LOG = LoggerFactory.getLogger(PublisherInbox.class);

    private final Sessions sessions;
    private final RegisteredFiles files;
    private final String id;
    private final int listener;
    private final OwnPorts ownPorts;
    private final boolean eachItsOwn;
    private final Map<Integer, Inlet> bySession = new ConcurrentHashMap<>();
    private final Map<Integer, Inlet> byPort = new ConcurrentHashMap<>();
    private final ExecutorService looks =
            Executors.newCachedThreadPool(new CamelThreadFactory("#name#", "file-looks", true));
    private final LongAdder received = new LongAdder();
    private final LongAdder ignored = new LongAdder();
    private final LongAdder lost = new LongAdder();
    private final LongAdder gaps = new LongAdder();
    private DatagramSocket ownSocket;

    /**
     * @param id         the Publisher id of the messages to take
     * @param listener   the port of the controller's listener
     * @param eachItsOwn whether the session with the lock has a port of its own, too: where processes outlive it, their messages
     *                   must not count for the next one
     */
    public PublisherInbox(
            Sessions sessions, RegisteredFiles files, String id, int listener, OwnPorts ownPorts, boolean eachItsOwn) {
        this.sessions = sessions;
        this.files = files;
        this.id = id;
        this.listener = listener;
        this.ownPorts = ownPorts;
        this.eachItsOwn = eachItsOwn;
    }

    /** Where the scripts of a session send to while it is open. */
    public Inlet open(LiveSession session) throws IOException {
        return open(session, session.exclusive() && !eachItsOwn ? listener : 0);
    }

    /** The same, for a script that an earlier run of the controller gave its port. */
    public Inlet reopen(LiveSession session, int port) throws IOException {
        try {
            return open(session, port);
        } catch (IOException e) {
            sessions.message(session, "Its Publisher's messages cannot be received any more: " + e.getMessage());
            return open(session, 0);
        }
    }

    private Inlet open(LiveSession session, int port) throws IOException {
        Inlet inlet;
        synchronized (bySession) {
            Inlet known = bySession.get(session.id());
            if (known != null) {
                return known;
            }
            Channel socket = port == listener ? null : ownPorts.open(port);
            int opened = socket == null ? port : ((InetSocketAddress) socket.localAddress()).getPort();
            inlet = new Inlet(this, session, sessions, opened, socket, ownPorts.arrivals());
            bySession.put(session.id(), inlet);
            byPort.put(opened, inlet);
            if (session.exclusive()) {
                // what comes from elsewhere is for the session that drives the crate
                byPort.put(listener, inlet);
            }
        }
        session.ended().thenRun(() -> {
            bySession.remove(session.id());
            byPort.values().removeIf(inlet::equals);
            inlet.close();
        });
        return inlet;
    }

    /** Takes datagrams, in their order; those of one session together. */
    public void receive(@Body List<Datagram> datagrams) {
        Batch batch = new Batch(null);
        for (Datagram datagram : datagrams) {
            Inlet inlet = byPort.get(datagram.port());
            if (batch.inlet != inlet) {
                take(batch);
                batch = new Batch(inlet);
            }
            try {
                JsonNode json = Json.readLenient(datagram.bytes());
                if (json.path("type").asText().equals(MARKER_TYPE)) {
                    // it says that all before it are taken in
                    take(batch);
                    batch = new Batch(inlet);
                    if (inlet != null) {
                        inlet.markerArrived(json);
                    }
                } else if (json instanceof ObjectNode message
                        && id.equals(message.path("id").asText())) {
                    batch.add(message, datagram);
                } else {
                    ignore("not of id " + id);
                }
            } catch (JsonProcessingException e) {
                ignore("no JSON: " + e.getOriginalMessage());
            } catch (RuntimeException e) {
                // one bad datagram must not cost the others
                LOG.error("A datagram from {} cannot be taken in", datagram.sender(), e);
                ignored.increment();
            }
        }
        take(batch);
    }

    /** The queue in front of {@link #receive} had no room for this list of datagrams. */
    public void dropped(Object batch) {
        for (Object one : (List<?>) batch) {
            Inlet inlet = byPort.get(((Datagram) one).port());
            if (inlet != null) {
                inlet.droppedFromQueue(((Datagram) one).isMarker());
            }
        }
    }

    private void take(Batch batch) {
        if (!batch.isEmpty() && !batch.isTaken()) {
            ignored.add(batch.datagrams.size());
            LOG.debug("{} datagrams ignored: no script is running", batch.datagrams.size());
        }
    }

    private void ignore(String why) {
        ignored.increment();
        LOG.debug("Datagram ignored: {}", why);
    }

    /** A message's number, and whose it is. */
    private record Numbered(SequenceGaps.Source source, long number) {}

    /** Messages that arrived one behind the other at one place. */
    private final class Batch {

        private final Inlet inlet;
        private final List<byte[]> datagrams = new ArrayList<>();
        private final List<byte[]> told = new ArrayList<>();
        private final List<ObjectNode> data = new ArrayList<>();
        private final List<String> lines = new ArrayList<>();
        private final List<JsonNode> registered = new ArrayList<>();
        private final List<Numbered> numbers = new ArrayList<>();

        /** @param inlet null where no session expects any */
        Batch(Inlet inlet) {
            this.inlet = inlet;
        }

        boolean isEmpty() {
            return datagrams.isEmpty();
        }

        void add(ObjectNode message, Datagram datagram) {
            datagrams.add(datagram.bytes());
            JsonNode number = message.path("seq_no");
            if (number.isIntegralNumber()) {
                numbers.add(new Numbered(
                        new SequenceGaps.Source(
                                message.path("host").asText(),
                                message.path("script").asText(),
                                datagram.sender()),
                        number.longValue()));
            }
            JsonNode payload = message.path("payload");
            switch (message.path("type").asText()) {
                case "session_data" -> {
                    if (payload instanceof ObjectNode object) {
                        data.add(object);
                    }
                }
                case "session_log" -> {
                    if (payload.isTextual()) {
                        lines.add(payload.textValue());
                    }
                }
                case "data_file" -> {
                    if (payload.path("path").isTextual()) {
                        registered.add(payload);
                        return;
                    }
                }
                default -> LOG.trace("{} is passed on only", message);
            }
            told.add(datagram.bytes());
        }

        /** @return false if no session is there for it, or it is done */
        boolean isTaken() {
            if (inlet == null || !sessions.published(inlet.session(), new Published(datagrams, data, lines, told))) {
                return false;
            }
            received.add(datagrams.size());
            numbers.forEach(one -> inlet.note(one.source(), one.number()));
            registered.forEach(payload -> inlet.look(() -> register(inlet.session(), payload), looks));
            return true;
        }
    }

    private void register(LiveSession session, JsonNode payload) {
        String format = payload.path("format").asText("");
        String path = payload.path("path").textValue();
        // pysmurf's save_tune registers the path without the ending that numpy adds
        if (format.equals("npy") && !path.endsWith(".npy")) {
            path += ".npy";
        }
        files.register(
                session,
                path,
                payload.path("type").asText(""),
                format,
                payload.path("plot").asBoolean(false));
    }

    synchronized void send(JsonNode marker, int port) throws IOException {
        if (ownSocket == null) {
            ownSocket = new DatagramSocket(new InetSocketAddress(ownPorts.address(), 0));
        }
        byte[] bytes = Json.text(marker).getBytes(StandardCharsets.US_ASCII);
        ownSocket.send(new DatagramPacket(bytes, bytes.length, ownPorts.address(), port));
    }

    void missing(long messages, long places) {
        lost.add(messages);
        gaps.add(places);
    }

    long handled() {
        return received.sum() + ignored.sum();
    }

    public long received() {
        return received.sum();
    }

    public long lost() {
        return lost.sum();
    }

    /** Places in the numbering where messages are missing; those of a script count when it has ended. */
    public long gaps() {
        return gaps.sum();
    }

    /** Datagrams that were no message for this controller. */
    public long ignored() {
        return ignored.sum();
    }

    @Override
    public synchronized void close() {
        looks.shutdownNow();
        ownPorts.close();
        if (ownSocket != null) {
            ownSocket.close();
        }
    }
}
