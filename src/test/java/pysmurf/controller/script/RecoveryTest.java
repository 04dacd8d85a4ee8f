package pysmurf.controller.script;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.access.Requester;
import pysmurf.controller.config.RecoveryPolicy;
import pysmurf.controller.script.process.AbortLadder.Graces;
import pysmurf.controller.script.process.ProcessId;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.MemorySessionStore;
import pysmurf.controller.session.Message;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.ScriptMark;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.SessionCloser;
import pysmurf.controller.session.Sessions;

/** What is made of a session left behind, where nothing can be adopted. */
class RecoveryTest {

    private final Sessions sessions = new Sessions(
            new MemorySessionStore(), event -> {}, Clock.systemUTC(), 1024 * 1024, new SimpleMeterRegistry());

    private LiveSession left(ScriptMark mark) {
        return left(mark, true);
    }

    private LiveSession left(ScriptMark mark, boolean exclusive) {
        Session.Draft draft = new Session.Draft("run", Json.object(), null, Requester.of("http", "me"), exclusive);
        LiveSession session = sessions.open(draft).session();
        sessions.running(session);
        if (mark != null) {
            sessions.update(session, now -> now.withScript(mark));
        }
        return session;
    }

    private List<LiveSession> recover(RecoveryPolicy policy) {
        Graces graces = new Graces(Duration.ofMillis(100), Duration.ofMillis(100));
        return List.copyOf(new Recovery(
                        sessions,
                        new SessionCloser(sessions, (session, outcome) -> {}),
                        null,
                        null,
                        policy,
                        graces,
                        "goes_on"::equals)
                .begin()
                .keySet());
    }

    /** The kernel has given the number to somebody else, who is none of our business. */
    @Test
    void neverMistakesAStrangerForTheScript() throws Exception {
        for (RecoveryPolicy policy : RecoveryPolicy.values()) {
            Process stranger = new ProcessBuilder("sleep", "60").start();
            try {
                ProcessId id = ProcessId.of(stranger.pid()).orElseThrow();
                ScriptMark mark = new ScriptMark("MARK=nobody", null, null, "/s.py", null, null, "/r.json", 8200)
                        .startedAs(id.pid(), id.startTicks() - 1);
                LiveSession session = left(mark);

                LiveSession safe = recover(policy).get(0);

                assertThat(session.now().outcome()).isEqualTo(Outcome.INTERRUPTED);
                assertThat(session.now().abort()).isNull();
                assertThat(stranger.isAlive()).isTrue();
                assertThat(safe.opName()).isEqualTo("safe_state");
                sessions.close(safe, Outcome.SUCCEEDED, null);
            } finally {
                stranger.destroyForcibly();
            }
        }
    }

    /** It died before the pid was on the disk, and the script itself has ended since. */
    @Test
    void neverMistakesAChildForTheScript() throws Exception {
        ProcessBuilder builder = new ProcessBuilder("sleep", "60");
        builder.environment().put("MARK", "left");
        Process child = builder.start();
        try {
            LiveSession session = left(new ScriptMark("MARK=left", null, null, "/s.py", null, null, "/r.json", 8200));

            LiveSession safe = recover(RecoveryPolicy.ADOPT).get(0);

            assertThat(session.now().outcome()).isEqualTo(Outcome.INTERRUPTED);
            assertThat(session.messages(100))
                    .extracting(Message::text)
                    .noneMatch(text -> text.contains("cannot be followed"));
            assertThat(child.waitFor(5, TimeUnit.SECONDS)).isTrue();
            assertThat(safe.opName()).isEqualTo("safe_state");
            sessions.close(safe, Outcome.SUCCEEDED, null);
        } finally {
            child.destroyForcibly();
        }
    }

    private static Process script(String mark) throws IOException {
        ProcessBuilder builder = new ProcessBuilder("setsid", "sleep", "60");
        builder.environment().put(ScriptMark.VARIABLE, mark);
        return builder.start();
    }

    /** It died between the start of a session's first script and the note of it; an operation that begins again is no exception. */
    @ParameterizedTest
    @ValueSource(strings = {"run", "goes_on"})
    void endsAFirstScriptThatWasNotNoted(String operation) throws Exception {
        Session.Draft draft = new Session.Draft(operation, Json.object(), null, Requester.of("http", "me"), true);
        LiveSession session = sessions.open(draft).session();
        Process script = script(session.takeMark().orElseThrow());
        try {
            LiveSession safe = recover(RecoveryPolicy.ADOPT).get(0);

            assertThat(session.now().outcome()).isEqualTo(Outcome.INTERRUPTED);
            assertThat(script.waitFor(5, TimeUnit.SECONDS)).isTrue();
            assertThat(safe.opName()).isEqualTo("safe_state");
            sessions.close(safe, Outcome.SUCCEEDED, null);
        } finally {
            script.destroyForcibly();
        }
    }

