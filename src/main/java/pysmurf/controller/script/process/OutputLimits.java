package pysmurf.controller.script.process;

import java.time.Duration;

/**
 * What bounds an {@link OutputFollower}.
 *
 * @param batchLines at most so many lines are in a batch
 * @param batchBytes a batch ends with the line that brings it to so many bytes of output, or before
 * @param lineBytes  a longer line is given in pieces of at most so many bytes
 * @param holdBack   for how long the beginning of a line is held back for its end to come; then it is given as it is
 * @param maxBytes   more output than this calls the follower's hook
 */
public record OutputLimits(int batchLines, int batchBytes, int lineBytes, Duration holdBack, long maxBytes) {

    /** The smallest line limit: a cut must leave room for a character of 4 bytes and a carriage return. */
    private static final int LEAST_LINE_BYTES = 8;

    public OutputLimits {
        if (batchLines < 1
                || lineBytes < LEAST_LINE_BYTES
                || batchBytes < lineBytes
                || holdBack.isNegative()
                || maxBytes < 0) {
            throw new IllegalArgumentException("no usable limits: batchLines=" + batchLines + ", batchBytes="
                    + batchBytes + ", lineBytes=" + lineBytes + ", holdBack=" + holdBack + ", maxBytes=" + maxBytes);
        }
    }

    /** 1000 lines or 256 KiB a batch, 64 KiB a line, 80 ms. */
    public static OutputLimits of(long maxBytes) {
        return new OutputLimits(1000, 256 * 1024, 64 * 1024, Duration.ofMillis(80), maxBytes);
    }
}
