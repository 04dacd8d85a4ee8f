package pysmurf.controller.page;

import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import org.apache.camel.CamelContext;
import pysmurf.controller.http.HttpReply;
import pysmurf.controller.session.Json;

/** Which controller this is. Immutable. */
public final class ControllerView {

    private final String id;
    private final String slot;
    private final Supplier<Optional<String>> broker;
    private final CamelContext context;
    private final Instant startTime;

    /**
     * @param slot      the crate slot; empty for none
     * @param broker    where the broker is, as soon as that is known
     * @param startTime when the controller started
     */
    public ControllerView(
            String id, String slot, Supplier<Optional<String>> broker, CamelContext context, Instant startTime) {
        this.id = id;
        this.slot = slot;
        this.broker = broker;
        this.context = context;
        this.startTime = startTime;
    }

    /** {@code GET /api/v1/controller}: its name, where its topics are, its versions. */
    public HttpReply show() {
        Package own = ControllerView.class.getPackage();
        return HttpReply.json(
                200,
                Json.object()
                        .put("id", id)
                        .put("slot", slot.isEmpty() ? null : slot)
                        .put("start_time", startTime.toEpochMilli() / 1000.0)
                        .put("version", Objects.requireNonNullElse(own.getImplementationVersion(), "unpackaged"))
                        .put("camel_version", context.getVersion())
                        .put("java_version", Runtime.version().toString())
                        .put("mqtt_topic_root", "pysmurf/" + id)
                        .put("broker", broker.get().orElse(null)));
    }
}
