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

    /**
     * Sends the signal to a process and lets it go on if it is stopped.
     *
     * @return false if there is no such process; true also for a zombie
     */
    public boolean send(long pid) {
        return kill(checked(pid), number, "process " + pid);
    }

    /**
     * Sends the signal to each process of a group at once and lets those go on that are stopped.
     *
     * @return false if the group has no process; true also where it has only zombies
     */
    public boolean sendToGroup(long group) {
        return kill(-checked(group), number, "process group " + group);
    }

    /** Whether the group has a process, be it a zombie. Unlike a look at /proc, this is true of one instant. */
    static boolean groupExists(long group) {
        return Libc.kill(-checked(group), 0) == 0 || Native.getLastError() == Libc.EPERM;
    }

    /** Whether a pid or the number of a group is one that is never signalled. */
    static boolean isProtected(long number) {
        return number <= 1 || number > Integer.MAX_VALUE || number == SELF.pid() || number == SELF.group();
    }

    private static int checked(long number) {
        if (isProtected(number)) {
            throw new IllegalArgumentException("not a process or group to be signalled: " + number);
        }
        return (int) number;
    }

    private static boolean kill(int target, int number, String what) {
        if (Libc.kill(target, number) == 0) {
            Libc.kill(target, CONT);
            return true;
        }
        int errno = Native.getLastError();
        if (errno == Libc.ESRCH) {
            return false;
        }
        throw new NotSent("cannot send signal " + number + " to " + what + ": " + Libc.strerror(errno));
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
