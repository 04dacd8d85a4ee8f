package pysmurf.controller.driver;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A disk of its own that is soon full: a file system in memory. Only root, or who may do as much, can have one. */
public final class SmallDisk implements AutoCloseable {

    private static final long MOUNT_S = 10;

    private final Path folder;

    private SmallDisk(Path folder) {
        this.folder = folder;
    }

    /**
     * Makes one.
     *
     * @param  folder where to; is made
     * @param  size   as mount(8) has it, e.g. {@code 8m}
     * @return        empty where that is not allowed
     */
    public static Optional<SmallDisk> at(Path folder, String size) throws IOException, InterruptedException {
        Files.createDirectories(folder);
        return run("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", folder.toString())
                ? Optional.of(new SmallDisk(folder))
                : Optional.empty();
    }

    public Path folder() {
        return folder;
    }

    /** Lazily, since what was open on it a moment ago may still be closing. */
    @Override
    public void close() throws IOException {
        try {
            if (!run("umount", "--lazy", folder.toString())) {
                throw new IOException("still mounted: " + folder);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("may still be mounted: " + folder, e);
        }
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        return process.waitFor(MOUNT_S, TimeUnit.SECONDS) && process.exitValue() == 0;
    }
}
