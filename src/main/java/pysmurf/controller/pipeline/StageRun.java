package pysmurf.controller.pipeline;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.Collectors;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.Stage.State;

/**
 * One pass through the {@code script} block: the attempts still to be made and what came of those made. A stage that goes band by
 * band has one for each band, any other script has one. Used by the session's one thread.
 */
public final class StageRun {

    private final String stage;
    private final StageSettings settings;
    private final Deque<List<Integer>> attempts = new ArrayDeque<>();
    private final Double timeLimit;
    private final ObjectNode numbers = Json.object();
    private final List<String> warnings = new ArrayList<>();
    private State state = State.SUCCEEDED;
    private int retriesLeft;

    /**
     * @param stage null for a script that is no stage
     * @param bands the bands to work on; empty for an operation without bands
     * @param timeLimit the seconds that the route allows each attempt; null for no limit
     */
    StageRun(String stage, StageSettings settings, List<Integer> bands, Double timeLimit) {
        this.stage = stage;
        this.settings = settings;
        this.timeLimit = timeLimit;
        this.retriesLeft = settings.retries();
        if (settings.perBand()) {
            bands.forEach(band -> attempts.add(List.of(band)));
        } else {
            attempts.add(bands);
        }
    }

    /** A stage that is not part of the plan. */
    static StageRun none() {
        StageRun run = new StageRun(null, StageSettings.NONE, List.of(), null);
        run.attempts.clear();
        return run;
    }

    /** For the route's loop: whether the script is to be run, or to be run again. */
    public boolean isOpen() {
        return !attempts.isEmpty();
    }

    /** For the route: the bands of the next attempt, as scripts want them. */
    public String getBands() {
        return attempt().stream().map(String::valueOf).collect(Collectors.joining(","));
    }

    /** The bands of the next attempt. */
    List<Integer> attempt() {
        return attempts.element();
    }

    String stage() {
        return stage;
    }

    StageSettings settings() {
        return settings;
    }

    Double timeLimit() {
        return timeLimit;
    }

    ObjectNode numbers() {
        return numbers;
    }

    /** Notes something that did not end the operation. */
    void warn(State worse, String text) {
        state = worse;
        warnings.add(text);
    }

    State state() {
        return state;
    }

    /** What there is to say of the stage; null for nothing. */
    String detail() {
        return warnings.isEmpty() ? null : String.join("; ", warnings);
    }

    /** @return whether a retry was left, which is now used */
    boolean retry() {
        return retriesLeft-- > 0;
    }

    /** The attempt is over; the next is for the next band. */
    void settle() {
        attempts.remove();
        retriesLeft = settings.retries();
    }
}
