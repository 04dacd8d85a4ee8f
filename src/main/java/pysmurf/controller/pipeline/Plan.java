package pysmurf.controller.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.OperationFailure;
import pysmurf.controller.session.Outcome;

/**
 * What one session of a composed operation is going to do, and how far its bands have come. Used by the session's one thread.
 */
public final class Plan {

    /** What is done about a band whose numbers are out of their limits. */
    enum OnGateFail {
        STOP,
        WARN,
        SKIP_BAND
    }

    private final PipelineSettings settings;
    private final List<String> listed;
    private final Set<String> skipped;
    private final List<Integer> bands = new ArrayList<>();
    private final Map<Integer, String> lost = new LinkedHashMap<>();
    private final OnGateFail onGateFail;
    /** By {@link System#nanoTime}, which a clock that is set does not change; null for no limit. */
    private final Long deadline;

    private final boolean simulated;
    private final boolean dryRun;

    private Plan(PipelineSettings settings, List<String> listed, Set<String> skipped, JsonNode params, long nanoTime) {
        this.settings = settings;
        this.listed = listed;
        this.skipped = skipped;
        params.path("bands").forEach(band -> bands.add(band.intValue()));
        this.onGateFail =
                OnGateFail.valueOf(params.path("on_gate_fail").asText("stop").toUpperCase(Locale.ROOT));
        JsonNode timeout = params.path("timeout");
        this.deadline = timeout.isNumber() ? nanoTime + Math.round(timeout.doubleValue() * 1e9) : null;
        this.simulated = params.path("simulate").asBoolean(true);
        this.dryRun = params.path("dry_run").asBoolean();
    }

    /**
     * Makes the plan.
     *
     * @param  route            the stages in the order of the route
     * @param  params           the session's parameters: {@code preset}, {@code from_stage}, {@code to_stage}, {@code skip}
     * @param  nanoTime         {@link System#nanoTime} as the operation begins
     * @throws OperationFailure if they contradict each other
     */
    static Plan of(PipelineSettings settings, List<String> route, JsonNode params, long nanoTime) {
        List<String> listed = route;
        String preset = params.path("preset").asText("");
        if (!settings.presets().isEmpty() && !preset.isEmpty()) {
            List<String> wanted = settings.presets().get(preset);
            if (wanted == null) {
                throw new OperationFailure(Outcome.FAILED, "preset: there is no preset " + preset);
            }
            listed = route.stream().filter(wanted::contains).toList();
        }
        int from = index(listed, params, "from_stage", 0);
        int to = index(listed, params, "to_stage", listed.size() - 1);
        if (from > to && !listed.isEmpty()) {
            throw new OperationFailure(Outcome.FAILED, "from_stage: comes after to_stage");
        }
        Set<String> skipped = new TreeSet<>();
        skipped.addAll(listed.subList(0, from));
        skipped.addAll(listed.subList(to + 1, listed.size()));
        params.path("skip").forEach(stage -> skipped.add(stage.asText()));
        return new Plan(settings, listed, skipped, params, nanoTime);
    }

    private static int index(List<String> stages, JsonNode params, String name, int otherwise) {
        if (!params.path(name).isTextual()) {
            return otherwise;
        }
        int index = stages.indexOf(params.path(name).textValue());
        if (index < 0) {
            throw new OperationFailure(
                    Outcome.FAILED,
                    name + ": " + params.path(name).textValue() + " is none of this plan's stages ("
                            + String.join(", ", stages) + ")");
        }
        return index;
    }

    /** For routes: whether nothing is run, and the plan only shown; an operation without stages has none to show. */
    public boolean isDryRun() {
        return dryRun && !listed.isEmpty();
    }

    /** The stages of the plan, in order, also those that are skipped. */
    List<String> listed() {
        return listed;
    }

    boolean isSkipped(String stage) {
        return skipped.contains(stage);
    }

    /** The stages that will run. */
    List<String> wanted() {
        return listed.stream().filter(stage -> !skipped.contains(stage)).toList();
    }

    /** Whether a stage is part of the plan; safe_state, which no plan names, always is. */
    boolean wants(String stage) {
        return !skipped.contains(stage)
                && (listed.contains(stage) || settings.presets().isEmpty());
    }

    StageSettings settings(String stage) {
        return settings.stage(stage);
    }

    OnGateFail onGateFail() {
        return onGateFail;
    }

    /** The bands still worked on. */
    List<Integer> bands() {
        return List.copyOf(bands);
    }

    /** Gives a band up. */
    void lose(int band, String why) {
        bands.remove(Integer.valueOf(band));
        lost.put(band, why);
    }

    /** The bands given up, and why. */
    Map<Integer, String> lost() {
        return lost;
    }

    /** What is left of the time for the whole; null for no limit. Zero or less: it is over. */
    Duration remaining(long nanoTime) {
        return deadline == null ? null : Duration.ofNanos(deadline - nanoTime);
    }

    /** The plan as it is shown: stages and seconds. */
    ObjectNode toJson() {
        double seconds = 0;
        for (String stage : wanted()) {
            StageSettings stageSettings = settings.stage(stage);
            double once = simulated ? stageSettings.estimateSimulated() : stageSettings.estimate();
            seconds += once * (stageSettings.perBand() ? Math.max(1, bands.size()) : 1);
        }
        ObjectNode json = Json.object();
        json.set("stages", Json.tree(wanted()));
        json.set("bands", Json.tree(bands));
        json.put("estimate_s", Math.round(seconds * 10) / 10.0);
        return json;
    }
}
