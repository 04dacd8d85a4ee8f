package pysmurf.controller.session;

import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file that a script registered through its Publisher.
 *
 * @param path   absolute
 * @param type   pysmurf's word for what it is, e.g. {@code tune}
 * @param format e.g. {@code npy}
 * @param plot   whether it is a picture for people
 * @param size   bytes; null if the file could not be read
 * @param sha256 in hex; null if the file could not be read
 */
public record RegisteredFile(String path, String type, String format, boolean plot, Long size, String sha256) {

    private static final Logger LOG = LoggerFactory.getLogger(RegisteredFile.class);

    /** A file as it is now; read whole for its checksum. One that cannot be read is registered all the same. */
    public static RegisteredFile of(String path, String type, String format, boolean plot) {
        try {
            FileDigest digest = FileDigest.of(Path.of(path));
            return new RegisteredFile(path, type, format, plot, digest.size(), digest.sha256());
        } catch (IOException | InvalidPathException e) {
            LOG.warn("Registered file {} cannot be read: {}", path, e.toString());
            return new RegisteredFile(path, type, format, plot, null, null);
        }
    }
}
