package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.util.List;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import pysmurf.controller.session.Json;

/** {@code tune}: the operation tune_squids, its progress and its results. */
@Command(
        name = "tune",
        description = {
            "Tunes the SQUIDs of some bands (tune_squids), shows its progress and its results.",
            "The controller's defaults apply to what is left out. Ctrl-C aborts it; a second Ctrl-C leaves it to itself."
        })
final class TuneCommand extends StartingCommand {

    @Option(names = "--bands", paramLabel = "N", split = ",", description = "Bands to tune, such as 0,1.")
    private List<Integer> bands;

    @Option(names = "--preset", paramLabel = "NAME", description = "Which stages: setup, relock, check, full.")
    private String preset;

    @Option(
            names = {"--from", "--from-stage"},
            paramLabel = "STAGE",
            description = "Skip the stages before this one.")
    private String from;

    @Option(
            names = {"--to", "--to-stage"},
            paramLabel = "STAGE",
            description = "Skip the stages after this one.")
    private String to;

    @Option(names = "--skip", paramLabel = "STAGE", split = ",", description = "Stages to skip.")
    private List<String> skip;

    @Option(
            names = "--on-gate-fail",
            paramLabel = "WHAT",
            description = "When a number is out of its limits: stop, warn, skip_band.")
    private String onGateFail;

    @Option(names = "--dry-run", description = "Only plan: the stages and about how long they take.")
    private boolean dryRun;

    @ArgGroup
    private Crate crate;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the simulator.")
    private Long seed;

    @Option(
            names = "--faults",
            paramLabel = "FAULT",
            split = ",",
            description = "Faults that the simulator is to have, NAME or NAME@STAGE.")
    private List<String> faults;

    @Option(names = "--timeout", paramLabel = "SECONDS", description = "End the tune after this time.")
    private BigDecimal timeout;

    @Option(names = "--arg", paramLabel = "ARG", description = "Appended to every stage's command line; repeatable.")
    private List<String> args;

    @ArgGroup
    private LogOption log;

    /** What is tuned; at most one of the options. */
    static final class Crate {

        @Option(names = "--simulate", description = "Tune the simulator.")
        private boolean simulated;

        @Option(names = "--hardware", description = "Tune the crate.")
        private boolean real;
    }

    @Override
    public Integer call() throws Refusal, Unreachable, InterruptedException {
        return start("tune_squids", params(), View.PROGRESS);
    }

    private ObjectNode params() {
        ObjectNode params = Json.object();
        if (bands != null) {
            ArrayNode list = params.putArray("bands");
            bands.forEach(list::add);
        }
        put(params, "preset", preset);
        put(params, "from_stage", from);
        put(params, "to_stage", to);
        put(params, "skip", skip);
        put(params, "on_gate_fail", onGateFail);
        if (dryRun) {
            params.put("dry_run", true);
        }
        if (crate != null) {
            params.put("simulate", crate.simulated);
        }
        if (seed != null) {
            params.put("seed", seed);
        }
        put(params, "faults", faults);
        if (timeout != null) {
            params.put("timeout", timeout);
        }
        put(params, "args", args);
        LogOption.put(log, params);
        return params;
    }

    private static void put(ObjectNode params, String name, String value) {
        if (value != null) {
            params.put(name, value);
        }
    }

    private static void put(ObjectNode params, String name, List<String> values) {
        if (values != null) {
            ArrayNode list = params.putArray(name);
            values.forEach(list::add);
        }
    }
}
