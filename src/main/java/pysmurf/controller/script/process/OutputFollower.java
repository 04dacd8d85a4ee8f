package pysmurf.controller.script.process;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.camel.util.concurrent.CamelThreadFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows a script's output file while the script appends to it, and gives it as text lines, in batches, for people to watch. The
 * script never waits for it.
 *
 * <ul>
 *   <li>A line ends with a line feed; carriage returns before that belong to the line end.
 *   <li>A carriage return elsewhere begins the line again, as progress bars do: what was before it is left out. While such a line
 *       has not ended, its newest state is given once a second as an entry that ends with a carriage return, which the next entry
 *       replaces.
 *   <li>The bytes are UTF-8; U+FFFD stands for what is not. No entry ends in the middle of a character.
 *   <li>A line without its end is held back for {@link Limits#holdBack}, so that a prompt or the dots of a progress bar show in time.
 *       Then it is given as it is, and what follows is given as further entries. A line longer than {@link Limits#lineBytes} is
 *       given in several entries, too.
 * </ul>
 *
 * While lines come now and then the file is watched, and each is given some 0.2 ms after it was written. In a rush the file is read
 * every 10 ms, unwatched, since a watch costs the script time at each write. No byte is given later than 100 ms, unless the consumer
 * is slow or the line is written over. A file that gets shorter, as when someone empties the log, is followed from its beginning.
 */
public final class OutputFollower implements AutoCloseable {

    /**
     * What bounds a follower.
     *
     * @param batchLines most lines in a batch
     * @param batchBytes most bytes of output in a batch
     * @param lineBytes  a longer line is given in pieces of at most so many bytes; at least 8, room for a character and a cut
     * @param holdBack   how long the beginning of a line waits for its end
     * @param maxBytes   more output than this calls the follower's hook
     */
    public record Limits(int batchLines, int batchBytes, int lineBytes, Duration holdBack, long maxBytes) {

        public static Limits of(long maxBytes) {
            return new Limits(1000, 256 * 1024, 64 * 1024, Duration.ofMillis(80), maxBytes);
        }
    }

    private static final Logger LOG = LoggerFactory.getLogger(OutputFollower.class);

    private static final Executor FOLLOWING =
            Executors.newCachedThreadPool(new CamelThreadFactory("#name#", "output", true));

    private static final long NANOS_PER_MILLI = 1_000_000;

    private static final long RUSH_PAUSE_NANOS = 10 * NANOS_PER_MILLI;

    /** Between two reads of a watched file, in case the watch does not work, as with some network file systems. */
    private static final long SAFETY_PAUSE_NANOS = 100 * NANOS_PER_MILLI;

    /** A rush begins when so many writes in a row come closer together than this. */
    private static final int RUSH_COUNT = 8;

    private static final long RUSH_GAP_NANOS = 2 * NANOS_PER_MILLI;

    /** It is over when so many reads in a row brought no more than this, a line or two. */
    private static final int CALM_COUNT = 3;

    private static final long CALM_BYTES = 100;

    private static final long NO_TARGET = Long.MAX_VALUE;

    private final Path file;
    private final FileWatch watch;
    private FileChannel channel;
    private final long maxBytes;
    private final Consumer<List<String>> consumer;
    private final Runnable onTooMuch;
    private final Runnable onEnd;
    private final LineCutter cutter;

    /** Whether all was given. */
    private final CompletableFuture<Boolean> ended = new CompletableFuture<>();

    private volatile boolean closed;
    private volatile long target = NO_TARGET;
    private volatile IOException failure;

    // Of the follower's thread.
    private long position;
    private long bytes;
    private boolean tooMuch;
    private boolean refused;

    /**
     * Begins to follow a file, on a daemon thread of its own.
     *
     * @param  file        must exist
     * @param  offset      where the script's part begins, in bytes; not beyond the end of the file
     * @param  consumer    gets the batches on that thread. While it is busy nothing is read, which costs no memory and does not
     *                     disturb the script
     * @param  onTooMuch   called once, on that thread, when the file has grown by more than {@link Limits#maxBytes}
     * @param  onEnd       called once, on that thread, when all was given
     * @throws IOException if it is no regular file or cannot be opened, or too many files are open
     */
    public OutputFollower(
            Path file, long offset, Limits limits, Consumer<List<String>> consumer, Runnable onTooMuch, Runnable onEnd)
            throws IOException {
        this.file = file;
        this.position = offset;
        this.maxBytes = limits.maxBytes();
        this.consumer = consumer;
        this.onTooMuch = onTooMuch;
        this.onEnd = onEnd;
        cutter = new LineCutter(limits, this::offer);
        watch = new FileWatch(file);
        boolean started = false;
        try {
            try (RegularFile regular = RegularFile.at(file)) {
                channel = FileChannel.open(regular.path(), StandardOpenOption.READ);
            }
            FOLLOWING.execute(this::run);
            started = true;
        } finally {
            if (!started) {
                release();
            }
        }
    }

    /**
     * Gives the rest: to be called when the script has ended. All that is in the file now is given, a line without its end too, then
     * the follower closes itself. What is written to the file later is not looked at.
     *
     * @param  budget how long to wait for that, at most
     * @return        whether all was given within the budget. If not, the follower goes on in its own thread, unless it failed or
     *                was closed
     */
    public boolean finish(Duration budget) {
        synchronized (this) {
            if (!ended.isDone() && target == NO_TARGET) {
                try {
                    target = channel.size();
                    watch.wake();
                } catch (IOException e) {
                    fail(e);
                    close();
                }
            }
        }
        return ended.copy()
                .completeOnTimeout(false, budget.toNanos(), TimeUnit.NANOSECONDS)
                .join();
    }

    /** Stops without giving the rest, unless {@link #finish} has begun with that. A consumer that is busy may be so for longer. */
    @Override
    public void close() {
        if (target == NO_TARGET) {
            closed = true;
            watch.wake();
        }
    }

    /** Why the follower gave up, if it did; the file itself may be whole. */
    public Optional<IOException> failure() {
        return Optional.ofNullable(failure);
    }

    private void run() {
        boolean all = false;
        try {
            all = follow();
        } catch (IOException e) {
            fail(e);
        } finally {
            // Before the files are closed, which takes a moment.
            synchronized (this) {
                ended.complete(all);
            }
            release();
        }
    }

    /** @return whether all was given */
    private boolean follow() throws IOException {
        boolean armed = false;
        boolean rush = false;
        int changing = 0;
        long lastWrite = System.nanoTime() - RUSH_GAP_NANOS;
        while (!closed) {
            long goal = target;
            long bytesBefore = bytes;
            long heldBack = read(goal);
            if (position >= goal) {
                return finishLines();
            }
            long now = System.nanoTime();
            long got = bytes - bytesBefore;
            if (rush || got > 0) {
                boolean quick = rush ? got > CALM_BYTES : now - lastWrite < RUSH_GAP_NANOS;
                changing = quick == rush ? 0 : changing + 1;
                lastWrite = now;
            }
            if (changing == (rush ? CALM_COUNT : RUSH_COUNT)) {
                rush = !rush;
                changing = 0;
            }
            if (!rush && !armed && watch.arm()) {
                armed = true;
                // Read once more, for what was written between the reading and the arming.
                continue;
            }
            long pause = Math.min(heldBack, rush || !armed ? RUSH_PAUSE_NANOS : SAFETY_PAUSE_NANOS);
            if (watch.await((pause + NANOS_PER_MILLI - 1) / NANOS_PER_MILLI)) {
                armed = false;
            }
        }
        return false;
    }

    /**
     * Reads to the end of the file, or to the goal, and gives the lines.
     *
     * @return how much longer the beginning of a line has to be held back
     */
    private long read(long goal) throws IOException {
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
            bytes += count;
            // By the file's size, not by what was read: a slow consumer must not keep a full disk from being noticed.
            if (!tooMuch && bytes + (channel.size() - position) > maxBytes) {
                tooMuch = true;
                onTooMuch.run();
            }
            cutter.accept(count);
        }
        return cutter.deliver(System.nanoTime());
    }

    private void offer(List<String> batch) {
        if (closed) {
            return;
        }
        try {
            consumer.accept(batch);
        } catch (RuntimeException e) {
            if (!refused) {
                refused = true;
                LOG.error("A batch of the output in {}, if not more, was not taken, and watchers lose it", file, e);
            }
        }
    }

    private boolean finishLines() {
        cutter.finish();
        if (closed) {
            return false;
        }
        onEnd.run();
        return true;
    }

    private void fail(IOException e) {
        failure = e;
        LOG.error("The output in {} cannot be followed any more; the file itself is whole", file, e);
    }

    private void release() {
        watch.close();
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            LOG.warn("Closing {} failed", file, e);
        }
    }
}
