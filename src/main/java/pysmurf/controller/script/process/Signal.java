package pysmurf.controller.script.process;

import com.sun.jna.Native;
import java.time.Duration;

/** The signals of the abort ladder, in its order. A session's {@code abort.signals} holds these names. */
public enum Signal {
    INT(2),
    TERM(15),
    KILL(9);

    /** signal(7). Follows each signal, since a stopped process takes none but KILL before it goes on. */
    private static final int CONT = 18;

    private static final ProcessEntry SELF =
            ProcFiles.SYSTEM.stat(ProcessHandle.current().pid()).orElseThrow();

    private final int number;

    Signal(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }

    /** A signal to pid 0, 1 or -1, to this process or to its own group can only be a mistake. */
    static boolean isProtected(long number) {
        return number <= 1 || number > Integer.MAX_VALUE || number == SELF.pid() || number == SELF.group();
    }

    /**
     * kill(2). Lets what is stopped go on.
     *
     * @param  target a pid, or the number of a group below zero
     * @param  signal null only asks whether there is such a process or group. Unlike a look at /proc, this is true of one instant
     * @return        0, or an errno
     */
    public static int kill(long target, Signal signal) {
        if (signal != null && isProtected(Math.abs(target))) {
            throw new IllegalArgumentException("not a process or group to be signalled: " + target);
        }
        if (Libc.kill((int) target, signal == null ? 0 : signal.number) != 0) {
            return Native.getLastError();
        }
        if (signal != null) {
            Libc.kill((int) target, CONT);
        }
        return 0;
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
        kill(SELF.pid(), null);
        ProcessTree none = new ProcessTree(new ProcessId(ProcessId.NO_PID, ownStartTicks()), "WARM=UP");
        new AbortLadder(none, new AbortLadder.Graces(Duration.ZERO, Duration.ZERO), signal -> {}).run();
    }
}
