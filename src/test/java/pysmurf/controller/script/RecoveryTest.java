package pysmurf.controller.script;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import pysmurf.controller.config.RecoveryPolicy;
import pysmurf.controller.script.process.AbortLadder.Graces;
import pysmurf.controller.script.process.ProcessId;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.MemorySessionStore;
import pysmurf.controller.session.Opening;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.RequestedBy;
import pysmurf.controller.session.ScriptMark;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.Sessions;

/** What is made of a session left behind, where nothing can be adopted. */
class RecoveryTest {

    private final Sessions sessions =
            new Sessions(new MemorySessionStore(), event -> {}, Clock.systemUTC(), 1024 * 1024);

    private Session left(ScriptMark mark) {
        Session.Draft draft = new Session.Draft("run", Json.object(), null, new RequestedBy("http", "me"), true);
        Session session = ((Opening.Opened) sessions.open(draft)).session();
        sessions.running(session);
        if (mark != null) {
            sessions.starting(session, mark);
        }
        return session;
    }

    private Optional<Session> recover(RecoveryPolicy policy) {
        Graces graces = new Graces(Duration.ofMillis(100), Duration.ofMillis(100));
        return new Recovery(sessions, null, null, policy, graces).begin();
    }

    /** The kernel has given the number to somebody else, who is none of our business. */
    @Test
    void neverMistakesAStrangerForTheScript() throws Exception {
        for (RecoveryPolicy policy : RecoveryPolicy.values()) {
            Process stranger = new ProcessBuilder("sleep", "60").start();
            try {
                ProcessId id = ProcessId.of(stranger.pid()).orElseThrow();
                ScriptMark mark = new ScriptMark("MARK=nobody", null, null, "/s.py", null, null, "/r.json")
                        .startedAs(id.pid(), id.startTicks() - 1);
                Session session = left(mark);

                Session safe = recover(policy).orElseThrow();

                assertThat(session.outcome()).isEqualTo(Outcome.INTERRUPTED);
                assertThat(session.abort()).isNull();
                assertThat(stranger.isAlive()).isTrue();
                assertThat(safe.opName()).isEqualTo("safe_state");
                sessions.close(safe, Outcome.SUCCEEDED, null);
            } finally {
                stranger.destroyForcibly();
            }
        }
    }

    /** It died between the opening of the session and the start of its script. */
    @Test
    void closesASessionThatHadNoScript() {
        Session early = left(null);
        Session safe = recover(RecoveryPolicy.ADOPT).orElseThrow();
        assertThat(early.outcome()).isEqualTo(Outcome.INTERRUPTED);
        sessions.close(safe, Outcome.SUCCEEDED, null);

        Session late = left(new ScriptMark("MARK=nobody", null, null, "/s.py", null, null, "/r.json"));
        assertThat(recover(RecoveryPolicy.ADOPT)).isPresent();
        assertThat(late.outcome()).isEqualTo(Outcome.INTERRUPTED);
    }

    @Test
    void doesNothingWhereNothingWasLeft() {
        assertThat(recover(RecoveryPolicy.ADOPT)).isEmpty();
        assertThat(sessions.list(10, null, null, null)).isEmpty();
    }
}
