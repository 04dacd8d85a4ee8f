package pysmurf.controller.sink;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Clock;
import java.util.Collections;
import org.junit.jupiter.api.Test;
import pysmurf.controller.access.Requester;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.MemorySessionStore;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.SessionEvent;
import pysmurf.controller.session.Sessions;

class OutputGapsTest {

    private final Sessions sessions = new Sessions(
            new MemorySessionStore(), event -> {}, Clock.systemUTC(), 1024 * 1024, new SimpleMeterRegistry());
    private final OutputGaps gaps = new OutputGaps();

    private LiveSession session() {
        return sessions.open(new Session.Draft("run", Json.object(), null, Requester.of("http", "me"), false))
                .session();
    }

    private long before(LiveSession session, long firstLine, int lines) {
        return gaps.before(SessionEvent.ofOutput(
                session, new SessionEvent.Output(0, firstLine, Collections.nCopies(lines, "x"), true)));
    }

    @Test
    void countsTheLinesThatDidNotCome() {
        LiveSession session = session();

        assertThat(before(session, 0, 10)).isZero();
        assertThat(before(session, 10, 5)).isZero();
        assertThat(before(session, 115, 5)).isEqualTo(100);
        assertThat(before(session, 120, 5)).isZero();
    }

    /** Nothing comes behind the last lines, which may be those that found no room. */
    @Test
    void countsTheLinesThatAreMissingAtTheEnd() {
        LiveSession session = session();

        assertThat(before(session, 0, 10)).isZero();
        assertThat(before(session, 25, 0)).isEqualTo(15);
    }

    @Test
    void countsEachSessionFromItsBeginning() {
        LiveSession one = session();
        LiveSession two = session();

        assertThat(before(one, 0, 10)).isZero();
        assertThat(before(two, 3, 1)).isEqualTo(3);
    }

    @Test
    void countsNothingForOtherEvents() {
        LiveSession session = session();

        assertThat(gaps.before(SessionEvent.of(SessionEvent.Type.MESSAGE, session, "text")))
                .isZero();
        assertThat(before(session, 0, 1)).isZero();
    }
}