    /** Of two scripts that began at once, the first was not noted yet. */
    @Test
    void endsAFirstScriptBesideOneThatWasNoted() throws Exception {
        List<Process> scripts = new ArrayList<>();
        Session.Draft draft = new Session.Draft("run", Json.object(), null, Requester.of("http", "me"), false);
        LiveSession session = sessions.open(draft).session();
        try {
            for (String mark : List.of(session.takeMark().orElseThrow(), "other")) {
                scripts.add(script(mark));
            }
            ProcessId id = ProcessId.of(scripts.get(1).pid()).orElseThrow();
            ScriptMark noted = new ScriptMark(
                            ScriptMark.marker("other"), null, null, "/s.py", null, null, "/r.json", 8200)
                    .startedAs(id.pid(), id.startTicks());
            sessions.update(session, now -> now.withScript(noted));

            recover(RecoveryPolicy.ADOPT);

            assertThat(session.now().outcome()).isEqualTo(Outcome.INTERRUPTED);
            for (Process script : scripts) {
                assertThat(script.waitFor(5, TimeUnit.SECONDS)).isTrue();
            }
        } finally {
            scripts.forEach(Process::destroyForcibly);
        }
    }

    /** What is looked for is the first script, and not what it has left behind on purpose since. */
    @Test
    void looksForTheFirstScriptOnlyUntilItIsNoted() {
        LiveSession session = left(null);
        ScriptMark first = new ScriptMark(
                ScriptMark.marker(session.takeMark().orElseThrow()), null, null, "/s.py", null, null, "/r.json", 8200);

        sessions.update(session, now -> now.withScript(first.startedAs(4_194_303, 1)));

        assertThat(session.now().mark()).isNull();
        assertThat(session.takeMark()).isEmpty();
        sessions.close(session, Outcome.SUCCEEDED, null);
    }

    /** It died between the opening of the session and the start of its script. */
    @Test
    void closesASessionThatHadNoScript() {
        LiveSession early = left(null);
        LiveSession safe = recover(RecoveryPolicy.ADOPT).get(0);
        assertThat(early.now().outcome()).isEqualTo(Outcome.INTERRUPTED);
        sessions.close(safe, Outcome.SUCCEEDED, null);

        LiveSession late = left(new ScriptMark("MARK=nobody", null, null, "/s.py", null, null, "/r.json", 8200));
        assertThat(recover(RecoveryPolicy.ADOPT)).hasSize(1);
        assertThat(late.now().outcome()).isEqualTo(Outcome.INTERRUPTED);
    }

    /** Commands wait until the last of them is over. */
    @Test
    void endsStubbornScriptsAllAtATime() throws Exception {
        List<Process> stubborn = new ArrayList<>();
        try {
            for (int i = 0; i < 3; i++) {
                Process script = new ProcessBuilder(
                                "setsid", "sh", "-c", "trap '' INT TERM; echo; while :; do sleep 60; done")
                        .start();
                stubborn.add(script);
                script.getInputStream().read();
                ProcessId id = ProcessId.of(script.pid()).orElseThrow();
                left(
                        new ScriptMark("MARK=" + i, null, null, "/s.py", null, null, "/r.json", 8200)
                                .startedAs(id.pid(), id.startTicks()),
                        false);
            }
            Graces graces = new Graces(Duration.ofMillis(1500), Duration.ofMillis(1500));
            long began = System.nanoTime();

            new Recovery(
                            sessions,
                            new SessionCloser(sessions, (session, outcome) -> {}),
                            null,
                            null,
                            RecoveryPolicy.ABORT,
                            graces,
                            operation -> false)
                    .begin();

            // one after the other they would take 9 s
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(8));
            assertThat(stubborn).noneMatch(Process::isAlive);
        } finally {
            stubborn.forEach(Process::destroyForcibly);
        }
    }

    @Test
    void hasASessionBeginAgainWhoseOperationSaysSo() {
        LiveSession left = left(null);
        Session.Draft draft = new Session.Draft("goes_on", Json.object(), null, Requester.of("http", "me"), false);
        LiveSession resumed = sessions.open(draft).session();

        List<LiveSession> next = recover(RecoveryPolicy.ABORT);

        assertThat(left.isDone()).isTrue();
        assertThat(resumed.isDone()).isFalse();
        assertThat(next).hasSize(2).first().isSameAs(resumed);
    }

    @Test
    void doesNothingWhereNothingWasLeft() {
        assertThat(recover(RecoveryPolicy.ADOPT)).isEmpty();
        assertThat(sessions.list(10, null, null, null)).isEmpty();
    }
}
