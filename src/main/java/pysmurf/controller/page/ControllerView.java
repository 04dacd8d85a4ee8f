package pysmurf.controller.page;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.camel.CamelContext;
import pysmurf.controller.http.HttpReply;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.Sessions;

/** Which controller this is, and what runs on it. Thread-safe. */
public final class ControllerView {

    private final String id;
    private final String slot;
    private final Supplier<Optional<String>> broker;
    private final CamelContext context;
    private final Instant startTime;
    private final Sessions sessions;

    /**
     * @param slot      the crate slot; empty for none
     * @param broker    where the broker is, as soon as that is known
     * @param startTime when the controller started
     * @param sessions  those that it runs
     */
    public ControllerView(
            String id,
            String slot,
            Supplier<Optional<String>> broker,
            CamelContext context,
            Instant startTime,
            Sessions sessions) {
        this.id = id;
        this.slot = slot;
        this.broker = broker;
        this.context = context;
        this.startTime = startTime;
        this.sessions = sessions;
    }

    /** {@code GET /api/v1/controller}: its name, where its topics are, its versions, what runs. */
    public HttpReply show() {
        Package own = ControllerView.class.getPackage();
        ObjectNode view = Json.object()
                .put("id", id)
                .put("slot", slot.isEmpty() ? null : slot)
                .put("start_time", Json.seconds(startTime))
                .put("version", Objects.requireNonNullElse(own.getImplementationVersion(), "unpackaged"))
                .put("camel_version", context.getVersion())
                .put("java_version", Runtime.version().toString())
                .put("mqtt_topic_root", "pysmurf/" + id)
                .put("broker", broker.get().orElse(null));
        view.set("status", sessions.statusJson(true));
        ArrayNode running = view.putArray("running");
        sessions.unfinished().forEach(session -> running.add(session.id()));
        return HttpReply.json(200, view);
    }
}
