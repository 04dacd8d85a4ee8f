package pysmurf.controller.script.process;

import com.sun.jna.Native;
import java.time.Duration;

/**
 * The signals of the abort ladder, in its order, and kill(2). A session's {@code abort.signals} holds these names. A signal to pid
 * 0, 1 or -1, to this process or to its own group can only be a mistake, and is refused.
 */
public enum Signal {
    INT(2),
    TERM(15),
    KILL(9);

    /** signal(7). Follows each signal, since a stopped process takes none but KILL before it goes on. */
    private static final int CONT = 18;

    /** The kernel gives out no pid above 4194304 (proc(5), pid_max). */
    private static final int NO_PID = Integer.MAX_VALUE;

    private static final ProcessEntry SELF =
            ProcFiles.SYSTEM.stat(ProcessHandle.current().pid()).orElseThrow();

    private final int number;

    Signal(int number) {
        this.number = number;
    }

    /** A process exists and may not be signalled. */
    static final class NotSent extends RuntimeException {

        private static final long serialVersionUID = 1L;

        NotSent(String message) {
            super(message);
        }
    }

    int number() {
        return number;
    }

    /** @return false if there is no such process; true also for a zombie */
    public boolean send(long pid) {
        return kill(above0(pid), this);
    }

    /** @return false if the group has no process; true also where it has only zombies */
    public boolean sendToGroup(long group) {
        return kill(-above0(group), this);
    }

    private static long above0(long number) {
        if (number <= 0) {
            throw new IllegalArgumentException("not a process or group: " + number);
        }
        return number;
    }

    /**
     * Sends a signal, and lets what is stopped go on.
     *
     * @param  target a pid, or the number of a group below zero
     * @param  signal null only asks whether there is such a process or group. Unlike a look at /proc, this is true of one instant
     * @return        whether there is such a process or group, be it a zombie
     */
    static boolean kill(long target, Signal signal) {
        if (isProtected(Math.abs(target))) {
            throw new IllegalArgumentException("not a process or group to be signalled: " + target);
        }
        if (Libc.kill((int) target, signal == null ? 0 : signal.number) == 0) {
            if (signal != null) {
                Libc.kill((int) target, CONT);
            }
            return true;
        }
        int errno = Native.getLastError();
        if (errno == Libc.ESRCH || signal == null) {
            return errno != Libc.ESRCH;
        }
        throw new NotSent("cannot send SIG" + signal + " to " + target + ": " + Libc.strerror(errno));
    }

    /** Whether a pid or the number of a group is one that is never signalled. */
    static boolean isProtected(long number) {
        return number <= 1 || number > Integer.MAX_VALUE || number == SELF.pid() || number == SELF.group();
    }

    static long ownStartTicks() {
        return SELF.id().startTicks();
    }

    /**
     * Loads what the first abort needs, above all JNA's native library, which takes 0.1 to 0.3 s. Signals no process.
     *
     * @throws UnsatisfiedLinkError if the library cannot be loaded, as with a temporary folder mounted noexec
     */
    public static void warmUp() {
        Libc.kill((int) SELF.pid(), 0);
        ProcFiles.SYSTEM.findInEnvironment(SELF, "WARM=UP");
        ProcessTree empty = new ProcessTree(new ProcessId(NO_PID, ownStartTicks()), null);
        new AbortLadder(empty, new AbortLadder.Graces(Duration.ZERO, Duration.ZERO), signal -> {}).run();
    }
}
