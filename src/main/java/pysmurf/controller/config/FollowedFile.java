package pysmurf.controller.config;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What one of the {@link FollowedFiles} says. One that cannot be used leaves in force what was read before. Thread-safe.
 *
 * @param <T> what is made of the file
 * @param <F> how its owner words what is wrong with it
 */
public final class FollowedFile<T, F> implements Supplier<T>, AutoCloseable {

    /** What becomes of a file that cannot be used, if it could be before, and if not. */
    public static final String STAYS = "what was there before stays";

    public static final String LEFT_OUT = "it is left out";

    private static final Logger LOG = LoggerFactory.getLogger(FollowedFile.class);

    /** Makes of a file's text what it says. */
    @FunctionalInterface
    public interface Reader<T> {

        /**
         * @param  text      null if the file is not there
         * @throws Exception if it cannot be used
         */
        T read(String text) throws Exception;
    }

    private final FollowedFiles files;
    private final Path file;
    private final Reader<T> reader;
    private final BiFunction<String, Exception, F> wording;
    private final Consumer<FollowedFiles.Content> changed = this::changed;
    private T value;
    private F fault;
    /** Whether the value is from a file. */
    private boolean isRead;

    /**
     * Reads the file and follows it.
     *
     * @param wording asked once for each change that cannot be used; is given the file's text, empty if that cannot be had
     * @param first   what is in force if the file cannot be used now; may be null
     */
    public FollowedFile(
            FollowedFiles files, Path file, Reader<T> reader, BiFunction<String, Exception, F> wording, T first) {
        this.files = files;
        this.file = file;
        this.reader = reader;
        this.wording = wording;
        this.value = first;
        synchronized (this) {
            // a change waits until this is taken
            take(files.follow(file, changed));
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

    /** What is in force once the file has been looked at: for what is used seldom, and right after it was changed. */
    public T now() {
        files.lookAt(changed);
        return get();
    }

    /** What is in force now. */
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
        files.forget(changed);
    }
}
