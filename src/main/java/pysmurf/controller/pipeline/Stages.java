package pysmurf.controller.pipeline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.camel.Body;
import org.apache.camel.ExchangeProperty;
import pysmurf.controller.operation.Operation;
import pysmurf.controller.operation.Operations;
import pysmurf.controller.script.ScriptBinding;
import pysmurf.controller.script.ScriptResult;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.OperationFailure;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.Stage.State;

/**
 * The stages of an operation, as its route goes through them. Exit code 0 is not success: the gates decide. Thread-safe; what
 * belongs to one session is in its exchange.
 */
public final class Stages {

    private static final String PLAN = "plan";
    private static final String RUN = "stageRun";
    private static final String ALWAYS = ScriptBinding.ALWAYS;
    /** The stage whose failure degrades health. */
    private static final String SAFE_STATE = "safe_state";

    /** In place of a band: what is not of one band. */
    private static final int WHOLE = -1;

    private final Operations operations;
    private final Pipelines pipelines;
    private final Sessions sessions;
    private volatile String alarm;

    public Stages(Operations operations, Pipelines pipelines, Sessions sessions) {
        this.operations = operations;
        this.pipelines = pipelines;
        this.sessions = sessions;
    }

    /**
     * Plans which of the stages that the operation's route names are run.
     *
     * @throws OperationFailure if the parameters contradict each other
     */
    public Plan plan(@ExchangeProperty(ScriptBinding.SESSION) LiveSession session) {
        List<String> route =
                operations.find(session.opName()).map(Operation::stages).orElse(List.of());
        Plan plan = Plan.of(pipelines.of(session.opName()), route, session.params(), System.nanoTime());
        if (!plan.listed().isEmpty()) {
            sessions.planStages(session, plan.listed(), plan::isSkipped);
        }
        return plan;
    }

    /** For a dry run: the plan goes into the session's data, and that is all. */
    public void show(@ExchangeProperty(ScriptBinding.SESSION) LiveSession session, @ExchangeProperty(PLAN) Plan plan) {
        sessions.mergeData(session, Json.object().set("plan", plan.toJson()));
    }

    /** The route comes to a script. */
    public StageRun enter(
            @ExchangeProperty(ScriptBinding.SESSION) LiveSession session,
            @ExchangeProperty(PLAN) Plan plan,
            @ExchangeProperty("stage") String name,
            @ExchangeProperty("timeLimit") Double timeLimit,
            @ExchangeProperty(ALWAYS) boolean always) {
        if (name == null || name.isBlank()) {
            return new StageRun(null, StageSettings.NONE, List.of(), timeLimit);
        }
        if (!always && !plan.wants(name)) {
            return StageRun.none();
        }
        if (always) {
            // what a safeguard follows is over
            sessions.endStages(session, session.now().abort() == null ? Outcome.FAILED : Outcome.ABORTED);
        }
        sessions.stageStarted(session, name);
        List<Integer> bands = always ? allBands(plan) : plan.bands();
        return new StageRun(name, plan.settings(name), bands, timeLimit);
    }

    /** A band given up has to be made safe, too. */
    private static List<Integer> allBands(Plan plan) {
        return Stream.concat(plan.bands().stream(), plan.lost().keySet().stream())
                .sorted()
                .toList();
    }

    /**
     * The seconds the next attempt may take; null for no limit.
     *
     * @throws OperationFailure if the time for the whole operation is over
     */
    public Double limit(
            @ExchangeProperty(ScriptBinding.SESSION) LiveSession session,
            @ExchangeProperty(PLAN) Plan plan,
            @ExchangeProperty(RUN) StageRun run,
            @ExchangeProperty(ALWAYS) boolean always) {
        Double limit = least(run.timeLimit(), run.settings().timeout());
        Duration remaining = always || run.stage() == null ? null : plan.remaining(System.nanoTime());
        if (remaining == null) {
            return limit;
        }
        if (remaining.isNegative() || remaining.isZero()) {
            sessions.stageEnded(
                    session, run.stage(), State.TIMED_OUT, run.numbers(), "the time for the whole was over");
            throw new OperationFailure(Outcome.TIMED_OUT, "The time for the whole was over at " + run.stage());
        }
        return least(limit, remaining.toMillis() / 1000.0);
    }

