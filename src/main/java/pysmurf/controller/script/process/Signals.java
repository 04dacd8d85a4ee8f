package pysmurf.controller.script.process;

import com.sun.jna.Native;
import java.time.Duration;

/**
 * kill(2). Thread-safe.
 *
 * <p>It refuses what can only be a mistake and would be a grave one: pid 0 (our own group), 1, -1 (everybody), our own
 * process and our own process group.
 */
public final class Signals {

    private static final int NO_SIGNAL = 0;

    /** signal(7). Follows each signal, since a stopped process takes none but KILL before it goes on. */
    private static final int CONT = 18;

    /** The kernel gives out none above 4194304, PID_MAX_LIMIT (proc(5), pid_max). */
    private static final int NO_PID = Integer.MAX_VALUE;

    private static final ProcessEntry SELF = self();

    private Signals() {}

    /**
     * Loads what the first abort needs, JNA's native library above all: 0.1 to 0.3 s that need not be waited for then.
     * May be called often, by any thread. Ends nobody.
     *
     * @throws UnsatisfiedLinkError if JNA's native library cannot be loaded, as with a temporary folder mounted noexec
     */
    public static void warmUp() {
        Libc.kill((int) SELF.pid(), NO_SIGNAL);
        ProcessTable.read().hasEnvironmentEntry(SELF, "WARM=UP");
        SignalTarget nobody = new ProcessTree(new ProcessId(NO_PID, SELF.id().startTicks()), null);
        new AbortLadder(nobody, new AbortLadder.Graces(Duration.ZERO, Duration.ZERO), signal -> {}).run();
    }

    /**
     * Sends a signal to one process, and lets it go on if it is stopped.
     *
     * @return false if there is no such process; true also for a zombie
     * @throws SignalException if the process may not be signalled
     */
    public static boolean send(long pid, Signal signal) {
        if (pid <= 1 || pid > Integer.MAX_VALUE || pid == SELF.pid()) {
            throw new IllegalArgumentException("not a process to be signalled: " + pid);
        }
        return kill(pid, signal.number(), "process " + pid);
    }

    /**
     * Sends a signal to each process of a group at once, and lets those go on that are stopped.
     *
     * @return false if the group has no process; true also where it has only zombies
     * @throws SignalException if there are processes, but not one of them may be signalled
     */
    public static boolean sendToGroup(long group, Signal signal) {
        return killGroup(group, signal.number());
    }

    /**
     * Whether the group has a process, be it a zombie. Unlike a look at /proc, this is a statement about one instant.
     */
    public static boolean groupExists(long group) {
        try {
            return killGroup(group, NO_SIGNAL);
        } catch (SignalException e) {
            if (e.errno() == Libc.EPERM) {
                return true;
            }
            throw e;
        }
    }

    private static boolean killGroup(long group, int signal) {
        if (isProtectedGroup(group)) {
            throw new IllegalArgumentException("not a process group to be signalled: " + group);
        }
        return kill(-group, signal, "process group " + group);
    }

    /** Whether a pid or a group's number is one that is never signalled. */
    static boolean isProtected(long number) {
        return number == SELF.pid() || isProtectedGroup(number);
    }

    private static boolean isProtectedGroup(long group) {
        return group <= 1 || group > Integer.MAX_VALUE || group == SELF.group();
    }

    private static boolean kill(long target, int signal, String what) {
        if (Libc.kill((int) target, signal) == 0) {
            if (signal != NO_SIGNAL) {
                Libc.kill((int) target, CONT);
            }
            return true;
        }
        int errno = Native.getLastError();
        if (errno == Libc.ESRCH) {
            return false;
        }
        throw new SignalException("cannot send signal " + signal + " to " + what + ": " + Libc.strerror(errno), errno);
    }

    static long ownStartTicks() {
        return SELF.id().startTicks();
    }

    private static ProcessEntry self() {
        long pid = ProcessHandle.current().pid();
        return ProcFiles.SYSTEM
                .stat(pid)
                .orElseThrow(() -> new IllegalStateException("/proc does not show this process, pid " + pid));
    }
}
