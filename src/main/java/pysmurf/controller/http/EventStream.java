package pysmurf.controller.http;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.time.Clock;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.apache.camel.Body;
import org.apache.camel.ExchangeProperty;
import pysmurf.controller.assembly.MemoryBudget;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.SessionEvent;
import pysmurf.controller.sink.OutputGaps;

/**
 * The server-sent events of {@code GET /api/v1/events}. The last events are remembered, within bounds, and every watcher reads from
 * that memory at its own speed. A slow watcher loses output lines, learns how many, and delays no other.
 */
public final class EventStream implements AutoCloseable {

    private static final int MAX_EVENTS = 16 * 1024;
    private static final Map<String, String> HEADERS =
            Map.of("Content-Type", "text/event-stream; charset=utf-8", "X-Accel-Buffering", "no");

    private static final long COMMENT_EVERY_MS = 15_000;

    /**
     * An event as it is sent; the lines it was made of are not kept beside their JSON.
     *
     * @param json        gives what is sent; nothing where there is only something missing to be told of
     * @param size        about how many characters that is
     * @param linesBefore output lines in everything before this event, also in what never got here
     * @param linesUpTo   the same with its own
     */
    private record Entry(long id, String name, Supplier<String> json, int size, long linesBefore, long linesUpTo) {}

    /** By id. */
    private final NavigableMap<Long, Entry> memory = new TreeMap<>();

    private final MemoryBudget budget;
    private final OutputGaps gaps = new OutputGaps();
    private final Set<Watcher> watchers = ConcurrentHashMap.newKeySet();
    private long nextId;
    private long chars;
    private long lines;

    /** @param clock where ids begin, so that they rise over restarts and an old Last-Event-ID is known to be old */
    public EventStream(Clock clock, MemoryBudget budget) {
        this.budget = budget;
        budget.addStreams(1);
        this.nextId = clock.millis() * 1000;
    }

    /** Remembers an event and wakes the watchers. */
    public void publish(@Body SessionEvent event) {
        // what nobody watches is made when somebody asks for it, since scripts may publish more than anybody reads
        if (event.getType() != SessionEvent.Type.DATA || !watchers.isEmpty()) {
            // watchers wait for nothing but their own turn: no JSON is made while they do
            event.getParts().forEach(SessionEvent::getJson);
        }
        remember(event);
        watchers.forEach(Watcher::wake);
    }

    private synchronized void remember(SessionEvent event) {
        long missing = gaps.before(event);
        if (event.getType() == SessionEvent.Type.END && missing == 0) {
            return;
        }
        long linesBefore = lines + missing;
        lines = linesBefore
                + (event.getOutput() == null ? 0 : event.getOutput().lines().size());
        for (SessionEvent part : event.getParts()) {
            Supplier<String> json = part::getJson;
            int size = part.weight();
            if (event.getType() != SessionEvent.Type.DATA) {
                // nothing of the event is kept beside it
                String text = event.getType() == SessionEvent.Type.END ? "" : part.getJson();
                json = () -> text;
                size = text.length();
            }
            makeRoom(size);
            memory.put(nextId, new Entry(nextId, part.getName(), json, size, linesBefore, lines));
            nextId++;
            chars += size;
        }
    }

    private void makeRoom(int size) {
        long maxChars = budget.rememberedChars();
        while (!memory.isEmpty() && (memory.size() >= MAX_EVENTS || chars + size > maxChars)) {
            chars -= memory.pollFirstEntry().getValue().size();
        }
    }

    /** The first event remembered after an id; null if there is none yet. */
    private synchronized Entry after(long id) {
        Map.Entry<Long, Entry> next = memory.higherEntry(id);
        return next == null ? null : next.getValue();
    }

    /** Gives its share back. */
    @Override
    public void close() {
        budget.addStreams(-1);
    }

    /** {@code GET /api/v1/events}; begins after {@code Last-Event-ID} as far as that is remembered, else with what comes. */
    public ResponseStream open(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) {
        return context -> {
            if (ResponseStream.begin(context, HEADERS)) {
                new Watcher(context).start(request.lastEventId());
            }
        };
    }

    /** How many watchers there are. */
    public int watchers() {
        return watchers.size();
    }

    private final class Watcher {

        private final Vertx vertx;
        private final Context eventLoop;
        private final HttpServerResponse response;
        private long lastId;
        private long linesSeen;
        private long timer;
        private boolean pumping;
        private volatile boolean awake;

        Watcher(RoutingContext context) {
            this.vertx = context.vertx();
            this.eventLoop = vertx.getOrCreateContext();
            this.response = context.response();
        }

        void start(String lastEventId) {
            response.closeHandler(gone -> stop());
            response.exceptionHandler(gone -> stop());
            response.drainHandler(v -> pump());
            resumeFrom(lastEventId);
            response.write(": pysmurf-controller\nretry: 1000\n\n");
            timer = vertx.setPeriodic(COMMENT_EVERY_MS, t -> response.write(": still here\n\n"));
            watchers.add(this);
            pump();
        }

        private void resumeFrom(String lastEventId) {
            synchronized (EventStream.this) {
                lastId = nextId - 1;
                linesSeen = lines;
                if (lastEventId != null && lastEventId.matches("\\d{1,18}") && Long.parseLong(lastEventId) != lastId) {
                    // an id of an earlier life of the controller, or one forgotten, resumes with what is remembered;
                    // so does one that was not given yet: in that earlier life the clock was ahead
                    long known = Long.parseLong(lastEventId);
                    lastId = known > lastId ? -1 : known;
                    Entry next = after(lastId);
                    linesSeen = next == null ? lines : next.linesBefore();
                }
            }
        }

        void wake() {
            if (!awake) {
                awake = true;
                eventLoop.runOnContext(v -> pump());
            }
        }

        private void pump() {
            awake = false;
            if (pumping) {
                // a write may call the drain handler before it returns
                return;
            }
            pumping = true;
            try {
                while (!response.ended() && !response.closed() && !response.writeQueueFull()) {
                    Entry entry = after(lastId);
                    if (entry == null) {
                        return;
                    }
                    send(entry);
                    lastId = entry.id();
                    linesSeen = entry.linesUpTo();
                }
            } finally {
                pumping = false;
            }
        }

        private void send(Entry entry) {
            if (entry.linesBefore() > linesSeen) {
                send(
                        "",
                        "output",
                        Json.object()
                                .put("dropped", entry.linesBefore() - linesSeen)
                                .toString());
            }
            String json = entry.json().get();
            if (!json.isEmpty()) {
                send("id: " + entry.id() + "\n", entry.name(), json);
            }
        }

        private void send(String id, String name, String json) {
            response.write(id + "event: " + name + "\ndata: " + json + "\n\n");
        }

        private void stop() {
            vertx.cancelTimer(timer);
            watchers.remove(this);
        }
    }
}
