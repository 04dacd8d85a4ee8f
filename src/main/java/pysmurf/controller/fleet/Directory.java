package pysmurf.controller.fleet;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.Body;
import org.apache.camel.Header;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.session.Json;

/**
 * All controllers at the broker, of this process and of others, as they tell of themselves. One for the process: what is heard once is
 * enough for all controllers in it. Thread-safe.
 */
public final class Directory {

    private static final Logger LOG = LoggerFactory.getLogger(Directory.class);

    private static final Pattern TOPIC = Pattern.compile("pysmurf/([A-Za-z0-9_][A-Za-z0-9_-]*)/(status|reply|session)");
    private static final Pattern DIGITS = Pattern.compile("\\d+");
    private static final int MAX_CONTROLLERS = 1000;
    private static final int MAX_STATUS_BYTES = 16 * 1024;
    private static final List<String> FIELDS = List.of(
            "online",
            "busy",
            "session_id",
            "op_name",
            "since",
            "slot",
            "host",
            "url",
            "stage",
            "stage_number",
            "stages",
            "last_outcome");
    /** What only one that is online is in the middle of. */
    private static final List<String> OF_THE_MOMENT =
            List.of("session_id", "op_name", "stage", "stage_number", "stages");
    /** When the broker is back, all controllers have told their status again after this long. */
    private static final long ALL_BACK_NANOS = TimeUnit.SECONDS.toNanos(15);
    /** A broker tells all retained states at once; this long after the first one, none is missing. */
    private static final long ALL_TOLD_NANOS = TimeUnit.SECONDS.toNanos(1);

    /** crate2 is before crate10. */
    static final Comparator<String> BY_ID = Comparator.comparing(
                    (String id) -> DIGITS.matcher(id).replaceAll(number -> padded(number.group())))
            .thenComparing(Comparator.naturalOrder());

    /** What a message tells. */
    enum Kind {
        STATUS,
        REPLY,
        SESSION
    }

    /** Wants to hear what controllers answer and tell. It is called on a thread that must not wait. */
    @FunctionalInterface
    interface Ear {

        void heard(String controller, Kind kind, JsonNode payload);
    }

    private final Supplier<Map<String, Supplier<ObjectNode>>> own;
    private final BooleanSupplier listening;
    private final LongSupplier nanos;
    private final Map<String, ObjectNode> statuses = new ConcurrentSkipListMap<>(BY_ID);
    private final Set<Ear> ears = ConcurrentHashMap.newKeySet();
    /** Since when it listens, by {@link System#nanoTime}; null until that is known. */
    private volatile Long listensSince;
    /** Those that told their status since the broker went away. */
    private final Set<String> heardAgain = ConcurrentHashMap.newKeySet();
    /** Whether the broker went away, and it is not known yet who did so with it. */
    private boolean lost;
    /** Since when it is back; null while it is not. */
    private Long backSince;

    /**
     * @param own       the controllers of this process, which need not be heard to be known: their states, by id
     * @param listening whether all that is told from now on is heard
     */
    public Directory(Supplier<Map<String, Supplier<ObjectNode>>> own, BooleanSupplier listening) {
        this(own, listening, System::nanoTime);
    }

    Directory(Supplier<Map<String, Supplier<ObjectNode>>> own, BooleanSupplier listening, LongSupplier nanos) {
        this.own = own;
        this.listening = listening;
        this.nanos = nanos;
    }

    private static String padded(String number) {
        return "0".repeat(Math.max(0, 9 - number.length())) + number;
    }

    /** For the routes of the process: a message on one of the topics that controllers tell of themselves on. */
    public void heard(@Header("CamelMqttTopic") String topic, @Body byte[] payload) {
        Matcher matcher = TOPIC.matcher(topic);
        if (!matcher.matches()) {
            return;
        }
        Kind kind = Kind.valueOf(matcher.group(2).toUpperCase(Locale.ROOT));
        // sessions are large, and only fleets read them
        if (kind == Kind.STATUS ? payload.length <= MAX_STATUS_BYTES : !ears.isEmpty()) {
            read(matcher.group(1), kind, payload);
        }
    }