    private static Double least(Double one, Double other) {
        if (one == null || other == null) {
            return one == null ? other : one;
        }
        return Math.min(one, other);
    }

    /**
     * An attempt has ended.
     *
     * @throws OperationFailure if the operation ends with it
     */
    public void judge(
            @ExchangeProperty(ScriptBinding.SESSION) LiveSession session,
            @ExchangeProperty(PLAN) Plan plan,
            @ExchangeProperty(RUN) StageRun run,
            @ExchangeProperty(ALWAYS) boolean always,
            @ExchangeProperty(ScriptBinding.RESULT) ScriptResult result) {
        if (run.stage() == null) {
            run.settle();
            result.requireSuccess();
            return;
        }
        JsonNode numbers = note(session, run, result);
        Map<Integer, String> faults = faults(run, result, numbers);
        if (run.stage().equals(SAFE_STATE)) {
            alarm = faults.isEmpty() ? null : "session " + session.id() + ": " + text(faults);
        }
        if (always) {
            safeguarded(session, run, faults);
        } else if (faults.isEmpty()) {
            run.settle();
        } else if (run.retry()) {
            sessions.message(session, run.stage() + " failed and is tried again: " + text(faults));
        } else {
            settle(session, plan, run, result, faults);
        }
    }

    /** What the attempt found: its numbers go to the stage, and whether they are simulated to the session. */
    private JsonNode note(LiveSession session, StageRun run, ScriptResult result) {
        ObjectNode report = result.getReport();
        if (report.path("numbers") instanceof ObjectNode numbers) {
            run.numbers().setAll(numbers);
        }
        ObjectNode origin = report.deepCopy().retain("simulated", "seed");
        if (!origin.isEmpty()) {
            sessions.mergeData(session, origin);
        }
        return report.path("numbers");
    }

    /**
     * A script that outlived a crash of the controller has ended. One that is all of its operation ends it as ever; behind a
     * stage of several the operation ends, too, since nothing else of its route's state outlived the crash.
     *
     * @throws OperationFailure if the operation did not succeed
     */
    public void judgeAdopted(@ExchangeProperty(ScriptBinding.SESSION) LiveSession session, @Body ScriptResult result) {
        String name = result.getStage();
        if (name == null) {
            result.requireSuccess();
            if (!operations.find(session.opName()).map(Operation::isOneScript).orElse(false)) {
                throw new OperationFailure(
                        Outcome.INTERRUPTED, "The controller died meanwhile; what would have followed was not done");
            }
            return;
        }
        StageSettings settings = pipelines.of(session.opName()).stage(name);
        StageRun run = new StageRun(name, settings, List.of(), null);
        JsonNode numbers = note(session, run, result);
        Map<Integer, String> faults = new LinkedHashMap<>();
        if (result.getOutcome() == Outcome.SUCCEEDED) {
            List<Integer> bands = new ArrayList<>();
            session.params().path("bands").forEach(band -> bands.add(band.intValue()));
            // which of them this attempt was for is not known any more: those it tells of
            List<Integer> told = bands.stream()
                    .filter(band -> numbers.has(Integer.toString(band)))
                    .toList();
            faults.putAll(gateFaults(settings, bands.isEmpty() ? List.of(WHOLE) : told, numbers));
        } else {
            faults.put(WHOLE, result.getDetail());
        }
        State state =
                switch (result.getOutcome()) {
                    case ABORTED -> State.ABORTED;
                    case TIMED_OUT -> State.TIMED_OUT;
                    default -> faults.isEmpty() ? State.SUCCEEDED : State.FAILED;
                };
        sessions.stageEnded(session, name, state, run.numbers(), faults.isEmpty() ? null : text(faults));
        throw new OperationFailure(
                Outcome.INTERRUPTED,
                "The controller died during " + name + ", which has ended; the stages behind it are not run");
    }

