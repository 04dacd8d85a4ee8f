package pysmurf.controller.session;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import pysmurf.controller.access.Requester;
import pysmurf.controller.session.Verdict.Reason;

/** Somebody sets the clock of the machine back by an hour while a session runs. */
class ClockSetBackTest {

    private static final BigDecimal LITTLE = BigDecimal.TEN;

    /** One that is set by hand. */
    private static final class SetClock extends Clock {

        private Instant now = Instant.parse("2026-11-01T10:00:00Z");

        @Override
        public Instant instant() {
            return now;
        }

        @Override
        public ZoneId getZone() {
            return ZoneOffset.UTC;
        }

        @Override
        public Clock withZone(ZoneId zone) {
            throw new UnsupportedOperationException();
        }
    }

    private final SetClock clock = new SetClock();
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final Sessions sessions = new Sessions(new MemorySessionStore(), event -> {}, clock, 1024 * 1024, meters);

    private LiveSession open(String commandId) {
        return sessions.open(draft(commandId)).session();
    }

    private static Session.Draft draft(String commandId) {
        return new Session.Draft("run", Json.object(), commandId, Requester.of("http", "me"), true);
    }

    private void setBack() {
        clock.now = clock.now.minus(Duration.ofHours(1));
    }

    @Test
    void aSessionsOwnTimesDoNotGoBack() {
        LiveSession session = open(null);
        sessions.running(session);
        sessions.planStages(session, List.of("one"), name -> false);
        sessions.stageStarted(session, "one");
        setBack();
        sessions.message(session, "an hour earlier");
        sessions.stageEnded(session, "one", Stage.State.SUCCEEDED, Json.object(), null);
        sessions.requestAbort(session, "me");
        sessions.nothingAlive(session);
        sessions.close(session, Outcome.ABORTED, "Aborted");

        Stage stage = session.now().stages().get(0);
        assertThat(session.now().endTime().subtract(session.now().startTime())).isBetween(BigDecimal.ZERO, LITTLE);
        assertThat(stage.endTime().subtract(stage.startTime())).isBetween(BigDecimal.ZERO, LITTLE);
        assertThat(session.now().abort().at())
                .isBetween(session.now().startTime(), session.now().endTime());
        List<BigDecimal> said = new ArrayList<>();
        session.view(LiveSession.LISTED_MESSAGES)
                .toJson()
                .path("messages")
                .forEach(message -> said.add(message.path(0).decimalValue()));
        assertThat(said).hasSizeGreaterThan(5).isSortedAccordingTo(Comparator.naturalOrder());
        for (String timer : List.of("pysmurf.session.duration", "pysmurf.abort.latency")) {
            assertThat(meters.get(timer).timer().count()).isEqualTo(1);
            assertThat(meters.get(timer).timer().max(TimeUnit.SECONDS)).isLessThan(10);
        }
    }

    @Test
    void timePassesAlsoForAClockThatWasSetBack() throws Exception {
        LiveSession session = open(null);
        long before = System.nanoTime();
        setBack();
        while (System.nanoTime() - before < 5_000_000) {
            Thread.onSpinWait();
        }

        assertThat(sessions.lasted(session)).isGreaterThanOrEqualTo(Duration.ofMillis(4));
    }

    @Test
    void orderAndCommandIdsDoNotLookAtTheClock() {
        LiveSession first = open("one");
        sessions.close(first, Outcome.SUCCEEDED, null);
        setBack();
        LiveSession second = open("two");
        sessions.close(second, Outcome.SUCCEEDED, null);

        assertThat(second.now().startTime()).isLessThan(first.now().startTime());
        assertThat(sessions.list(10, null, null, null)).containsExactly(second, first);
        assertThat(sessions.latest("run")).contains(second);
        assertThat(sessions.open(draft("one")))
                .returns(Reason.DUPLICATE, Verdict::reason)
                .returns(first, Verdict::session);
        assertThat(second.now().endTime()).isGreaterThanOrEqualTo(second.now().startTime());
    }
}
