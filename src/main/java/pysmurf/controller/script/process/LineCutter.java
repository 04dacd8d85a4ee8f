package pysmurf.controller.script.process;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Consumer;

/** Cuts bytes into lines and lines into batches, with bounded memory, by the rules of {@link OutputFollower}. */
final class LineCutter {

    private static final int MAX_READ_BYTES = 64 * 1024;

    /** Most scripts write little at a time; the first that fills this gets the larger room. */
    private static final int FIRST_READ_BYTES = 2 * 1024;

    private static final int MAX_SEQUENCE_BYTES = 4;

    /** Between two states of a line that is written over; tqdm writes one each tenth of a second. */
    private static final long NEXT_STATE_NANOS = 1_000_000_000;

    private final OutputFollower.Limits limits;
    private final Consumer<List<String>> consumer;

    /** The bytes from start to end are the line that has not ended yet; those up to scanned hold no line feed. */
    private byte[] buffer = new byte[2 * FIRST_READ_BYTES];

    private int readBytes = FIRST_READ_BYTES;

    private int start;
    private int scanned;
    private int end;

    /** Whether a piece of the present line was given already. */
    private boolean continued;

    /** Whether the present line was begun again behind a carriage return; what was before that is left out. */
    private boolean overwritten;

    /** What was given of the present line as its state so far; null if nothing was. */
    private String shown;

    /** Since when the beginning of the present line waits for its end; null if it does not. */
    private Long waitingSince;

    private List<String> batch = new ArrayList<>();
    private int batchBytes;

    LineCutter(OutputFollower.Limits limits, Consumer<List<String>> consumer) {
        this.limits = limits;
        this.consumer = consumer;
    }

    /** Where the next bytes go: write them there and call {@link #accept}. */
    ByteBuffer room(long max) {
        int wanted = (int) Math.min(readBytes, max);
        if (end + wanted > buffer.length) {
            // Twice the room for a read, so that the rest of a line is moved to the front every other time only.
            int largest = limits.lineBytes() + 2 * MAX_READ_BYTES;
            byte[] roomy = end - start + wanted <= buffer.length ? buffer : new byte[largest];
            System.arraycopy(buffer, start, roomy, 0, end - start);
            buffer = roomy;
            end -= start;
            start = 0;
            scanned = end;
        }
        return ByteBuffer.wrap(buffer, end, wanted);
    }

    /** Takes bytes that were written to {@link #room}. Batches that get full are delivered. */
    void accept(int count) {
        if (count == readBytes) {
            readBytes = MAX_READ_BYTES;
        }
        end += count;
        for (int i = scanned; i < end; i++) {
            if (buffer[i] == '\n') {
                endLine(i);
            } else if (i > start && buffer[i - 1] == '\r') {
                afterCarriageReturn(i);
            }
        }
        scanned = end;
        cutLong(end);
    }

    private void afterCarriageReturn(int next) {
        if (buffer[next] != '\r') {
            start = next;
            overwritten = true;
        } else if (next - 1 == start) {
            // Of several with nothing before them, one is enough.
            start = next;
        }
    }

    private void endLine(int lineFeed) {
        cutLong(lineFeed);
        int last = withoutCarriageReturns(lineFeed);
        // If nothing is left of a line that was given in pieces, then all of it was given.
        if (last > start || shown != null || overwritten || !continued) {
            add(last);
        }
        start = lineFeed + 1;
        continued = false;
        beginLine();
    }

    private void beginLine() {
        overwritten = false;
        shown = null;
        waitingSince = null;
    }

    private int withoutCarriageReturns(int to) {
        int last = to;
        while (last > start && buffer[last - 1] == '\r') {
            last--;
        }
        return last;
    }

    /** Gives the beginnings of a line that is longer than the limit, up to a place in it. */
    private void cutLong(int to) {
        while (to - start > limits.lineBytes()) {
            int cut = characterEnd(start + limits.lineBytes());
            if (buffer[cut - 1] == '\r') {
                // Perhaps half a line end.
                cut--;
            }
            addPiece(cut);
        }
    }

    /** A place in the buffer, moved back to before a UTF-8 sequence that goes across it. */
    private int characterEnd(int place) {
        for (int i = place - 1; i >= start && i > place - MAX_SEQUENCE_BYTES; i--) {
            // The first byte of a sequence begins with as many ones as it has bytes, each byte behind it with one.
            int ones = Integer.numberOfLeadingZeros(~(buffer[i] << 24));
            if (ones != 1) {
                return ones <= MAX_SEQUENCE_BYTES && i + ones > place ? i : place;
            }
        }
        return place;
    }

    /** Whether a line was begun and something of it can be given before it ends. */
    boolean holds() {
        int cut = heldEnd();
        return cut > start && !(isOverwritten() && text(cut).equals(shown));
    }

    int held() {
        return end - start;
    }

    /** Whether the line that has not ended is written over and over: what is held is one state of it. */
    boolean isOverwritten() {
        return overwritten || end > start && buffer[end - 1] == '\r';
    }

    /** Gives the beginning of the line that has not ended, but for carriage returns or half a character at its end. */
    void flushHeld() {
        int cut = heldEnd();
        if (cut == start) {
            return;
        }
        if (!isOverwritten()) {
            addPiece(cut);
        } else if (!text(cut).equals(shown)) {
            shown = text(cut);
            add(shown + '\r', cut - start);
        }
    }

    private int heldEnd() {
        int last = withoutCarriageReturns(end);
        return last < end ? last : characterEnd(end);
    }

    /** Gives all that is left, for nothing more will come. */
    void finish() {
        int last = withoutCarriageReturns(end);
        if (last > start || shown != null) {
            add(last);
        }
        start = end;
        scanned = end;
        continued = false;
        beginLine();
        deliver();
    }

    private void addPiece(int cut) {
        add(withoutCarriageReturns(cut));
        start = cut;
        continued = true;
        beginLine();
    }

    private String text(int to) {
        return new String(buffer, start, to - start, StandardCharsets.UTF_8);
    }

    private void add(int to) {
        add(text(to), to - start);
    }

    private void add(String line, int length) {
        if (batch.size() == limits.batchLines() || batchBytes + length > limits.batchBytes()) {
            deliver();
        }
        batch.add(line);
        batchBytes += length;
    }

    /**
     * Delivers the present batch, with the beginning of a line that has waited long enough for its end.
     *
     * @return how much longer a beginning has to wait; the maximum if none does
     */
    long deliver(long nanoTime) {
        long left = Long.MAX_VALUE;
        if (!holds()) {
            waitingSince = null;
        } else {
            // A line that is written over begins again and again, and waits from its first beginning.
            waitingSince = waitingSince == null ? nanoTime : waitingSince;
            left = waitingSince + (shown == null ? limits.holdBack().toNanos() : NEXT_STATE_NANOS) - nanoTime;
            if (left <= 0) {
                waitingSince = null;
                flushHeld();
                left = Long.MAX_VALUE;
            }
        }
        deliver();
        return left;
    }

    void deliver() {
        if (!batch.isEmpty()) {
            List<String> full = Collections.unmodifiableList(batch);
            batch = new ArrayList<>();
            batchBytes = 0;
            consumer.accept(full);
        }
    }
}