    /** A safeguard that fails is worth an alarm, but the operation ends as it would have. */
    private void safeguarded(LiveSession session, StageRun run, Map<Integer, String> faults) {
        if (!faults.isEmpty()) {
            run.warn(State.FAILED, text(faults));
            sessions.message(session, "ALARM: " + run.stage() + " failed: " + text(faults));
        }
        run.settle();
    }

    /** Why the crate may not be in a safe state; empty if there is no reason to think so. */
    public Optional<String> alarm() {
        return Optional.ofNullable(alarm);
    }

    /** What is wrong, by band; under {@link #WHOLE} what cannot be told of one band. */
    private static Map<Integer, String> faults(StageRun run, ScriptResult result, JsonNode numbers) {
        Map<Integer, String> faults = new LinkedHashMap<>();
        if (result.getOutcome() != Outcome.SUCCEEDED) {
            // a script that could not work on some bands names them, and why
            run.attempt().stream()
                    .filter(band -> result.getReport().path("errors").has(Integer.toString(band)))
                    .forEach(band -> faults.put(
                            band,
                            result.getReport()
                                    .path("errors")
                                    .path(Integer.toString(band))
                                    .asText()));
            if (faults.isEmpty()) {
                faults.put(run.attempt().size() == 1 ? run.attempt().get(0) : WHOLE, result.getDetail());
            }
            return faults;
        }
        return gateFaults(run.settings(), run.attempt().isEmpty() ? List.of(WHOLE) : run.attempt(), numbers);
    }

    private static Map<Integer, String> gateFaults(StageSettings settings, List<Integer> bands, JsonNode numbers) {
        Map<Integer, String> faults = new LinkedHashMap<>();
        for (int band : bands) {
            JsonNode ofBand = band == WHOLE ? numbers : numbers.path(Integer.toString(band));
            String text = settings.gates().stream()
                    .flatMap(gate -> gate.fault(ofBand).stream())
                    .collect(Collectors.joining(", "));
            if (!text.isEmpty()) {
                faults.put(band, text);
            }
        }
        return faults;
    }

    private static String text(Map<Integer, String> faults) {
        return faults.entrySet().stream()
                .map(entry ->
                        entry.getKey() == WHOLE ? entry.getValue() : "band " + entry.getKey() + ": " + entry.getValue())
                .collect(Collectors.joining("; "));
    }

    private void settle(
            LiveSession session, Plan plan, StageRun run, ScriptResult result, Map<Integer, String> faults) {
        boolean judged = result.getOutcome() == Outcome.SUCCEEDED;
        Plan.OnGateFail policy = plan.onGateFail();
        if (policy == Plan.OnGateFail.WARN && judged) {
            run.warn(State.WARNED, text(faults));
            sessions.message(session, "WARNING: " + run.stage() + ": " + text(faults));
            run.settle();
        } else if (policy == Plan.OnGateFail.SKIP_BAND
                && !faults.containsKey(WHOLE)
                && !faults.keySet().containsAll(plan.bands())) {
            faults.forEach((band, why) -> plan.lose(band, run.stage() + ": " + why));
            run.warn(State.WARNED, text(faults));
            sessions.message(session, "Given up in " + run.stage() + ": " + text(faults));
            run.settle();
        } else {
            Outcome outcome = judged ? Outcome.FAILED : result.getOutcome();
            sessions.stageEnded(
                    session,
                    run.stage(),
                    outcome == Outcome.TIMED_OUT ? State.TIMED_OUT : State.FAILED,
                    run.numbers(),
                    text(faults));
            throw new OperationFailure(outcome, run.stage() + " failed: " + text(faults));
        }
    }

    /** The route leaves the script behind. */
    public void leave(
            @ExchangeProperty(ScriptBinding.SESSION) LiveSession session, @ExchangeProperty(RUN) StageRun run) {
        if (run.stage() != null) {
            sessions.stageEnded(session, run.stage(), run.state(), run.numbers(), run.detail());
        }
    }

    /**
     * All stages are behind.
     *
     * @throws OperationFailure if bands were given up on the way
     */
    public void conclude(@ExchangeProperty(PLAN) Plan plan) {
        if (!plan.lost().isEmpty()) {
            throw new OperationFailure(Outcome.PARTIAL, "Bands were given up: " + text(plan.lost()));
        }
    }
}
