package pysmurf.controller.script.process;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The end of a process that is no child of this one. Its exit code can be seen as long as its parent has not taken notice of it; a
 * {@link Launcher} leaves it in a file before that.
 */
public final class ProcessEnd {

    private static final Logger LOG = LoggerFactory.getLogger(ProcessEnd.class);

    private static final long PAUSE_NANOS = 50_000_000;

    /** Between death and the moment when the parent has taken notice of it. */
    private static final long REAPING_PAUSE_NANOS = 1_000_000;

    /** Where nobody does that, as with a parent that hangs. */
    private static final int MAX_REAPING_PAUSES = 1000;

    private ProcessEnd() {}

    /**
     * Looks at a process until it has ended.
     *
     * @param  exitFile where its exit code may be left
     * @return          completes with the exit code; null if there is none
     */
    public static CompletableFuture<Integer> of(ProcessId process, Path exitFile) {
        CompletableFuture<Integer> end = new CompletableFuture<>();
        Thread thread = new Thread(
                () -> {
                    while (look(process).filter(ProcessEntry::isAlive).isPresent()) {
                        LockSupport.parkNanos(PAUSE_NANOS);
                    }
                    end.complete(exitCode(process, exitFile));
                },
                "end-of-process");
        thread.setDaemon(true);
        thread.start();
        return end;
    }

    /**
     * The exit code that was left of a dead process; null if there is none. The file, if there is to be one, is there by then, unless
     * the parent hangs.
     */
    public static Integer exitCode(ProcessId process, Path exitFile) {
        Optional<Integer> seen = Optional.empty();
        for (int pauses = 0; pauses < MAX_REAPING_PAUSES && look(process).isPresent(); pauses++) {
            seen = seen.or(() -> ProcFiles.SYSTEM.exitStatus(process.pid()).map(ProcessGroup::exitCode));
            LockSupport.parkNanos(REAPING_PAUSE_NANOS);
        }
        if (seen.isPresent()) {
            return seen.get();
        }
        try {
            return Integer.valueOf(Files.readString(exitFile).strip());
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException | NumberFormatException e) {
            LOG.warn("No exit code can be read in {}", exitFile, e);
            return null;
        }
    }

    private static Optional<ProcessEntry> look(ProcessId process) {
        while (true) {
            try {
                return ProcFiles.SYSTEM.stat(process.pid()).filter(entry -> entry.id()
                        .equals(process));
            } catch (UncheckedIOException e) {
                LOG.debug("Cannot tell whether process {} lives", process, e);
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }
}
