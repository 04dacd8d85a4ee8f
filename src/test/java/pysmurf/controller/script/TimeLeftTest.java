package pysmurf.controller.script;

import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import pysmurf.controller.session.ScriptMark;

/** How long a script may still run that was found again: the one time-out that has only the clock to go by. */
class TimeLeftTest {

    private static final BigDecimal START = new BigDecimal("1795000000");

    private static Duration left(String until, long now) {
        BigDecimal end = until == null ? null : new BigDecimal(until);
        ScriptMark mark = new ScriptMark("M=1", 7L, 8L, "/s.py", null, end, "/r.json", 8200);
        return ScriptExecutor.left(mark, START, BigDecimal.valueOf(now));
    }

    @Test
    void isWhatIsNotOverYet() {
        assertThat(left("1795000100.5", 1_795_000_040)).isEqualTo(Duration.ofMillis(60_500));
        assertThat(left("1795000100.5", 1_795_000_200)).isZero();
        assertThat(left(null, 1_795_000_200)).isNull();
    }

    @Test
    void isNeverMoreThanItWasBeforeTheClockWasSetBack() {
        assertThat(left("1795000100.5", 1_794_996_440)).isEqualTo(Duration.ofMillis(100_500));
    }
}
