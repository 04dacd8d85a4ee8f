package pysmurf.controller.script.process;

import com.sun.jna.Native;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * A regular file behind a path that others can write to. Opening a FIFO waits for its other side, and opening a device does whatever
 * the device does. So the file is first pinned down without opening it (O_PATH of open(2)), then checked, and then this very file is
 * opened, whatever takes its place meanwhile. No process inherits it.
 */
public final class RegularFile implements AutoCloseable {

    private int descriptor;

    /** @param name what the path stands for, in words for people */
    private RegularFile(Path path, int flags, Path name) throws IOException {
        descriptor = Libc.open(Libc.text(path.toAbsolutePath().toString()), flags | Libc.O_CLOEXEC);
        if (descriptor < 0) {
            int errno = Native.getLastError();
            throw errno == Libc.ENOENT
                    ? new NoSuchFileException(name.toString())
                    : new FileSystemException(name.toString(), null, Libc.strerror(errno));
        }
    }

    /**
     * Pins the file down.
     *
     * @throws NoSuchFileException if there is none
     * @throws IOException         if it is anything but a regular file, or a link to one
     */
    public static RegularFile at(Path path) throws IOException {
        RegularFile file = new RegularFile(path, Libc.O_PATH, path);
        if (!Files.isRegularFile(file.path())) {
            file.close();
            throw new FileSystemException(path.toString(), null, "is no regular file");
        }
        return file;
    }

    /** As {@link #at}, opened for appending. */
    static RegularFile toAppendTo(Path path) throws IOException {
        try (RegularFile file = at(path)) {
            return new RegularFile(file.path(), Libc.O_WRONLY | Libc.O_APPEND, path);
        }
    }

    /** A path by which this process can open it as long as this is open. */
    public Path path() {
        return Path.of("/proc/self/fd/" + descriptor);
    }

    int descriptor() {
        return descriptor;
    }

    @Override
    public void close() {
        if (descriptor >= 0) {
            Libc.close(descriptor);
            descriptor = -1;
        }
    }
}
