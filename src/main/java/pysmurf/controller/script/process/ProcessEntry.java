package pysmurf.controller.script.process;

import java.util.Optional;

/**
 * One process as /proc/PID/stat describes it (proc(5)).
 *
 * @param parent       pid of the parent; 1, or that of a subreaper, once the parent has ended
 * @param group        process group
 * @param session      session
 * @param state        the kernel's letter: R, S, D, T, t, Z, X, I ...
 * @param kernelThread whether it is a thread of the kernel
 * @param threads      number of threads
 */
record ProcessEntry(
        ProcessId id, long parent, long group, long session, char state, boolean kernelThread, long threads) {

    // Fields behind the command's name. The state, field 3 of proc(5), is number 0 here.
    private static final int PARENT = 1;
    private static final int GROUP = 2;
    private static final int SESSION = 3;
    private static final int FLAGS = 6;
    private static final int THREADS = 17;
    private static final int START = 19;
    private static final int EXIT_STATUS = 49;

    /** PF_KTHREAD of the kernel's include/linux/sched.h, a bit of the flags. */
    private static final long KERNEL_THREAD = 0x00200000;

    long pid() {
        return id.pid();
    }

    /**
     * Whether the process still does something. A zombie does not, with one exception: where the first thread has ended and
     * others go on, the kernel shows the whole process as a zombie with more than one thread.
     */
    boolean isAlive() {
        return switch (state) {
            case 'X', 'x' -> false;
            case 'Z' -> threads > 1;
            default -> true;
        };
    }

    /** Of a zombie's line of /proc/PID/stat, how it ended; empty for another's. The kernel shows it to the same user alone. */
    static Optional<Integer> exitStatus(String line) {
        String[] fields = line.substring(line.lastIndexOf(") ") + 2).strip().split("\\s");
        return fields.length > EXIT_STATUS && fields[0].equals("Z")
                ? Optional.of(Integer.valueOf(fields[EXIT_STATUS]))
                : Optional.empty();
    }

    /**
     * Reads a line of /proc/PID/stat. The command's name is in parentheses and may itself hold blanks, parentheses and line ends.
     *
     * @return empty if the line ends too soon, as when the process vanished while it was read
     */
    static Optional<ProcessEntry> parse(String line) {
        int open = line.indexOf(" (");
        int close = line.lastIndexOf(") ");
        if (open < 1 || close < open) {
            return Optional.empty();
        }
        String[] fields = line.substring(close + 2).split("\\s", START + 2);
        if (fields.length <= START) {
            return Optional.empty();
        }
        return Optional.of(new ProcessEntry(
                new ProcessId(Long.parseLong(line.substring(0, open)), Long.parseLong(fields[START])),
                Long.parseLong(fields[PARENT]),
                Long.parseLong(fields[GROUP]),
                Long.parseLong(fields[SESSION]),
                fields[0].charAt(0),
                (Long.parseLong(fields[FLAGS]) & KERNEL_THREAD) != 0,
                Long.parseLong(fields[THREADS])));
    }
}
