package pysmurf.controller.session;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Registers files with their size. Their checksums come later: they are made one after the other, behind everything else, and
 * those that are not made when this is closed never are.
 */
public final class RegisteredFiles implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(RegisteredFiles.class);
    private static final int BLOCK_BYTES = 64 * 1024;

    private final Sessions sessions;
    private final long digestUpTo;
    private final ExecutorService digests = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "file-digests");
        thread.setDaemon(true);
        return thread;
    });

    /** @param digestUpTo bytes; larger files get no checksum */
    public RegisteredFiles(Sessions sessions, long digestUpTo) {
        this.sessions = sessions;
        this.digestUpTo = digestUpTo;
    }

    /** Registers a file without reading it. One that is not there, or is no file, is registered all the same. */
    public void register(LiveSession session, String path, String type, String format, boolean plot) {
        Long size = null;
        try {
            size = size(Path.of(path));
        } catch (IOException | InvalidPathException e) {
            LOG.warn("Registered file {} cannot be read: {}", path, e.toString());
        }
        sessions.register(session, new RegisteredFile(path, type, format, plot, size, null));
        if (size != null && size <= digestUpTo) {
            digests.execute(() -> digest(session.id(), path));
        }
    }

    private static long size(Path path) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
        if (!attributes.isRegularFile()) {
            // a pipe or a device would be read for ever
            throw new IOException("not a file");
        }
        return attributes.size();
    }

    private void digest(int session, String path) {
        try {
            long size = size(Path.of(path));
            if (size <= digestUpTo) {
                sessions.digested(session, path, size, sha256(Path.of(path), size));
            }
        } catch (IOException | RuntimeException e) {
            LOG.warn("Registered file {} of session {} has no checksum: {}", path, session, e.toString());
        }
    }

    /** Of so many bytes: a file may grow for ever while it is read. */
    private static String sha256(Path path, long size) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
        byte[] block = new byte[BLOCK_BYTES];
        try (InputStream in = Files.newInputStream(path)) {
            for (long left = size; left > 0; ) {
                int read = in.read(block, 0, (int) Math.min(BLOCK_BYTES, left));
                if (read < 0) {
                    throw new IOException("it became shorter while it was read");
                }
                digest.update(block, 0, read);
                left -= read;
            }
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    @Override
    public void close() {
        digests.shutdownNow();
    }
}
