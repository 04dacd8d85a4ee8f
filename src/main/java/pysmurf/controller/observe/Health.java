package pysmurf.controller.observe;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The controller's health: a named check for each part it depends on. Parts add theirs before the first report. */
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

        /** Up, unless there is a fault. */
        public static Check degradedBy(Optional<String> fault, Map<String, Object> data) {
            return fault.map(text -> degraded(text, data)).orElseGet(() -> up(data));
        }

        /** The same, where no command can be taken with the fault. */
        public static Check downBy(Optional<String> fault, Map<String, Object> data) {
            return fault.map(Check::down).orElseGet(() -> up(data));
        }
    }

    /**
     * All checks together.
     *
     * @param checks what each found, by name
     */
    public record Report(State status, Map<String, Object> checks) {

        /** The names of the checks that are not up. */
        public List<String> faulty() {
            return checks.entrySet().stream()
                    .filter(check -> ((Map<?, ?>) check.getValue()).get("status") != State.UP)
                    .map(Map.Entry::getKey)
                    .toList();
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(Health.class);

    private final Map<String, Function<Boolean, Check>> checks = new LinkedHashMap<>();
    private final List<Supplier<Optional<String>>> hindrances = new ArrayList<>();

    /** Adds a look at why no command can be taken now, which finds nothing if one can. */
    public void addHindrance(Supplier<Optional<String>> hindrance) {
        hindrances.add(hindrance);
    }

    /** Adds a check, before the first report. */
    public void add(String name, Supplier<Check> check) {
        checks.put(name, whole -> check.get());
    }

    /** As {@link #add(String, Supplier)}, for a check that tells admins (true) more than others. */
    public void add(String name, Function<Boolean, Check> check) {
        checks.put(name, check);
    }

    /** Why no command can be taken now; empty if one can. One that is refused as busy can be. */
    public Optional<String> hindrance() {
        return hindrances.stream().map(Supplier::get).flatMap(Optional::stream).findFirst();
    }

    /**
     * Looks at every part.
     *
     * @param whole whether it is for an admin
     */
    public Report report(boolean whole) {
        State worst = State.UP;
        Map<String, Object> list = new LinkedHashMap<>();
        for (Map.Entry<String, Function<Boolean, Check>> entry : checks.entrySet()) {
            Check check = run(entry.getKey(), () -> entry.getValue().apply(whole));
            worst = check.state().compareTo(worst) > 0 ? check.state() : worst;
            Map<String, Object> item = new LinkedHashMap<>();
            item.put("status", check.state());
            if (!check.detail().isEmpty()) {
                item.put("detail", check.detail());
            }
            item.putAll(check.data());
            list.put(entry.getKey(), item);
        }
        return new Report(worst, list);
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
