package pysmurf.controller.config;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/** Reads files that people write: UTF-8, without the byte order mark that some editors put first. */
public final class TextFile {

    private static final int MAX_BYTES = 8 * 1024 * 1024;
    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private TextFile() {}

    /**
     * @throws IOException whose message says what is wrong, without the file's name
     */
    public static String read(Path file) throws IOException {
        try {
            return text(file);
        } catch (IOException e) {
            throw new IOException(reason(e), e);
        }
    }

    /** The same, but {@link #reason} words what it throws. */
    static String text(Path file) throws IOException {
        BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
        // a pipe may block, and a device has no end
        if (!attributes.isRegularFile()) {
            throw new IOException("is no regular file");
        }
        if (attributes.size() > MAX_BYTES) {
            throw new IOException("has more than " + MAX_BYTES + " bytes");
        }
        String text = Files.readString(file);
        return text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
    }

    static String reason(IOException fault) {
        if (fault instanceof NoSuchFileException) {
            return "is not there";
        }
        if (fault instanceof AccessDeniedException) {
            return "may not be read";
        }
        if (fault instanceof CharacterCodingException) {
            return "is not text in UTF-8";
        }
        return fault.getMessage() == null ? fault.toString() : fault.getMessage();
    }
}
