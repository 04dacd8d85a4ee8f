package pysmurf.controller.script;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import pysmurf.controller.script.process.AbortLadder.Graces;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.Sessions;

/** The scripts that run in one session: mostly one, several where its route goes several ways at once. */
final class SessionScripts {

    private final Sessions sessions;
    private final LiveSession session;
    /** Those that are being started, too. */
    private final List<RunningScript> running = new ArrayList<>();
    /** A lock of its own: opening a file on a network may take long, and an abort does not wait for it. */
    private final Object opening = new Object();

    private SessionOutput output;
    private boolean guarded;

    SessionScripts(Sessions sessions, LiveSession session) {
        this.sessions = sessions;
        this.session = session;
    }

    SessionOutput output(Supplier<SessionOutput> opener) {
        synchronized (opening) {
            if (output == null) {
                output = opener.get();
            }
            return output;
        }
    }

    /**
     * A script is about to start; {@link #leave} has to follow. An abort ends it from now on, and came before if it was asked for
     * before.
     *
     * @return why it may not start; empty if it may
     */
    synchronized Optional<String> enter(RunningScript script) {
        if (guarded && !script.always()) {
            return Optional.of("a safeguard of session " + session.id() + " has begun");
        }
        return enter(script, script.always());
    }

    /** A script runs since an earlier life of the controller; the session may be stopping. */
    synchronized Optional<String> enterAgain(RunningScript script) {
        return enter(script, true);
    }

    private Optional<String> enter(RunningScript script, boolean always) {
        Optional<String> refusal = sessions.enter(session, always);
        if (refusal.isEmpty()) {
            running.add(script);
        }
        return refusal;
    }

    /** A script is over, or did not start. */
    void leave(RunningScript script) {
        synchronized (this) {
            running.remove(script);
        }
        script.over().complete(null);
        sessions.leave(session);
    }

    synchronized RunningScript adopted() {
        return running.get(0);
    }

    /** Aborts what runs; by force safeguards, too. One that begins later is run all the same. Returns at once. */
    synchronized void abort(boolean force, Graces within) {
        running.stream()
                .filter(script -> force || !script.always())
                .forEach(script -> script.end(Outcome.ABORTED, null, force, within));
    }

    /** Asks what runs to end, but for safeguards; returns at once. */
    synchronized void stop(Duration grace) {
        running.stream().filter(script -> !script.always()).forEach(script -> script.stop(grace));
    }

    /** Ends what runs, in words; returns at once. */
    synchronized void fail(String why) {
        running.forEach(script -> script.end(Outcome.FAILED, why));
    }

    /** Ends what runs but for safeguards, lets nothing else start, and returns when that is over. */
    void endBeforeSafeguard() {
        List<RunningScript> work;
        synchronized (this) {
            guarded = true;
            work = running.stream().filter(script -> !script.always()).toList();
        }
        work.forEach(script -> script.end(Outcome.FAILED, "Ended, since a safeguard is run now"));
        work.forEach(script -> script.over().join());
    }
}
