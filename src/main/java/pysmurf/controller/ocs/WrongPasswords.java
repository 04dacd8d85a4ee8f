package pysmurf.controller.ocs;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * Slows down those who guess passwords through the router. Callers cannot be told apart there, so nobody is locked out: after a few
 * wrong ones, whoever sends a password waits, until no wrong one has come for a minute. Thread-safe.
 */
final class WrongPasswords {

    private static final int FREE = 5;
    private static final long MIN_DELAY_MS = 250;
    private static final int MAX_DOUBLINGS = 4;
    private static final Duration FORGOTTEN_AFTER = Duration.ofMinutes(1);

    private final InstantSource clock;
    private int wrong;
    private Instant last = Instant.EPOCH;

    WrongPasswords(InstantSource clock) {
        this.clock = clock;
    }

    synchronized void add() {
        forgetOld();
        wrong++;
        last = clock.instant();
    }

    /** How long the next password has to wait. */
    synchronized long delayMillis() {
        forgetOld();
        return wrong < FREE ? 0 : MIN_DELAY_MS << Math.min(wrong - FREE, MAX_DOUBLINGS);
    }

    private void forgetOld() {
        if (Duration.between(last, clock.instant()).compareTo(FORGOTTEN_AFTER) > 0) {
            wrong = 0;
        }
    }
}
