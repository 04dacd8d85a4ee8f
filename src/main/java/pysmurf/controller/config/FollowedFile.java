package pysmurf.controller.config;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a file says: it is read again when it has changed, and one that cannot be used leaves in force what was read before.
 * Thread-safe.
 *
 * @param <T> what is made of the file
 * @param <F> how its owner words what is wrong with it
 */
public final class FollowedFile<T, F> implements Supplier<T> {

    private static final Logger LOG = LoggerFactory.getLogger(FollowedFile.class);

    /** The time of a file that is not there. */
    private static final FileTime NONE = FileTime.fromMillis(0);

    /** Makes of a file what it says. */
    @FunctionalInterface
    public interface Reader<T> {

        /**
         * @param  file                     may not be there
         * @throws ConfigurationException   if it cannot be used
         * @throws IllegalArgumentException the same
         */
        T read(Path file) throws IOException, ConfigurationException;
    }

    private final Path file;
    private final Reader<T> reader;
    private final Function<Exception, F> wording;
    /** Null before the first look. */
    private FileTime seen;

    private T value;
    private F fault;

    /**
     * Begins with the next look at the file.
     *
     * @param wording asked once for each change that cannot be used
     * @param first   what is in force if the file cannot be used then; may be null
     */
    public FollowedFile(Path file, Reader<T> reader, Function<Exception, F> wording, T first) {
        this.file = file;
        this.reader = reader;
        this.wording = wording;
        this.value = first;
    }

    /** The same for a file that was read just now, and says this. */
    static <T, F> FollowedFile<T, F> readBefore(Path file, Reader<T> reader, Function<Exception, F> wording, T value) {
        FollowedFile<T, F> followed = new FollowedFile<>(file, reader, wording, value);
        followed.seen = followed.time();
        return followed;
    }

    /** What is in force now. */
    @Override
    public synchronized T get() {
        FileTime now = time();
        if (now.equals(seen)) {
            return value;
        }
        boolean again = seen != null;
        seen = now;
        try {
            T next = reader.read(file);
            if (again && !next.equals(value)) {
                LOG.info("{} was taken", file);
            }
            value = next;
            fault = null;
        } catch (IOException | ConfigurationException | IllegalArgumentException e) {
            fault = wording.apply(e);
            LOG.error("{}; what was there before stays", fault);
        }
        return value;
    }

    /** Why the file as it was at the last look cannot be used; empty if it can. */
    public synchronized Optional<F> fault() {
        return Optional.ofNullable(fault);
    }

    private FileTime time() {
        try {
            return Files.getLastModifiedTime(file);
        } catch (NoSuchFileException e) {
            return NONE;
        } catch (IOException e) {
            LOG.warn("{} cannot be looked at: {}", file, e.toString());
            return seen == null ? NONE : seen;
        }
    }
}
