package pysmurf.controller.driver;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Predicate;

/** Watches the server-sent events. */
public final class EventsWatcher implements AutoCloseable {

    /**
     * One event.
     *
     * @param id   as sent; null without
     * @param name the event's name
     * @param data its payload
     */
    public record Event(Long id, String name, JsonNode data) {}

    private final List<Event> events = new CopyOnWriteArrayList<>();
    private final HttpResponse<InputStream> response;

    private EventsWatcher(HttpResponse<InputStream> response) {
        this.response = response;
    }

    /** Watches what comes from now on. */
    public static EventsWatcher of(ControllerUnderTest controller) throws IOException, InterruptedException {
        return watch(controller.http().open("/api/v1/events"));
    }

    /** Watches what came after an event, and what comes from now on. */
    public static EventsWatcher after(ControllerUnderTest controller, long lastEventId)
            throws IOException, InterruptedException {
        return watch(controller.http().open("/api/v1/events", "Last-Event-ID", Long.toString(lastEventId)));
    }

    private static EventsWatcher watch(HttpResponse<InputStream> response) {
        if (response.statusCode() != 200) {
            throw new AssertionError("events: " + response.statusCode());
        }
        EventsWatcher watcher = new EventsWatcher(response);
        Thread thread = new Thread(watcher::read, "events-watcher");
        thread.setDaemon(true);
        thread.start();
        return watcher;
    }

    private void read() {
        try (BufferedReader lines =
                new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8))) {
            Long id = null;
            String name = null;
            JsonNode data = null;
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("id: ")) {
                    id = Long.valueOf(line.substring(4));
                } else if (line.startsWith("event: ")) {
                    name = line.substring(7);
                } else if (line.startsWith("data: ")) {
                    data = HttpClientOfController.JSON.readTree(line.substring(6));
                } else if (line.isEmpty() && data != null) {
                    events.add(new Event(id, name, data));
                    id = null;
                    name = null;
                    data = null;
                }
            }
        } catch (IOException closed) {
            // that is how watching ends
        }
    }

    /** What has come so far. */
    public List<Event> events() {
        return List.copyOf(events);
    }

    public String contentType() {
        return response.headers().firstValue("Content-Type").orElse("");
    }

    /** The first event of a name that is as wanted, as soon as it is there. */
    public Event await(String name, Predicate<JsonNode> wanted) {
        return await(name, wanted, ControllerUnderTest.PATIENCE);
    }

    /** As {@link #await(String, Predicate)}, within a time. */
    public Event await(String name, Predicate<JsonNode> wanted, Duration atMost) {
        return org.awaitility.Awaitility.await(name)
                .atMost(atMost)
                .pollInterval(Duration.ofMillis(5))
                .until(
                        () -> events.stream()
                                .filter(event -> event.name().equals(name) && wanted.test(event.data()))
                                .findFirst()
                                .orElse(null),
                        event -> event != null);
    }

    /** Returns when the session is done for this watcher. */
    public Event awaitDone(int sessionId) {
        return await(
                "session",
                data -> data.path("session_id").asInt() == sessionId
                        && data.path("status").asText().equals("done"));
    }

    /** All output lines of a session so far. */
    public List<String> lines(int sessionId) {
        return events.stream()
                .filter(event -> event.name().equals("output")
                        && event.data().path("session_id").asInt(-1) == sessionId)
                .flatMap(event -> Lines.of(event.data()))
                .toList();
    }

    @Override
    public void close() throws IOException {
        response.body().close();
    }
}
