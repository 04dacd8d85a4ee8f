package pysmurf.controller.health;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.apache.camel.ExchangeProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.access.Role;
import pysmurf.controller.http.HttpReply;
import pysmurf.controller.http.HttpRequest;
import pysmurf.controller.session.Json;

/** The controller's health: a named check for each part it depends on. Thread-safe once built. */
public final class Health {

    /** How a part is; the worse of two is the later one here. */
    public enum State {
        UP,
        /** Commands are still taken and run. */
        DEGRADED,
        /** No command can be taken. */
        DOWN
    }

    /**
     * The result of one check.
     *
     * @param detail what there is to say; empty for nothing
     */
    public record Check(State state, String detail, Map<String, Object> data) {

        public static Check up(Map<String, Object> data) {
            return new Check(State.UP, "", data);
        }

        public static Check degraded(String detail, Map<String, Object> data) {
            return new Check(State.DEGRADED, detail, data);
        }

        public static Check down(String detail) {
            return new Check(State.DOWN, detail, Map.of());
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(Health.class);

    private final Map<String, Function<Boolean, Check>> checks = new LinkedHashMap<>();
    private final Supplier<Optional<String>> hindrance;

    /** @param hindrance why no command can be taken now; empty if one can */
    public Health(Supplier<Optional<String>> hindrance) {
        this.hindrance = hindrance;
    }

    /** Adds a check, before the first report. */
    public void add(String name, Supplier<Check> check) {
        checks.put(name, whole -> check.get());
    }

    /** As {@link #add(String, Supplier)}, for a check that tells admins (true) more than others. */
    public void add(String name, Function<Boolean, Check> check) {
        checks.put(name, check);
    }

    /** {@code GET /observe/health}: 503 only if no command can be taken. */
    public HttpReply report(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) {
        boolean whole = request.isFrom(Role.ADMIN);
        State worst = State.UP;
        ObjectNode list = Json.object();
        for (Map.Entry<String, Function<Boolean, Check>> entry : checks.entrySet()) {
            Check check = run(entry.getKey(), () -> entry.getValue().apply(whole));
            worst = check.state().compareTo(worst) > 0 ? check.state() : worst;
            ObjectNode item =
                    list.putObject(entry.getKey()).put("status", check.state().name());
            if (!check.detail().isEmpty()) {
                item.put("detail", check.detail());
            }
            check.data().forEach((name, value) -> item.set(name, Json.tree(value)));
        }
        ObjectNode report = Json.object().put("status", worst.name()).set("checks", list);
        return HttpReply.json(worst == State.DOWN ? 503 : 200, report);
    }

    /** {@code GET /observe/health/ready}: 503 if no command can be taken now. One that is refused as busy can be. */
    public HttpReply ready() {
        Optional<String> why = hindrance.get();
        ObjectNode report = Json.object().put("status", why.isEmpty() ? State.UP.name() : State.DOWN.name());
        why.ifPresent(text -> report.put("detail", text));
        return HttpReply.json(why.isEmpty() ? 200 : 503, report);
    }

    private static Check run(String name, Supplier<Check> check) {
        try {
            return check.get();
        } catch (RuntimeException e) {
            LOG.error("Health check {} failed", name, e);
            return Check.degraded("the check itself failed: " + e, Map.of());
        }
    }
}
