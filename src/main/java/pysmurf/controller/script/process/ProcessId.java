package pysmurf.controller.script.process;

import java.util.Optional;

/**
 * The identity of a process. A pid alone is none: the kernel gives it out again. Together with the start time it names
 * one process for as long as the machine is up.
 *
 * @param pid        the pid as this process's pid namespace numbers it, above 0
 * @param startTicks field 22 of /proc/PID/stat (proc(5)): clock ticks from boot to the process's start, so comparable
 *                   within one boot only
 */
public record ProcessId(long pid, long startTicks) {

    /** The process that has this pid now, zombies included; empty if there is none. */
    public static Optional<ProcessId> of(long pid) {
        return ProcFiles.SYSTEM.stat(pid).map(ProcessEntry::id);
    }

    @Override
    public String toString() {
        return pid + "@" + startTicks;
    }
}
