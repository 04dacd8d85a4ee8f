package pysmurf.controller.config;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The value of a file that is followed. When the file cannot be used, the last good value stays in force.
 *
 * @param <F> how a fault of the file is worded
 */
public final class FollowedFile<T, F> implements Supplier<T>, AutoCloseable {

    /** What happens to a file that cannot be used, if it could be before, and if not. */
    public static final String STAYS = "what was there before stays";

    public static final String LEFT_OUT = "it is left out";

    private static final Logger LOG = LoggerFactory.getLogger(FollowedFile.class);

    /** Makes a value of a file's text. */
    @FunctionalInterface
    public interface Reader<T> {

        /**
         * @param  text      null if there is no file
         * @throws Exception if the file cannot be used
         */
        T read(String text) throws Exception;
    }

    private final Path file;
    private final Reader<T> reader;
    private final BiFunction<String, Exception, F> wording;
    private final FollowedFiles.Follower follower;
    private T value;
    private F fault;
    /** Whether the value is from the file. */
    private boolean isRead;

    /**
     * Reads the file and follows it.
     *
     * @param wording gets the file's text, empty without one, and its fault; called once for each faulty change
     * @param first   in force if the file cannot be used now; may be null
     */
    public FollowedFile(
            FollowedFiles files, Path file, Reader<T> reader, BiFunction<String, Exception, F> wording, T first) {
        this.file = file;
        this.reader = reader;
        this.wording = wording;
        this.value = first;
        synchronized (this) {
            // a change waits until this is taken
            follower = files.follow(file, this::changed);
            take(follower.first(file));
        }
    }

    private synchronized void changed(FollowedFiles.Content content) {
        take(content);
        if (fault == null) {
            LOG.info("{} was taken", file);
        }
    }

    private void take(FollowedFiles.Content content) {
        try {
            if (content.fault() != null) {
                throw new IOException(content.fault());
            }
            value = reader.read(content.text());
            isRead = content.text() != null;
            fault = null;
        } catch (Exception e) {
            fault = wording.apply(content.text() == null ? "" : content.text(), e);
            LOG.error("{}; {}", fault, isRead ? STAYS : LEFT_OUT);
        }
    }

    /** Looks at the file first: for what is rarely used, right after a change. */
    public T now() {
        follower.look();
        return get();
    }

    @Override
    public synchronized T get() {
        return value;
    }

    /** Why the file as it is now cannot be used; empty if it can. */
    public synchronized Optional<F> fault() {
        return Optional.ofNullable(fault);
    }

    /** Follows the file no longer. */
    @Override
    public void close() {
        follower.close();
    }
}
