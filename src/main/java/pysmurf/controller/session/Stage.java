package pysmurf.controller.session;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonValue;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.Locale;

/**
 * One stage of a composed operation.
 *
 * @param name      e.g. {@code find_freq}
 * @param status    where it stands
 * @param startTime unix seconds; null until it starts
 * @param endTime   unix seconds; null until it ends
 * @param numbers   its results, keyed by band; empty until it ends
 * @param detail    why it failed or warned, e.g. the gate with value and limit; null otherwise
 */
public record Stage(
        String name,
        State status,
        BigDecimal startTime,
        BigDecimal endTime,
        ObjectNode numbers,
        @JsonInclude(JsonInclude.Include.NON_NULL) String detail) {

    /** Where a stage stands. */
    public enum State {
        NOT_RUN,
        RUNNING,
        SUCCEEDED,
        FAILED,
        WARNED,
        SKIPPED,
        ABORTED,
        TIMED_OUT;

        /** The word used on the wire. */
        @JsonValue
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The stage as it is before anything happened. */
    public static Stage notRun(String name) {
        return new Stage(name, State.NOT_RUN, null, null, Json.object(), null);
    }

    static Stage skipped(String name) {
        return new Stage(name, State.SKIPPED, null, null, Json.object(), null);
    }

    Stage started(BigDecimal time) {
        return new Stage(name, State.RUNNING, time, null, Json.object(), null);
    }

    Stage ended(State state, BigDecimal time, ObjectNode results, String why) {
        return new Stage(name, state, startTime, time, results, why);
    }
}
