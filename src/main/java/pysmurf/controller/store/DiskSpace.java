package pysmurf.controller.store;

import java.nio.file.Path;
import java.util.Optional;

/** Whether there is room left where output, files and sessions are written. */
public final class DiskSpace {

    private static final long MIB = 1024 * 1024;

    private final Path folder;
    private final long least;

    /**
     * @param folder must exist
     * @param least  bytes that have to be free
     */
    public DiskSpace(Path folder, long least) {
        this.folder = folder;
        this.least = least;
    }

    /** Bytes that this process may still write. */
    public long free() {
        return folder.toFile().getUsableSpace();
    }

    /** Why nothing new may be begun; empty if there is room. */
    public Optional<String> fault() {
        long free = free();
        return free >= least
                ? Optional.empty()
                : Optional.of("the disk is nearly full: " + free / MIB + " MiB are free in " + folder
                        + ", store.min-free asks for " + least / MIB + " MiB");
    }
}
