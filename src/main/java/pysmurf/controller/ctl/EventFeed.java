package pysmurf.controller.ctl;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import pysmurf.controller.session.Json;

/**
 * A controller's server-sent events, as they come. A lost connection is made again, from the last event that came. The next
 * event may be asked for by one thread, and any may close it.
 */
final class EventFeed implements AutoCloseable {

    /**
     * One event.
     *
     * @param id   null for one that cannot be resumed from
     * @param name such as {@code session}
     * @param text its payload as it came
     * @param data the same as JSON
     */
    record Event(String id, String name, String text, JsonNode data) {

        /** The session that it is about; -1 for none. */
        int sessionId() {
            return data.path("session_id").asInt(-1);
        }
    }

    static final String LOST = "The connection to the controller is lost; trying again.";
    static final String BACK = "The controller answers again.";

    /** A reader that is slower than this holds up the connection, and the controller then tells how much was left out. */
    private static final int MOST_WAITING = 1000;
    /** Three times as long as the controller ever is silent. */
    private static final Duration LONGEST_SILENCE = Duration.ofSeconds(45);

    private static final Duration BEFORE_RECONNECT = Duration.ofSeconds(1);

    private final ControllerClient client;
    private final Set<String> wanted;
    private final Consumer<String> notice;
    private final BlockingQueue<Event> events = new LinkedBlockingQueue<>(MOST_WAITING);
    private final Thread reader = new Thread(this::read, "events");
    private volatile InputStream stream;
    private volatile long lastHeard = System.nanoTime();
    private volatile boolean closed;
    private String lastId;

    private EventFeed(ControllerClient client, Set<String> wanted, Consumer<String> notice, InputStream stream) {
        this.client = client;
        this.wanted = wanted;
        this.notice = notice;
        this.stream = stream;
        reader.setDaemon(true);
    }

    /**
     * Begins with what comes from now on.
     *
     * @param wanted names of events; those of other names are left out
     * @param notice told in words when the connection goes and comes
     */
    static EventFeed open(ControllerClient client, Set<String> wanted, Consumer<String> notice)
            throws Refusal, Unreachable, InterruptedException {
        EventFeed feed = new EventFeed(client, wanted, notice, client.open("/api/v1/events"));
        feed.reader.start();
        return feed;
    }

    /** The next event; null if none came in this time. */
    Event next(Duration atMost) throws InterruptedException {
        Event event = events.poll(atMost.toNanos(), TimeUnit.NANOSECONDS);
        if (event == null && System.nanoTime() - lastHeard > LONGEST_SILENCE.toNanos()) {
            // a host that is gone closes nothing; the reader finds out now
            lastHeard = System.nanoTime();
            close(stream);
        }
        return event;
    }

    private void read() {
        boolean lost = false;
        while (!closed) {
            try {
                if (lost) {
                    Thread.sleep(BEFORE_RECONNECT.toMillis());
                    stream = lastId == null
                            ? client.open("/api/v1/events")
                            : client.open("/api/v1/events", "Last-Event-ID", lastId);
                    notice.accept(BACK);
                    lost = false;
                }
                readStream();
            } catch (IOException | Unreachable | Refusal e) {
                // told below, once, and tried again for as long as somebody waits for events
                lastHeard = System.nanoTime();
            } catch (InterruptedException e) {
                return;
            }
            if (!lost && !closed) {
                notice.accept(LOST);
                lost = true;
            }
        }
        close(stream);
    }

    /** Reads until the connection ends (HTML Living Standard, 9.2.6, as far as the controller makes use of it). */
    private void readStream() throws IOException, InterruptedException {
        try (BufferedReader lines = new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8))) {
            String id = null;
            String name = "message";
            StringBuilder data = new StringBuilder();
            for (String line = lines.readLine(); line != null && !closed; line = lines.readLine()) {
                lastHeard = System.nanoTime();
                if (line.startsWith("id: ")) {
                    id = line.substring(4);
                } else if (line.startsWith("event: ")) {
                    name = line.substring(7);
                } else if (line.startsWith("data: ")) {
                    data.append(line, 6, line.length());
                } else if (line.isEmpty()) {
                    if (wanted.contains(name) && !data.isEmpty()) {
                        events.put(event(id, name, data.toString()));
                    }
                    lastId = id == null ? lastId : id;
                    id = null;
                    name = "message";
                    data.setLength(0);
                }
            }
        }
    }

    private static Event event(String id, String name, String text) throws JsonProcessingException {
        return new Event(id, name, text, Json.read(text.getBytes(StandardCharsets.UTF_8)));
    }

    @Override
    public void close() {
        closed = true;
        reader.interrupt();
        close(stream);
    }

    private static void close(InputStream stream) {
        try {
            stream.close();
        } catch (IOException e) {
            // it was to be gone, and is
            return;
        }
    }
}
