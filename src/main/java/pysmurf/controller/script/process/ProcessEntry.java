package pysmurf.controller.script.process;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * One process as /proc/PID/stat describes it (proc(5)).
 *
 * @param id           identity
 * @param parent       pid of the parent; 1, or that of a sub-reaper, once the parent has ended
 * @param group        process group
 * @param session      session
 * @param state        the kernel's letter: R, S, D, T, t, Z, X, I ...
 * @param kernelThread whether it is a thread of the kernel
 * @param threads      number of threads
 */
public record ProcessEntry(
        ProcessId id, long parent, long group, long session, char state, boolean kernelThread, long threads) {

    /** Fields of stat after the command's name; the state, field 3 of proc(5), is number 0 here. */
    private static final int PARENT = 1;

    private static final int GROUP = 2;
    private static final int SESSION = 3;
    private static final int FLAGS = 6;
    private static final int THREADS = 17;
    private static final int START = 19;

    /** A bit of the flags: PF_KTHREAD of the kernel's include/linux/sched.h. */
    private static final long KERNEL_THREAD = 0x00200000;

    public long pid() {
        return id.pid();
    }

    /**
     * Whether the process still does something. A zombie and a dead one do not, with one exception: where the first
     * thread of a process has ended and others go on, the kernel shows the whole process as a zombie, but with more
     * than one thread.
     */
    public boolean isAlive() {
        return switch (state) {
            case 'X', 'x' -> false;
            case 'Z' -> threads > 1;
            default -> true;
        };
    }

    /**
     * Reads a line of /proc/PID/stat. The command's name stands between the first opening and the last closing
     * parenthesis and may hold anything, blanks and parentheses and line ends too.
     *
     * @return empty if the bytes are no such line, as when the process vanished while it was read
     */
    static Optional<ProcessEntry> parse(byte[] stat, int length) {
        int close = length - 1;
        while (close >= 0 && stat[close] != ')') {
            close--;
        }
        int open = 0;
        while (open < close && stat[open] != '(') {
            open++;
        }
        if (close < 1 || open < 2 || close + 2 >= length) {
            return Optional.empty();
        }
        try {
            long pid = number(stat, 0, open - 1);
            char state = (char) stat[close + 2];
            long parent = 0;
            long group = 0;
            long session = 0;
            boolean kernelThread = false;
            long threads = 0;
            // Past the state and the blank behind it: field 1.
            int at = close + 4;
            for (int field = PARENT; field <= START; field++) {
                if (at >= length) {
                    return Optional.empty();
                }
                int end = at;
                while (end < length && stat[end] != ' ' && stat[end] != '\n') {
                    end++;
                }
                switch (field) {
                    case PARENT -> parent = number(stat, at, end);
                    case GROUP -> group = number(stat, at, end);
                    case SESSION -> session = number(stat, at, end);
                    case FLAGS -> kernelThread = (number(stat, at, end) & KERNEL_THREAD) != 0;
                    case THREADS -> threads = number(stat, at, end);
                    case START -> {
                        ProcessId id = new ProcessId(pid, number(stat, at, end));
                        return Optional.of(new ProcessEntry(id, parent, group, session, state, kernelThread, threads));
                    }
                    default -> {}
                }
                at = end + 1;
            }
            throw new IllegalStateException("the start time is the last field that is read");
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "no line of /proc/PID/stat: " + new String(stat, 0, length, StandardCharsets.UTF_8), e);
        }
    }

    private static long number(byte[] text, int from, int to) {
        if (from >= to) {
            throw new NumberFormatException("empty field");
        }
        boolean negative = text[from] == '-';
        long value = 0;
        for (int i = negative ? from + 1 : from; i < to; i++) {
            int digit = text[i] - '0';
            if (digit < 0 || digit > 9) {
                throw new NumberFormatException("no digit at byte " + i);
            }
            // An unsigned 64-bit number may wrap round here; none of the fields that are used gets that large.
            value = value * 10 + digit;
        }
        return negative ? -value : value;
    }
}
