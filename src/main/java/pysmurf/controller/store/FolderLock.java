package pysmurf.controller.store;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Sees to it that one controller at a time uses a data folder: a second one would take the sessions of the first for those of an
 * earlier life, and end or adopt what they run. The kernel lets go of it when the process ends, however it ends.
 */
public final class FolderLock implements AutoCloseable {

    private static final String FILE = "controller.lock";

    private final FileChannel channel;

    private FolderLock(FileChannel channel) {
        this.channel = channel;
    }

    /**
     * Takes it.
     *
     * @param  folder      must exist
     * @throws IOException with one line that says why not
     */
    public static FolderLock take(Path folder) throws IOException {
        FileChannel channel =
                FileChannel.open(folder.resolve(FILE), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return new FolderLock(channel);
            }
        } catch (OverlappingFileLockException e) {
            // another controller of this very process; its lock goes with the first of the process's descriptors of the
            // file that is closed (fcntl(2)), so this one stays open
            throw new IOException(folder + " is in use by another controller of this process", e);
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        channel.close();
        throw new IOException(folder + " is in use by another controller");
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
