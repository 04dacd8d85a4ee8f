package pysmurf.controller.script.process;

import java.util.Optional;

/**
 * The identity of a process. The kernel uses a pid again; together with the start time it names one process while the machine is up.
 *
 * @param startTicks field 22 of /proc/PID/stat (proc(5)): clock ticks from boot to the start, comparable within one boot only
 */
public record ProcessId(long pid, long startTicks) {

    /** The kernel gives out no pid above 4194304 (proc(5), pid_max). */
    static final long NO_PID = Integer.MAX_VALUE;

    /** Stands for a process that does not exist. */
    public static final ProcessId NONE = new ProcessId(NO_PID, 0);

    /** The process that has this pid now, zombies included; empty if there is none. */
    public static Optional<ProcessId> of(long pid) {
        return ProcFiles.SYSTEM.stat(pid).map(ProcessEntry::id);
    }

    @Override
    public String toString() {
        return pid + "@" + startTicks;
    }
}
