package pysmurf.controller.script.process;

import com.sun.jna.Native;
import java.io.IOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits for the next write to one file, by inotify(7). Java's {@code WatchService} watches whole folders and stays registered. This
 * watches the file alone, so that a script that floods the log beside it costs nothing, and each watch is for one event
 * (IN_ONESHOT): no later write pays for it until it is armed again.
 *
 * <p>One thread uses it; any thread may {@link #wake} it.
 */
final class FileWatch implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(FileWatch.class);

    // struct pollfd of poll(2) as a little-endian number: int fd, short events, short revents
    private static final int EVENTS_SHIFT = 32;
    private static final int REVENTS_SHIFT = 48;

    /** One event of a watch on a file, which has no name in it, takes 16 bytes. */
    private static final int INOTIFY_BYTES = 256;

    private static final int EVENTFD_BYTES = 8;

    private final byte[] path;
    private final int wakeDescriptor;
    private final long[] descriptors;
    private final byte[] events = new byte[INOTIFY_BYTES];

    /** -1 where the kernel gives no inotify instance. */
    private final int inotify;

    private boolean closed;

    /** @throws IOException if there are too many open files */
    FileWatch(Path file) throws IOException {
        path = Libc.text(file.toAbsolutePath().toString());
        wakeDescriptor = Libc.eventfd(0, Libc.CLOEXEC_NONBLOCK);
        if (wakeDescriptor < 0) {
            throw new IOException("eventfd: " + Libc.strerror(Native.getLastError()));
        }
        inotify = Libc.inotify_init1(Libc.CLOEXEC_NONBLOCK);
        if (inotify < 0) {
            // fs.inotify.max_user_instances is 128 on many machines. Reading at intervals does as well.
            failed("inotify_init1");
        }
        descriptors = new long[] {pollfd(wakeDescriptor), pollfd(inotify)};
    }

    /** poll(2) passes over a negative descriptor. */
    private static long pollfd(int descriptor) {
        return Integer.toUnsignedLong(descriptor) | Libc.POLLIN << EVENTS_SHIFT;
    }

    /**
     * From now on the next write ends {@link #await}.
     *
     * @return false if that is impossible, as with a file that was deleted
     */
    boolean arm() {
        if (inotify < 0) {
            return false;
        }
        if (Libc.inotify_add_watch(inotify, path, Libc.IN_MODIFY | Libc.IN_ONESHOT) < 0) {
            failed("inotify_add_watch");
            return false;
        }
        return true;
    }

    private static void failed(String call) {
        LOG.debug("{}: {}; the output file is read at intervals instead", call, Libc.strerror(Native.getLastError()));
    }

    /**
     * Waits until the file is written to, if armed, or until {@link #wake}.
     *
     * @return whether the file was written to, so that it has to be armed again
     */
    boolean await(long millis) {
        if (Libc.poll(descriptors, descriptors.length, (int) millis) <= 0) {
            // EINTR, too: the caller looks at the file in any case.
            return false;
        }
        if (descriptors[0] >>> REVENTS_SHIFT != 0) {
            Libc.read(wakeDescriptor, events, EVENTFD_BYTES);
        }
        boolean written = descriptors[1] >>> REVENTS_SHIFT != 0;
        if (written) {
            Libc.read(inotify, events, INOTIFY_BYTES);
        }
        return written;
    }

    /** Ends the wait that is under way, or else the next one. Does nothing after {@link #close}. */
    synchronized void wake() {
        if (!closed) {
            // Any number but 0, in either byte order.
            Libc.write(wakeDescriptor, new byte[] {1, 0, 0, 0, 0, 0, 0, 0}, EVENTFD_BYTES);
        }
    }

    @Override
    public synchronized void close() {
        if (!closed) {
            // Under the lock: a late wake must not write to a number that has become another file's.
            closed = true;
            Libc.close(wakeDescriptor);
            if (inotify >= 0) {
                Libc.close(inotify);
            }
        }
    }
}
