package pysmurf.controller.session;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Size and checksum of a file.
 *
 * @param size   bytes
 * @param sha256 in hex
 */
record FileDigest(long size, String sha256) {
    private static final int BLOCK_BYTES = 64 * 1024;

    /** Reads the whole file. */
    static FileDigest of(Path path) throws IOException {
        if (!Files.isRegularFile(path)) {
            throw new java.nio.file.NoSuchFileException(path.toString(), null, "not a file");
        }
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
        long size = 0;
        try (InputStream in = new DigestInputStream(Files.newInputStream(path), digest)) {
            byte[] block = new byte[BLOCK_BYTES];
            for (int read = in.read(block); read >= 0; read = in.read(block)) {
                size += read;
            }
        }
        return new FileDigest(size, HexFormat.of().formatHex(digest.digest()));
    }
}
