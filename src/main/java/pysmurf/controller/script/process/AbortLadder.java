package pysmurf.controller.script.process;

import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends a script: INT, wait, TERM, wait, KILL, wait, and over as soon as nothing is alive. Each rung reaches all that is
 * alive then, so also what the script started to clean up after the rung before. A ladder is climbed once. All methods
 * are for any thread.
 */
public final class AbortLadder {

    /**
     * How long each rung may take, none negative.
     *
     * @param interrupt from INT to TERM
     * @param terminate from TERM to KILL
     * @param kill      from KILL to giving up: what lives then is a survivor
     */
    public record Graces(Duration interrupt, Duration terminate, Duration kill) {

        /** KILL needs some ms; what takes longer hangs in the kernel, and may do so for ever. */
        private static final Duration AFTER_KILL = Duration.ofSeconds(2);

        public Graces {
            for (Duration grace : List.of(interrupt, terminate, kill)) {
                if (grace.isNegative()) {
                    throw new IllegalArgumentException("negative grace: " + grace);
                }
            }
        }

        /** With 2 s from KILL to giving up. */
        public Graces(Duration interrupt, Duration terminate) {
            this(interrupt, terminate, AFTER_KILL);
        }
    }

    /**
     * How it ended.
     *
     * @param signals   what was sent, in this order, each once; empty if nothing was alive to begin with
     * @param survivors what was alive at the end, usually nothing
     */
    public record Result(List<Signal> signals, List<ProcessId> survivors) {

        public Result {
            signals = List.copyOf(signals);
            survivors = List.copyOf(survivors);
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(AbortLadder.class);

    /** Between two questions whether the main process is alive: 10 us each, and the answer is what users wait for. */
    private static final long MAIN_PAUSE_MIN_NANOS = 200_000;

    private static final long MAIN_PAUSE_MAX_NANOS = 2_000_000;

    /** Between two looks at everything, which cost 0.5 ms and more. */
    private static final long LOOK_PAUSE_MIN_NANOS = 2_000_000;

    private static final long LOOK_PAUSE_MAX_NANOS = 20_000_000;

    /** Where a look is dear, on a machine with thousands of processes, at most a fifth of the time goes to looking. */
    private static final int LOOK_COST_FACTOR = 4;

    private final SignalTarget target;
    private final Graces graces;
    private final Consumer<Signal> listener;
    private final List<Signal> signals = new CopyOnWriteArrayList<>();

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // Guarded by lock.
    private boolean started;
    private boolean forced;
    private boolean woken;

    // Of the climbing thread.
    private Set<ProcessId> alive = Set.of();
    private UncheckedIOException blind;
    private boolean interrupted;

    /** @param listener told of each signal right after it was sent, on the climbing thread; should return soon */
    public AbortLadder(SignalTarget target, Graces graces, Consumer<Signal> listener) {
        this.target = target;
        this.graces = graces;
        this.listener = listener;
    }

    /**
     * Climbs the ladder on the calling thread. Takes at most the sum of the graces, and the time of some looks at
     * /proc. An interrupt of the thread does not stop it, and is pending when it returns.
     *
     * @throws IllegalStateException on a second call
     * @throws UncheckedIOException  if in the end /proc could not be read, so that survivors are unknown; the signals
     *                               were sent all the same
     */
    public Result run() {
        lock.lock();
        try {
            if (started) {
                throw new IllegalStateException("a ladder is climbed once");
            }
            started = true;
        } finally {
            lock.unlock();
        }
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
        return new Result(signals, List.copyOf(alive));
    }

    /** Goes to KILL at once, whether the ladder waits, or is still to be climbed. Does nothing after that. */
    public void force() {
        lock.lock();
        try {
            forced = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /**
     * Tells that something may have ended, so that the ladder looks now and not a few ms later. Not needed, only
     * quicker: {@code process.onExit().thenRun(ladder::wake)}.
     */
    public void wake() {
        lock.lock();
        try {
            woken = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** What was sent so far, in this order; a live view that may be read by any thread and not be changed. */
    public List<Signal> signals() {
        return Collections.unmodifiableList(signals);
    }

    private void climb() {
        // Where the main process lives a look at everything can wait: each signal begins with one, and should reach it
        // soon.
        if ((!mainLives() && nothingLives())
                || (!isForced() && rung(Signal.INT, graces.interrupt))
                || (!isForced() && rung(Signal.TERM, graces.terminate))) {
            return;
        }
        rung(Signal.KILL, graces.kill);
    }

    /** @return whether nothing lives any more */
    private boolean rung(Signal signal, Duration grace) {
        send(signal);
        long deadline = System.nanoTime() + grace.toNanos();
        boolean mainAlive = mainLives();
        long mainPause = MAIN_PAUSE_MIN_NANOS;
        long lookPause = mainAlive ? LOOK_PAUSE_MIN_NANOS : MAIN_PAUSE_MIN_NANOS;
        long nextLook = System.nanoTime() + lookPause;
        while (true) {
            if (signal != Signal.KILL && isForced()) {
                return false;
            }
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
                    // Forked by one of ours just before its own end, or left the group just when that was signalled.
                    // What had the signal does not mind another one.
                    send(Signal.KILL);
                }
                if (mainWasAlive != mainAlive) {
                    lookPause = MAIN_PAUSE_MIN_NANOS;
                }
                long end = System.nanoTime();
                lookPause = Math.min(Math.max(lookPause, LOOK_COST_FACTOR * (end - now)), LOOK_PAUSE_MAX_NANOS);
                nextLook = end + lookPause;
                lookPause += lookPause / 2;
            }
            long until = Math.min(nextLook, deadline);
            if (mainAlive) {
                until = Math.min(until, System.nanoTime() + mainPause);
                mainPause = Math.min(mainPause + mainPause / 2, MAIN_PAUSE_MAX_NANOS);
            }
            if (pause(until, signal != Signal.KILL)) {
                nextLook = System.nanoTime();
            }
        }
    }

    private void send(Signal signal) {
        if (target.signal(signal) && !signals.contains(signal)) {
            signals.add(signal);
            tell(signal);
        }
    }

    /** @return whether somebody woke the ladder */
    private boolean pause(long until, boolean endedByForce) {
        lock.lock();
        try {
            while (!woken && !(endedByForce && forced)) {
                long left = until - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                try {
                    changed.awaitNanos(left);
                } catch (InterruptedException e) {
                    // An abort that is cut short would leave a script behind; whoever interrupts gets his answer later.
                    interrupted = true;
                }
            }
            boolean result = woken;
            woken = false;
            return result;
        } finally {
            lock.unlock();
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
            LOG.warn("cannot see what is alive, going on as if all were", e);
        }
        blind = e;
    }

    private boolean isForced() {
        lock.lock();
        try {
            return forced;
        } finally {
            lock.unlock();
        }
    }

    private void tell(Signal signal) {
        try {
            listener.accept(signal);
        } catch (RuntimeException e) {
            LOG.error("the listener of an abort failed on {}", signal, e);
        }
    }
}
