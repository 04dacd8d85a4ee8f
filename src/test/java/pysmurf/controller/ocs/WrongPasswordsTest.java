package pysmurf.controller.ocs;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class WrongPasswordsTest {

    private final AtomicReference<Clock> now = new AtomicReference<>(Clock.fixed(Instant.EPOCH, ZoneOffset.UTC));
    private final WrongPasswords wrong = new WrongPasswords(new Clock() {

        @Override
        public ZoneOffset getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(java.time.ZoneId zone) {
            return this;
        }

        @Override
        public Instant instant() {
            return now.get().instant();
        }
    });

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

        now.set(Clock.offset(now.get(), Duration.ofSeconds(61)));

        assertThat(wrong.delayMillis()).isZero();
    }
}
