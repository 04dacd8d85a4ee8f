package pysmurf.controller.publisher;

import com.fasterxml.jackson.databind.JsonNode;
import io.netty.channel.Channel;
import java.io.IOException;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.LogMark;
import pysmurf.controller.session.PublisherCount;
import pysmurf.controller.session.Sessions;

/** Where the Publisher messages of one session arrive, of all its scripts; counts those that are missing. */
public final class Inlet {

    private static final Logger LOG = LoggerFactory.getLogger(Inlet.class);

    /** A full socket drops a marker, too. */
    private static final long MARK_AGAIN_MS = 200;
    /** What holds up messages for longer holds up everything. */
    private static final Duration MAX_STANDSTILL = Duration.ofSeconds(5);
    /** How long a file on a network that does not answer keeps the session open. */
    private static final Duration MAX_LOOK = Duration.ofSeconds(2);

    private final LiveSession session;
    private final Sessions sessions;
    private final int port;
    private final Channel ownSocket;
    private final PublisherInbox inbox;
    private final Arrivals arrivals;
    private final Arrivals.Count arrivedBefore;
    private final PublisherCount before;
    private final SequenceGaps messages;
    private final SequenceGaps markers = new SequenceGaps(0);
    private final String mark = UUID.randomUUID().toString();
    private final SequenceGaps.Source marking = new SequenceGaps.Source("", "", mark);
    private long marked;
    private long lastMarker = -1;
    private long queueDrops;
    private long markerDrops;
    private long lostReported;
    private long gapsReported;
    private CompletableFuture<Void> looks = CompletableFuture.completedFuture(null);

    /** @param ownSocket null where messages arrive at the controller's one listener */
    Inlet(
            PublisherInbox inbox,
            LiveSession session,
            Sessions sessions,
            int port,
            Channel ownSocket,
            Arrivals arrivals) {
        this.inbox = inbox;
        this.session = session;
        this.sessions = sessions;
        this.port = port;
        this.ownSocket = ownSocket;
        before = session.now().publisher();
        lostReported = before.lost();
        messages = new SequenceGaps(before.received() + before.lost());
        this.arrivals = arrivals;
        arrivedBefore = arrivals.at(port);
    }

    LiveSession session() {
        return session;
    }

    /** Where scripts send to. */
    public int port() {
        return port;
    }

    void note(SequenceGaps.Source source, long number) {
        messages.note(source, number);
    }

    synchronized void droppedFromQueue(boolean marker) {
        if (marker) {
            markerDrops++;
        } else {
            queueDrops++;
        }
    }

    /** Looks at a registered file, after those before it, on a thread that the file system may hold up. */
    synchronized void look(Runnable task, Executor threads) {
        looks = looks.thenRunAsync(
                () -> LogMark.around(session, () -> {
                    try {
                        task.run();
                    } catch (RuntimeException e) {
                        LOG.error("A file of session {} could not be registered", session.id(), e);
                    }
                }),
                threads);
    }

    synchronized void markerArrived(JsonNode marker) {
        if (marker.path("mark").asText().equals(mark)) {
            lastMarker = Math.max(lastMarker, marker.path("n").longValue());
            markers.note(marking, marker.path("n").longValue());
            notifyAll();
        }
    }

    /**
     * After a script has ended: waits until everything sent before this call is taken in, and reports in the session how many
     * messages are missing.
     */
    public void finish() {
        if (arrivals.settled(port).isSameAs(arrivedBefore)) {
            return;
        }
        try {
            if (!awaitMarker()) {
                sessions.message(session, "The last messages of the script's Publisher may be missing");
            }
            looks().get(MAX_LOOK.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            sessions.message(session, "A file that the script registered cannot be looked at yet");
        } catch (IOException | ExecutionException e) {
            LOG.error("Messages of session {} may be missing", session.id(), e);
            sessions.message(session, "The last messages of the script's Publisher may be missing: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        reportMissing();
    }

    private synchronized CompletableFuture<Void> looks() {
        return looks;
    }

    /**
     * Sends a marker to the socket and waits for it. A local datagram is in the socket's buffer when its sender's call returns, and
     * datagrams are taken in order, so the marker comes after all that was sent before.
     *
     * @return false if neither it nor anything else comes
     */
    private synchronized boolean awaitMarker() throws IOException, InterruptedException {
        long first = mark();
        long progress = inbox.handled();
        long since = System.nanoTime();
        while (lastMarker < first) {
            wait(MARK_AGAIN_MS);
            if (progress != inbox.handled()) {
                progress = inbox.handled();
                since = System.nanoTime();
            } else if (System.nanoTime() - since > MAX_STANDSTILL.toNanos()) {
                return false;
            }
            if (lastMarker < first) {
                mark();
            }
        }
        return true;
    }

    private long mark() throws IOException {
        inbox.send(
                Json.object()
                        .put("type", PublisherInbox.MARKER_TYPE)
                        .put("mark", mark)
                        .put("n", marked),
                port);
        return marked++;
    }

    private synchronized void reportMissing() {
        // the socket does not tell what it dropped
        long markersInSocket = Math.max(0, markers.lost() - markerDrops);
        // numbers miss the last ones, drops miss those that the Publisher failed to send
        long drops = arrivals.at(port).dropped() - arrivedBefore.dropped() + queueDrops - markersInSocket;
        long lost = before.lost() + Math.max(0, Math.max(messages.lost(), drops));
        if (lost > lostReported) {
            sessions.message(
                    session, (lost - lostReported) + " messages of the script's Publisher were lost on the way");
        }
        sessions.update(session, now -> now.lost(lost));
        inbox.missing(lost - lostReported, messages.gaps() - gapsReported);
        lostReported = lost;
        gapsReported = messages.gaps();
    }

    void close() {
        if (ownSocket != null) {
            ownSocket.close();
        }
    }
}
