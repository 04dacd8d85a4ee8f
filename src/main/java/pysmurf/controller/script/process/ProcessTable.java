package pysmurf.controller.script.process;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * The processes of this machine as /proc showed them, one after another, while the table was read: no picture of one
 * instant. A process that came or went meanwhile may be missing. Immutable; environments are looked up when asked
 * for. Thread-safe.
 */
public final class ProcessTable {

    private final ProcFiles files;
    private final Map<Long, ProcessEntry> byPid;
    private final int vanished;

    private ProcessTable(ProcFiles files, long earliest) {
        this.files = files;
        this.byPid = new LinkedHashMap<>();
        ProcFiles.Listing listing = files.stats(earliest);
        for (ProcessEntry entry : listing.entries()) {
            byPid.put(entry.pid(), entry);
        }
        this.vanished = listing.vanished();
    }

    /**
     * Reads all of /proc.
     *
     * @throws java.io.UncheckedIOException if it cannot be read, as with too many open files
     */
    public static ProcessTable read() {
        return new ProcessTable(ProcFiles.SYSTEM, 0);
    }

    /**
     * Reads the processes started at a time or later, which is several times as fast where most are older and were seen
     * by an earlier table.
     *
     * @param  startTicks as in {@link ProcessId}
     * @throws java.io.UncheckedIOException if /proc cannot be read, as with too many open files
     */
    public static ProcessTable readStartedSince(long startTicks) {
        return new ProcessTable(ProcFiles.SYSTEM, startTicks);
    }

    /** As {@link #readStartedSince}, from a folder that looks like /proc. */
    static ProcessTable readStartedSince(long startTicks, ProcFiles files) {
        return new ProcessTable(files, startTicks);
    }

    /** All processes of the table, zombies included. */
    public Collection<ProcessEntry> processes() {
        return byPid.values();
    }

    /**
     * How many processes ended while the table was read. Each may have left a child that came too late for the table.
     */
    int vanished() {
        return vanished;
    }

    public Optional<ProcessEntry> find(long pid) {
        return Optional.ofNullable(byPid.get(pid));
    }

    public Optional<ProcessEntry> find(ProcessId id) {
        return find(id.pid()).filter(entry -> entry.id().equals(id));
    }

    /** What a look into a process's environment tells. */
    enum Finding {
        PRESENT,
        ABSENT,
        /** There was none: the process is in the midst of an execve or of its end, or its first thread has ended. */
        BLANK,
        /** There is no such process any more. */
        GONE,
        /** The process may not be looked at. */
        FORBIDDEN
    }

    /**
     * Looks for an entry in a process's environment, as it was when the process last executed a program. Reads
     * /proc/PID/environ now, so by then the pid may be another's; check the identity again where that matters.
     *
     * @param entry the whole entry, {@code NAME=VALUE}
     */
    Finding findInEnvironment(ProcessEntry process, String entry) {
        // A kernel thread never has one; that must not pass for an execve.
        return process.kernelThread() ? Finding.ABSENT : files.findInEnvironment(process.pid(), entry);
    }

    /**
     * Whether a process has an entry in its environment, as it was when it last executed a program.
     *
     * @param  entry the whole entry, {@code NAME=VALUE}
     * @return       empty if that cannot be known: the process is gone, or may not be looked at, or is in an execve
     */
    public Optional<Boolean> hasEnvironmentEntry(ProcessEntry process, String entry) {
        return switch (findInEnvironment(process, entry)) {
            case PRESENT -> Optional.of(true);
            case ABSENT -> Optional.of(false);
            case BLANK, GONE, FORBIDDEN -> Optional.empty();
        };
    }
}
