package pysmurf.controller.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.MemorySessionStore;
import pysmurf.controller.session.RequestedBy;
import pysmurf.controller.session.Sessions;

/** What is refused before anybody looks for the operation. */
class AdmissionTest {

    private static final Instant NOON = Instant.parse("2026-11-01T12:00:00Z");

    private final Sessions sessions = new Sessions(new MemorySessionStore(), event -> {}, Clock.systemUTC());

    private static Command command(Instant expiresAt, boolean retained) {
        return new Command("run", Json.object(), null, expiresAt, retained, false, null, new RequestedBy("mqtt", "me"));
    }

    private Verdict.Reason reason(Command command, Instant now) {
        return new Admission(null, sessions, Clock.fixed(now, ZoneOffset.UTC), List.of())
                .admit(command)
                .reason();
    }

    @Test
    void refusesARetainedCommandWhateverElseItIs() {
        assertThat(reason(command(null, true), NOON)).isEqualTo(Verdict.Reason.RETAINED);
        assertThat(reason(command(NOON.plusSeconds(60), true), NOON)).isEqualTo(Verdict.Reason.RETAINED);
    }

    /** By this machine's clock, as the contract has it: a command that expired an hour ago does so however often it comes. */
    @Test
    void refusesAnExpiredCommandAtTheVeryMoment() {
        assertThat(reason(command(NOON, false), NOON)).isEqualTo(Verdict.Reason.EXPIRED);
        assertThat(reason(command(NOON, false), NOON.plus(Duration.ofHours(1)))).isEqualTo(Verdict.Reason.EXPIRED);
    }

    /** The first of several is told, and none once it is over. */
    @Test
    void tellsWhyNothingCanBeTakenOn() {
        AtomicReference<String> full = new AtomicReference<>("full");
        Admission admission = new Admission(
                null,
                sessions,
                Clock.systemUTC(),
                List.of(() -> Optional.ofNullable(full.get()), () -> Optional.of("locked")));

        assertThat(admission.unavailable()).contains("full");
        full.set(null);
        assertThat(admission.unavailable()).contains("locked");
    }
}
