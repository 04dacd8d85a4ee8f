package pysmurf.controller.ocs;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class WrongPasswordsTest {

    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.EPOCH);
    private final WrongPasswords wrong = new WrongPasswords(now::get);

    @Test
    void slowsDownMoreAndMoreButNeverLocksOut() {
        for (int i = 0; i < 4; i++) {
            wrong.add();
        }
        assertThat(wrong.delayMillis()).isZero();
        wrong.add();
        assertThat(wrong.delayMillis()).isEqualTo(250);
        for (int i = 0; i < 1000; i++) {
            wrong.add();
        }
        assertThat(wrong.delayMillis()).isEqualTo(4000);

        now.set(now.get().plusSeconds(61));

        assertThat(wrong.delayMillis()).isZero();
    }
}
