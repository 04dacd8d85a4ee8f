package pysmurf.controller.script;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import pysmurf.controller.script.process.AbortLadder.Graces;
import pysmurf.controller.session.Outcome;

/** The scripts that run in one session: mostly one, several where its route goes several ways at once. Thread-safe. */
final class SessionScripts {

    private final List<RunningScript> running = new ArrayList<>();
    /** A lock of its own: opening a file on a network may take long, and an abort does not wait for it. */
    private final Object opening = new Object();

    private SessionOutput output;
    /** Being started, and not yet among those that run. */
    private int starting;

    private boolean guarded;
    private Graces endWithin;
    private boolean forced;

    /** Where all of them write to. */
    SessionOutput output(Supplier<SessionOutput> opener) {
        synchronized (opening) {
            if (output == null) {
                output = opener.get();
            }
            return output;
        }
    }

    /**
     * A script is about to be started; {@link #add} or {@link #notStarted} has to follow.
     *
     * @return false if a safeguard has begun, behind which nothing but safeguards may run
     */
    synchronized boolean starts(boolean always) {
        if (guarded && !always) {
            return false;
        }
        starting++;
        return true;
    }

    synchronized void notStarted() {
        starting--;
        notifyAll();
    }

    /** A script was started. An abort that was asked for meanwhile ends it. */
    synchronized void add(RunningScript script) {
        notStarted();
        running.add(script);
        if (endWithin != null && !script.always()) {
            script.end(Outcome.ABORTED, null, forced, endWithin);
        }
    }

    synchronized void remove(RunningScript script) {
        running.remove(script);
    }

    /** Aborts what runs, and what is just being started; by force safeguards, too. Returns at once. */
    synchronized void abort(boolean force, Graces within) {
        endWithin = within;
        forced |= force;
        running.stream()
                .filter(script -> force || !script.always())
                .forEach(script -> script.end(Outcome.ABORTED, null, force, within));
    }

    /** Ends what runs, in words; returns at once. */
    synchronized void fail(String why) {
        running.forEach(script -> script.end(Outcome.FAILED, why));
    }

    /** Ends what runs but for safeguards, lets nothing else start, and returns when that is over. */
    void endBeforeSafeguard() throws InterruptedException {
        List<CompletableFuture<?>> others;
        synchronized (this) {
            guarded = true;
            while (starting > 0) {
                wait();
            }
            List<RunningScript> work =
                    running.stream().filter(script -> !script.always()).toList();
            work.forEach(script -> script.end(Outcome.FAILED, "Ended, since a safeguard is run now"));
            others =
                    work.stream().<CompletableFuture<?>>map(RunningScript::over).toList();
        }
        CompletableFuture.allOf(others.toArray(CompletableFuture[]::new)).join();
    }
}
