package pysmurf.controller.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class StageRunTest {

    private static StageSettings settings(boolean perBand, int retries) {
        return new StageSettings(null, retries, perBand, 0, 0, List.of());
    }

    @Test
    void aStageBandByBandHasOneAttemptForEach() {
        StageRun run = new StageRun("find_freq", settings(true, 0), List.of(0, 2), null);

        assertThat(run.getBands()).isEqualTo("0");
        run.settle();
        assertThat(run.getBands()).isEqualTo("2");
        run.settle();
        assertThat(run.isOpen()).isFalse();
    }

    @Test
    void anyOtherHasOneForAll() {
        StageRun run = new StageRun("setup_amps", settings(false, 0), List.of(0, 2), null);

        assertThat(run.getBands()).isEqualTo("0,2");
        run.settle();
        assertThat(run.isOpen()).isFalse();
    }

    @Test
    void eachBandHasItsOwnRetries() {
        StageRun run = new StageRun("serial_algs", settings(true, 1), List.of(0, 1), null);

        assertThat(run.retry()).isTrue();
        assertThat(run.retry()).isFalse();
        run.settle();
        assertThat(run.retry()).isTrue();
    }

    @Test
    void aStageOutsideThePlanIsNotRun() {
        assertThat(StageRun.none().isOpen()).isFalse();
    }
}