    private void read(String controller, Kind kind, byte[] payload) {
        JsonNode json = Json.object();
        try {
            json = payload.length == 0 ? json : Json.readLenient(payload);
        } catch (JsonProcessingException e) {
            LOG.debug("What {} tells as {} is no JSON: {}", controller, kind, e.getOriginalMessage());
            return;
        }
        if (kind == Kind.STATUS) {
            heardAgain.add(controller);
            note(controller, json);
        }
        tell(controller, kind, json);
    }

    private void tell(String controller, Kind kind, JsonNode json) {
        for (Ear ear : ears) {
            ear.heard(controller, kind, json);
        }
    }

    private void note(String controller, JsonNode json) {
        noteThatItListens();
        if (json.isEmpty()) {
            // someone has cleared what the broker kept of a controller that is no more
            statuses.remove(controller);
        } else if (json instanceof ObjectNode status
                && (statuses.containsKey(controller) || statuses.size() < MAX_CONTROLLERS)) {
            ObjectNode kept = Json.object().setAll(status.retain(FIELDS));
            statuses.compute(controller, (id, before) -> kept.path("online").asBoolean() ? kept : gone(before, kept));
        }
    }

    /** What a will tells of the moment is of when its controller connected. */
    private static ObjectNode gone(ObjectNode before, ObjectNode told) {
        told.put("busy", false).putNull("since");
        OF_THE_MOMENT.forEach(told::putNull);
        if (before != null) {
            boolean now = before.path("online").asBoolean();
            told.set("since", now ? Json.tree(Json.seconds(Instant.now())) : before.path("since"));
            told.set("last_outcome", before.get("last_outcome"));
        }
        return told;
    }

    /**
     * To be called again and again, more often than a connection that is lost is back. Where the broker has died together with a
     * controller, no message tells of that one: it is offline unless it is heard again.
     */
    public synchronized void look() {
        if (!listening.getAsBoolean()) {
            if (!lost || backSince != null) {
                heardAgain.clear();
            }
            lost = true;
            backSince = null;
        } else if (lost && backSince == null) {
            backSince = nanos.getAsLong();
        } else if (lost && nanos.getAsLong() - backSince > ALL_BACK_NANOS) {
            lost = false;
            Set<String> here = own.get().keySet();
            statuses.forEach((id, status) -> {
                if (status.path("online").asBoolean() && !heardAgain.contains(id) && !here.contains(id)) {
                    LOG.warn("{} was not heard again since the broker is back: it counts as offline", id);
                    ObjectNode offline = status.deepCopy().put("online", false);
                    note(id, offline);
                    tell(id, Kind.STATUS, offline);
                }
            });
        }
    }

    private void noteThatItListens() {
        if (listensSince == null) {
            listensSince = System.nanoTime();
        }
    }

    /** Whether all controllers that the broker knows have been heard. */
    boolean isComplete() {
        if (listensSince == null && listening.getAsBoolean()) {
            noteThatItListens();
        }
        Long since = listensSince;
        return since != null && System.nanoTime() - since > ALL_TOLD_NANOS;
    }

    /** The ids of all that have been heard, online or not, in order. */
    Collection<String> known() {
        Set<String> ids = new TreeSet<>(BY_ID);
        ids.addAll(statuses.keySet());
        ids.addAll(own.get().keySet());
        return ids;
    }

    /** What a controller last said of itself; empty if nothing was heard of it. */
    Optional<JsonNode> status(String controller) {
        // one that tells it while this begins to listen may not be heard
        return Optional.ofNullable(own.get().get(controller))
                .<JsonNode>map(Supplier::get)
                .or(() -> Optional.ofNullable(statuses.get(controller)));
    }

    void add(Ear ear) {
        ears.add(ear);
    }

    void remove(Ear ear) {
        ears.remove(ear);
    }

    /** For a list of controllers: those that are not in this process. */
    public List<ObjectNode> others() {
        Set<String> here = own.get().keySet();
        return statuses.entrySet().stream()
                .filter(entry -> !here.contains(entry.getKey()))
                .map(entry -> {
                    ObjectNode row = Json.object().put("id", entry.getKey());
                    FIELDS.forEach(field -> row.putNull(field));
                    row.setAll(entry.getValue());
                    return row.putNull("health");
                })
                .toList();
    }
}
