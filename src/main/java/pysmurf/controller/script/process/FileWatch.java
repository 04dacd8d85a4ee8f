package pysmurf.controller.script.process;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import java.io.IOException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Waits for the next write to one file, by inotify(7).
 *
 * <p>Java's {@code WatchService} watches whole folders with a thread of its own and stays registered. This watches the
 * file alone, so that a script that floods the log beside it costs nothing, and each watch is for one event
 * (IN_ONESHOT): the kernel drops it with the first write, and no later write pays for being watched until the watch is
 * armed again. The wait ends on {@link #wake} as well, at once.
 *
 * <p>{@link #arm}, {@link #await} and {@link #close} are for one thread, {@link #wake} is for any.
 */
final class FileWatch implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(FileWatch.class);

    /** struct pollfd of poll(2): int fd, short events, short revents. */
    private static final int POLLFD_BYTES = 8;

    private static final int EVENTS = 4;
    private static final int REVENTS = 6;

    /** One event of a watch on a file, which has no name in it, takes 16 bytes. */
    private static final int INOTIFY_BYTES = 256;

    private static final int EVENTFD_BYTES = 8;

    private final byte[] path;
    private final int wakeDescriptor;
    private final Memory descriptors = new Memory(2 * POLLFD_BYTES);
    private final byte[] events = new byte[INOTIFY_BYTES];
    private final byte[] counter = new byte[EVENTFD_BYTES];

    /** -1 where the kernel gives no inotify instance. */
    private final int inotify;

    private boolean failed;
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
            // fs.inotify.max_user_instances is 128 on many machines. Reading now and then does as well.
            failed("inotify_init1");
        }
        descriptor(0, wakeDescriptor);
        descriptor(1, inotify);
    }

    private void descriptor(int index, int fd) {
        long at = (long) index * POLLFD_BYTES;
        // poll(2) passes over a negative descriptor.
        descriptors.setInt(at, fd);
        descriptors.setShort(at + EVENTS, Libc.POLLIN);
        descriptors.setShort(at + REVENTS, (short) 0);
    }

    /**
     * Has the next write from now on end {@link #await}.
     *
     * @return false if that is not to be had, as with a file that was deleted
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

    private void failed(String call) {
        if (!failed) {
            failed = true;
            LOG.info(
                    "{}: {}; the output file is read at intervals instead", call, Libc.strerror(Native.getLastError()));
        }
    }

    /**
     * Waits until the file is written to, if armed, or somebody wakes the wait, or the time is over.
     *
     * @return whether the file was written to, so that it has to be armed again
     */
    boolean await(long millis) {
        int ready = Libc.poll(descriptors, 2, (int) millis);
        if (ready <= 0) {
            // Over, or EINTR by a signal the JVM uses for itself: the caller looks at the file in any case.
            return false;
        }
        if (descriptors.getShort(REVENTS) != 0) {
            Libc.read(wakeDescriptor, counter, EVENTFD_BYTES);
        }
        boolean written = descriptors.getShort(POLLFD_BYTES + REVENTS) != 0;
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
            descriptors.close();
        }
    }
}
