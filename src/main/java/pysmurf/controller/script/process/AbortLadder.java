package pysmurf.controller.script.process;

import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a script: INT, wait, TERM, wait, KILL, wait, and over as soon as nothing is alive. Each signal reaches all that is alive at
 * that moment, so also what the script started to clean up after the signal before. A ladder is climbed once.
 */
public final class AbortLadder {

    /** What a ladder ends: a main process and all that belongs to it. */
    public interface Target {

        /** Asked every 2 ms. */
        boolean isMainAlive();

        /** With the main process. */
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
    }

    private static final Logger LOG = LoggerFactory.getLogger(AbortLadder.class);

    /** Between two questions whether the main process is alive, which cost some us each. */
    private static final long MIN_MAIN_PAUSE_NANOS = 200_000;

    private static final long MAX_MAIN_PAUSE_NANOS = 2_000_000;

    /** Between two looks at everything, which cost 0.5 ms and more. */
    private static final long MIN_LOOK_PAUSE_NANOS = 2_000_000;

    private static final long MAX_LOOK_PAUSE_NANOS = 20_000_000;

    /** On a machine with thousands of processes, at most a fifth of the time goes into looks. */
    private static final int LOOK_COST_FACTOR = 4;

    private final Target target;
    private final Graces graces;
    private final Consumer<Signal> listener;
    private final List<Signal> signals = new CopyOnWriteArrayList<>();
    private final Semaphore wakes = new Semaphore(0);
    private volatile boolean forced;

    // Of the climbing thread.
    private Set<ProcessId> alive = Set.of();
    private UncheckedIOException blind;
    private boolean interrupted;

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
        try {
            climb();
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        if (blind != null) {
            throw blind;
        }
        return alive;
    }

    /** Goes to KILL at once, whether the ladder waits or is still to be climbed. */
    public void force() {
        forced = true;
        wakes.release();
    }

    /** Something may have ended: the ladder looks now and not a few ms later. */
    public void wake() {
        wakes.release();
    }

    /** What was sent so far, in this order; a live view. */
    List<Signal> signals() {
        return Collections.unmodifiableList(signals);
    }

    private void climb() {
        // Where the main process lives a look at everything can wait: each signal begins with one and should arrive
        // soon.
        if ((!mainLives() && nothingLives())
                || (!forced && step(Signal.INT, graces.interrupt))
                || (!forced && step(Signal.TERM, graces.terminate))) {
            return;
        }
        step(Signal.KILL, graces.kill);
    }

    /** @return whether nothing lives any more */
    private boolean step(Signal signal, Duration grace) {
        send(signal);
        long deadline = System.nanoTime() + grace.toNanos();
        boolean mainAlive = mainLives();
        long mainPause = MIN_MAIN_PAUSE_NANOS;
        long lookPause = mainAlive ? MIN_LOOK_PAUSE_NANOS : MIN_MAIN_PAUSE_NANOS;
        long nextLook = System.nanoTime() + lookPause;
        while (signal == Signal.KILL || !forced) {
            boolean mainWasAlive = mainAlive;
            mainAlive = mainAlive && mainLives();
            long now = System.nanoTime();
            boolean over = now >= deadline;
            if (over || now >= nextLook || mainWasAlive != mainAlive) {
                if (nothingLives()) {
                    return true;
                }
                if (over) {
                    return false;
                }
                if (signal == Signal.KILL) {
                    // For a process forked by one of ours just before its end, or one that left the group just then.
                    send(Signal.KILL);
                }
                if (mainWasAlive != mainAlive) {
                    lookPause = MIN_MAIN_PAUSE_NANOS;
                }
                long end = System.nanoTime();
                lookPause = Math.min(Math.max(lookPause, LOOK_COST_FACTOR * (end - now)), MAX_LOOK_PAUSE_NANOS);
                nextLook = end + lookPause;
                lookPause += lookPause / 2;
            }
            long until = Math.min(nextLook, deadline);
            if (mainAlive) {
                until = Math.min(until, System.nanoTime() + mainPause);
                mainPause = Math.min(mainPause + mainPause / 2, MAX_MAIN_PAUSE_NANOS);
            }
            if (isWokenBefore(until)) {
                nextLook = System.nanoTime();
            }
        }
        return false;
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

    private boolean isWokenBefore(long until) {
        while (true) {
            try {
                boolean woken = wakes.tryAcquire(until - System.nanoTime(), TimeUnit.NANOSECONDS);
                wakes.drainPermits();
                return woken;
            } catch (InterruptedException e) {
                // An abort that is cut short would leave a script behind.
                interrupted = true;
            }
        }
    }

    private boolean mainLives() {
        try {
            return target.isMainAlive();
        } catch (UncheckedIOException e) {
            blinded(e);
            return true;
        }
    }

    private boolean nothingLives() {
        try {
            alive = target.alive();
            blind = null;
            return alive.isEmpty();
        } catch (UncheckedIOException e) {
            blinded(e);
            return false;
        }
    }

    private void blinded(UncheckedIOException e) {
        if (blind == null) {
            LOG.warn("Cannot see what is alive, going on as if everything were", e);
        }
        blind = e;
    }
}
