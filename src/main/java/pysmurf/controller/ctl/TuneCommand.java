package pysmurf.controller.ctl;

import com.fasterxml.jackson.annotation.JsonAutoDetect;
import com.fasterxml.jackson.annotation.JsonAutoDetect.Visibility;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonInclude.Include;
import com.fasterxml.jackson.annotation.JsonValue;
import java.math.BigDecimal;
import java.util.List;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import pysmurf.controller.session.Json;

@Command(
        name = "tune",
        description = {
            "Tunes the SQUIDs of some bands (tune_squids), shows its progress and its results.",
            "The controller's defaults apply to what is left out. Ctrl-C aborts it; a second Ctrl-C leaves it to itself."
        })
final class TuneCommand extends StartingCommand {

    @Mixin
    private final Params params = new Params();

    /** As tune_squids takes them. */
    @JsonAutoDetect(fieldVisibility = Visibility.ANY)
    @JsonInclude(Include.NON_NULL)
    static final class Params {

        @Option(names = "--bands", paramLabel = "N", split = ",", description = "Bands to tune, such as 0,1.")
        private List<Integer> bands;

        @Option(names = "--preset", paramLabel = "NAME", description = "Which stages: setup, relock, check, full.")
        private String preset;

        @Option(
                names = {"--from", "--from-stage"},
                paramLabel = "STAGE",
                description = "Begin with this stage.")
        private String fromStage;

        @Option(
                names = {"--to", "--to-stage"},
                paramLabel = "STAGE",
                description = "End with this stage.")
        private String toStage;

        @Option(names = "--skip", paramLabel = "STAGE", split = ",", description = "Stages to skip.")
        private List<String> skip;

        @Option(names = "--on-gate-fail", paramLabel = "WHAT", description = "At a bad number: stop, warn, skip_band.")
        private String onGateFail;

        @Option(names = "--dry-run", description = "Only plan: the stages and about how long they take.")
        private Boolean dryRun;

        @ArgGroup
        private Crate simulate;

        @Option(names = "--seed", paramLabel = "N", description = "Seed of the simulator.")
        private Long seed;

        @Option(names = "--faults", paramLabel = "FAULT", split = ",", description = "The simulator's: NAME[@STAGE].")
        private List<String> faults;

        @Option(names = "--timeout", paramLabel = "SECONDS", description = "End the tune after this time.")
        private BigDecimal timeout;

        @Option(names = "--arg", paramLabel = "ARG", description = "Goes to every stage's script; repeatable.")
        private List<String> args;

        @ArgGroup
        private LogOption log;
    }

    /** At most one of the options. */
    static final class Crate {

        @JsonValue
        @Option(names = "--simulate", description = "Tune the simulator.")
        private boolean simulated;

        @Option(names = "--hardware", description = "Tune the crate.")
        private boolean real;
    }

    @Override
    public Integer call() throws InterruptedException {
        return start("tune_squids", Json.tree(params), true);
    }
}
