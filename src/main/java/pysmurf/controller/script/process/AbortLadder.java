package pysmurf.controller.script.process;

import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a script: INT, wait, TERM, wait, KILL, wait, and over as soon as nothing is alive. Each signal reaches all that is alive at
 * that moment, so also what the script started to clean up after the signal before. A ladder is climbed once.
 */
public final class AbortLadder {

    /** What a ladder ends. */
    interface Target {

        Set<ProcessId> alive();

        /** Sends a signal to all that is alive, and returns whether at least one process got it. */
        boolean signal(Signal signal);
    }

    /**
     * How long each step may take.
     *
     * @param interrupt from INT to TERM
     * @param terminate from TERM to KILL
     * @param kill      from KILL to giving up: what lives then is a survivor
     */
    public record Graces(Duration interrupt, Duration terminate, Duration kill) {

        /** KILL needs some ms; what takes longer hangs in the kernel and may do so for ever. */
        private static final Duration AFTER_KILL = Duration.ofSeconds(2);

        public Graces(Duration interrupt, Duration terminate) {
            this(interrupt, terminate, AFTER_KILL);
        }

        /** No longer than this from INT to KILL, three quarters of it for INT. */
        public Graces within(Duration atMost) {
            return new Graces(
                    least(interrupt, atMost.multipliedBy(3).dividedBy(4)), least(terminate, atMost.dividedBy(4)));
        }

        private static Duration least(Duration one, Duration other) {
            return one.compareTo(other) < 0 ? one : other;
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(AbortLadder.class);

    /** Between two looks, which cost 0.5 ms and more. */
    private static final long MIN_PAUSE_NANOS = 1_000_000;

    private static final long MAX_PAUSE_NANOS = 20_000_000;

    /** On a machine with thousands of processes, at most a fifth of the time goes into looks. */
    private static final int LOOK_COST_FACTOR = 4;

    private final Target target;
    private final Graces graces;
    private final Consumer<Signal> listener;
    private final List<Signal> signals = new CopyOnWriteArrayList<>();
    private volatile CompletableFuture<Boolean> wake = new CompletableFuture<>();
    private volatile boolean forced;

    // Of the climbing thread.
    private Set<ProcessId> alive = Set.of();
    private UncheckedIOException blind;

    /** @param listener gets each signal right after it was sent, on the climbing thread */
    public AbortLadder(Target target, Graces graces, Consumer<Signal> listener) {
        this.target = target;
        this.graces = graces;
        this.listener = listener;
    }

    /**
     * Climbs the ladder on the calling thread. Takes at most the sum of the graces and the time of some looks at /proc. An
     * interrupt of the thread does not stop it, and is pending when it returns.
     *
     * @return what is alive at the end, usually nothing
     * @throws UncheckedIOException if in the end /proc could not be read, so that survivors are unknown; the signals were sent
     */
    public Set<ProcessId> run() {
        boolean over = !forced && step(Signal.INT, graces.interrupt) || !forced && step(Signal.TERM, graces.terminate);
        if (!over) {
            step(Signal.KILL, graces.kill);
        }
        if (blind != null) {
            throw blind;
        }
        return alive;
    }

    /** Goes to KILL at once, whether the ladder waits or is still to be climbed. */
    public void force() {
        forced = true;
        wake();
    }

    /** Something may have ended: the ladder looks now and not a few ms later. */
    public void wake() {
        wake.complete(true);
    }

    /** What was sent so far, in this order; a live view. */
    List<Signal> signals() {
        return signals;
    }

    /** @return whether nothing lives any more */
    private boolean step(Signal signal, Duration grace) {
        send(signal);
        long deadline = System.nanoTime() + grace.toNanos();
        long pause = MIN_PAUSE_NANOS;
        while (true) {
            boolean woken = pause(Math.min(pause, deadline - System.nanoTime()));
            if (forced && signal != Signal.KILL) {
                return false;
            }
            long began = System.nanoTime();
            if (nothingLives()) {
                return true;
            }
            if (began >= deadline) {
                return false;
            }
            if (signal == Signal.KILL) {
                // For a process forked by one of ours just before its end, or one that left the group just then.
                send(signal);
            }
            long cost = System.nanoTime() - began;
            pause = woken ? MIN_PAUSE_NANOS : Math.max(pause + pause / 2, LOOK_COST_FACTOR * cost);
            pause = Math.min(pause, MAX_PAUSE_NANOS);
        }
    }

    /** @return whether it was woken from it */
    private boolean pause(long nanos) {
        // Unlike other waits, join goes on through an interrupt, which would leave a script behind, and keeps it
        // pending.
        boolean woken =
                wake.completeOnTimeout(false, nanos, TimeUnit.NANOSECONDS).join();
        // A wake that meets the old one is not lost: a look follows.
        wake = new CompletableFuture<>();
        return woken;
    }

    private void send(Signal signal) {
        if (target.signal(signal) && !signals.contains(signal)) {
            signals.add(signal);
            try {
                listener.accept(signal);
            } catch (RuntimeException e) {
                LOG.error("The listener of an abort failed on {}", signal, e);
            }
        }
    }

    private boolean nothingLives() {
        try {
            alive = target.alive();
            blind = null;
            return alive.isEmpty();
        } catch (UncheckedIOException e) {
            if (blind == null) {
                LOG.warn("Cannot see what is alive, going on as if everything were", e);
            }
            blind = e;
            return false;
        }
    }
}
