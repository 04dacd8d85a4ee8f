package pysmurf.controller.script.process;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows a script's output file while the script appends to it, and gives it as text lines, in batches, for people to
 * watch. The file stays what it is; whatever happens here, the script never waits for it.
 *
 * <h2>Lines</h2>
 *
 * <ul>
 *   <li>A line ends with a line feed; carriage returns before that belong to the line end.
 *   <li>A carriage return elsewhere begins the line again, as progress bars do: what was before it is left out. While
 *       such a line has not ended its newest state is given once a second, as an entry that ends with a carriage
 *       return: the next entry takes its place. Without these entries each line is there once, as it ended.
 *   <li>The bytes are UTF-8; U+FFFD stands for what is not.
 *   <li>A line without its end is held back for {@link OutputLimits#holdBack}, counted from the first byte not given
 *       yet, so that a prompt or the dots of a progress bar show in time. Then it is given as it is so far, and what
 *       follows up to the line feed is given as an entry of its own, or several. If nothing follows but the line feed,
 *       there is no further entry.
 *   <li>In the same way a line longer than {@link OutputLimits#lineBytes} is given in several entries.
 *   <li>No entry ends in the middle of a character.
 * </ul>
 *
 * <h2>Time</h2>
 *
 * A line is given some 0.2 ms after it was written, while lines come now and then: the file is watched. When they come
 * in a rush the file is read every 10 ms, unwatched, since a watch costs the script time at each write. No byte is
 * given later than 100 ms, unless the consumer is slow or the line is written over.
 *
 * <p>A file that gets shorter, as when somebody empties the log, is followed from its beginning.
 *
 * <p>All methods are for any thread.
 */
public final class OutputFollower implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(OutputFollower.class);

    private static final long NANOS_PER_MILLI = 1_000_000;

    /** Between two reads in a rush. */
    private static final long RUSH_PAUSE_NANOS = 10 * NANOS_PER_MILLI;

    /** Between two states of a line that is written over; tqdm writes one each tenth of a second. */
    private static final long NEXT_STATE_NANOS = 1000 * NANOS_PER_MILLI;

    /** Between two reads of a watched file, in case the watch does not work, as with some network file systems. */
    private static final long SAFETY_PAUSE_NANOS = 100 * NANOS_PER_MILLI;

    /** Writes that come closer together than this are a rush, ... */
    private static final long RUSH_GAP_NANOS = 2 * NANOS_PER_MILLI;

    /** ... if it happens so often. A single print of {@code python -u} writes text and line end apart: that is once. */
    private static final int RUSH_COUNT = 8;

    /** A rush is over when a read brought no more than this, ... */
    private static final long CALM_LINES = RUSH_PAUSE_NANOS / RUSH_GAP_NANOS;

    private static final long CALM_BYTES = 4096;

    /** ... and that so often, one after another. */
    private static final int CALM_COUNT = 3;

    private static final long NO_TARGET = Long.MAX_VALUE;

    private final Path file;
    private final FileChannel channel;
    private final FileWatch watch;
    private final OutputLimits limits;
    private final Consumer<OutputBatch> consumer;
    private final Runnable onTooMuch;
    private final Runnable onEnd;
    private final LineCutter cutter;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition ending = lock.newCondition();

    /** Guarded by lock. */
    private boolean ended;

    private volatile boolean caughtUp;
    private volatile boolean closed;
    private volatile long target = NO_TARGET;
    private volatile long bytes;
    private volatile long lines;
    private volatile IOException failure;

    // Of the follower's thread.
    private long position;
    private boolean tooMuch;
    private long refused;
    private boolean holding;
    private long heldFrom;
    private long heldSince;

    private OutputFollower(
            Path file,
            FileChannel channel,
            FileWatch watch,
            long offset,
            OutputLimits limits,
            Consumer<OutputBatch> consumer,
            Runnable onTooMuch,
            Runnable onEnd) {
        this.file = file;
        this.channel = channel;
        this.watch = watch;
        this.position = offset;
        this.limits = limits;
        this.consumer = consumer;
        this.onTooMuch = onTooMuch;
        this.onEnd = onEnd;
        this.cutter = new LineCutter(limits, this::offer);
    }

    /**
     * Begins to follow a file, on a daemon thread of its own.
     *
     * @param  name        of the thread
     * @param  file        must exist
     * @param  offset      where the script's part begins, in bytes; not beyond the end of the file
     * @param  consumer    gets the batches, one at a time, on the follower's thread. While it is busy nothing is read,
     *                     which costs no memory and does not disturb the script. What it throws is logged, and the
     *                     batch is lost to it
     * @param  onTooMuch   called once, on the same thread, when the file has grown by more than
     *                     {@link OutputLimits#maxBytes}; following goes on
     * @param  onEnd       called once, on the same thread, when all was given
     * @throws IOException if it is no regular file or cannot be opened, or too many files are open
     */
    public static OutputFollower follow(
            String name,
            Path file,
            long offset,
            OutputLimits limits,
            Consumer<OutputBatch> consumer,
            Runnable onTooMuch,
            Runnable onEnd)
            throws IOException {
        FileChannel channel;
        try (RegularFile regular = RegularFile.at(file)) {
            channel = FileChannel.open(regular.path(), StandardOpenOption.READ);
        }
        FileWatch watch = null;
        boolean started = false;
        try {
            watch = new FileWatch(file);
            OutputFollower follower =
                    new OutputFollower(file, channel, watch, offset, limits, consumer, onTooMuch, onEnd);
            Thread thread = new Thread(follower::run, name);
            thread.setDaemon(true);
            thread.start();
            started = true;
            return follower;
        } finally {
            if (!started) {
                if (watch != null) {
                    watch.close();
                }
                channel.close();
            }
        }
    }

    /**
     * Gives the rest: to be called when the script has ended. All that is in the file now is given, a line without its
     * end too, then the follower closes itself. What is written to the file later is not looked at.
     *
     * @param  budget how long to wait for that, at most
     * @return        whether all was given within the budget. If not, the follower goes on in its own thread, unless it
     *                failed or was closed
     */
    public boolean finish(Duration budget) {
        lock.lock();
        try {
            if (!ended && target == NO_TARGET) {
                target = channel.size();
                watch.wake();
            }
            return awaitEnd(budget) && caughtUp;
        } catch (IOException e) {
            fail(e);
            close();
            return false;
        } finally {
            lock.unlock();
        }
    }

    private boolean awaitEnd(Duration budget) {
        long deadline = System.nanoTime() + budget.toNanos();
        boolean interrupted = false;
        try {
            while (!ended) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    return false;
                }
                try {
                    ending.awaitNanos(left);
                } catch (InterruptedException e) {
                    // The wait is short; who interrupts learns after it.
                    interrupted = true;
                }
            }
            return true;
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Stops at once, without giving the rest. A consumer that is busy may still be so when this returns. */
    @Override
    public void close() {
        closed = true;
        watch.wake();
    }

    /** How many bytes of output were read so far. */
    public long bytes() {
        return bytes;
    }

    /** How many lines have ended so far; at the end a last one without a line feed counts too. */
    public long lines() {
        return lines;
    }

    /** Why the follower gave up, if it did; the file itself may be whole. */
    public Optional<IOException> failure() {
        return Optional.ofNullable(failure);
    }

    private void run() {
        try {
            follow();
        } catch (IOException e) {
            fail(e);
        } finally {
            // Whoever waits goes on before the files are closed, which takes a moment.
            end();
            release();
        }
    }

    private void follow() throws IOException {
        boolean armed = false;
        boolean rush = false;
        int quick = 0;
        int calm = 0;
        long lastWrite = System.nanoTime() - RUSH_GAP_NANOS;
        while (!closed) {
            long goal = target;
            long bytesBefore = bytes;
            long linesBefore = lines;
            read(goal);
            if (position >= goal) {
                finishLines();
                return;
            }
            long now = System.nanoTime();
            long got = bytes - bytesBefore;
            if (rush) {
                calm = got <= CALM_BYTES && lines - linesBefore <= CALM_LINES ? calm + 1 : 0;
                rush = calm < CALM_COUNT;
                quick = 0;
            } else if (got > 0) {
                quick = now - lastWrite < RUSH_GAP_NANOS ? quick + 1 : 0;
                rush = quick >= RUSH_COUNT;
                calm = 0;
                lastWrite = now;
            }
            if (!rush && !armed) {
                armed = watch.arm();
                if (armed) {
                    // Read once more, for what was written between the reading and the arming.
                    continue;
                }
            }
            long pause = rush || !armed ? RUSH_PAUSE_NANOS : SAFETY_PAUSE_NANOS;
            if (holding) {
                pause = Math.min(pause, heldSince + holdBackNanos() - now);
            }
            if (watch.await(Math.max(0, (pause + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI))) {
                armed = false;
            }
        }
    }

    /** Reads to the end of the file, or to the goal, and gives the lines. */
    private void read(long goal) throws IOException {
        if (channel.size() < position) {
            cutter.finish();
            position = 0;
        }
        while (!closed && position < goal) {
            int count = channel.read(cutter.room(goal - position), position);
            if (count <= 0) {
                if (goal != NO_TARGET) {
                    // The file had that size when the goal was set, so it has been made shorter since.
                    position = goal;
                }
                break;
            }
            position += count;
            bytes = bytes + count;
            checkMaximum();
            cutter.accept(count);
            lines = cutter.lines();
        }
        giveHeld();
        cutter.deliver();
    }

    /** Gives the beginning of a line if its first byte has waited long enough for the end. */
    private void giveHeld() {
        if (!cutter.holds()) {
            holding = false;
            return;
        }
        long now = System.nanoTime();
        long from = position - cutter.held();
        // a line that is written over begins again and again, and would never be given
        if (!holding || from != heldFrom && !cutter.isOverwritten()) {
            holding = true;
            heldSince = now;
        }
        heldFrom = from;
        if (now - heldSince >= holdBackNanos()) {
            cutter.flushHeld();
            holding = false;
        }
    }

    private long holdBackNanos() {
        return cutter.isShown() ? NEXT_STATE_NANOS : limits.holdBack().toNanos();
    }

    private void checkMaximum() throws IOException {
        // By the file's size, not by what was read: a slow consumer must not keep a full disk from being noticed.
        if (!tooMuch && bytes + (channel.size() - position) > limits.maxBytes()) {
            tooMuch = true;
            run(onTooMuch, "too much output");
        }
    }

    private void run(Runnable action, String what) {
        try {
            action.run();
        } catch (RuntimeException e) {
            LOG.error("{} in {}, and what was to be done about it failed", what, file, e);
        }
    }

    private void offer(OutputBatch batch) {
        if (closed) {
            return;
        }
        try {
            consumer.accept(batch);
        } catch (RuntimeException e) {
            refused++;
            if (refused == 1) {
                LOG.error("batch {} of the output in {} was not taken, and is lost to a watcher", batch.seq(), file, e);
            }
        }
    }

    private void finishLines() {
        cutter.finish();
        lines = cutter.lines();
        caughtUp = !closed;
        if (caughtUp) {
            run(onEnd, "the end of the output");
        }
        if (refused > 1) {
            LOG.error("{} batches of the output in {} were not taken", refused, file);
        }
    }

    private void fail(IOException e) {
        failure = e;
        LOG.error("the output in {} cannot be followed any more; the file itself is not touched by that", file, e);
    }

    private void end() {
        lock.lock();
        try {
            ended = true;
            ending.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void release() {
        watch.close();
        try {
            channel.close();
        } catch (IOException e) {
            LOG.warn("closing {} after following it", file, e);
        }
    }
}
