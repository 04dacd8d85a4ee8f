package pysmurf.controller.assembly;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What may be kept in memory for those who are slower than what is reported, over all controllers of the process. A single one that is
 * flooded may take most of it; where all are, each has its share. Thread-safe.
 */
public final class MemoryBudget {

    private static final long MAX_QUEUED_BYTES = 64L * 1024 * 1024;
    private static final long MAX_REMEMBERED_CHARS = 12L * 1024 * 1024;

    private final AtomicInteger queues = new AtomicInteger();
    private final AtomicInteger streams = new AtomicInteger();
    private final AtomicLong queued = new AtomicLong();

    /** One queue more, or less. */
    public void addQueues(int more) {
        queues.addAndGet(more);
    }

    /** One stream of events more, or less. */
    public void addStreams(int more) {
        streams.addAndGet(more);
    }

    /** Whether a queue that keeps so much may take more. */
    public boolean hasRoom(long own, long more) {
        return queued.get() + more <= MAX_QUEUED_BYTES || own + more <= MAX_QUEUED_BYTES / Math.max(1, queues.get());
    }

    /** What is in all queues is more by that, or less. */
    public void add(long bytes) {
        queued.addAndGet(bytes);
    }

    /** How many characters one stream may remember of its events. */
    public long rememberedChars() {
        return MAX_REMEMBERED_CHARS / Math.max(1, streams.get());
    }
}
