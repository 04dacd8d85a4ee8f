package pysmurf.controller.audit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.EnumSet;
import java.util.stream.Stream;

/**
 * A file of lines that is set aside when it is full: {@code audit.log} becomes {@code audit.log.1}, that one
 * {@code audit.log.2}, and the last is deleted. An appender of a logging library would do the same, but swallows what cannot be
 * written, and here somebody has to know. Opened for each line, so that others may move or delete it. Not thread-safe.
 */
final class AuditFile {

    private final Path path;
    private final long mostBytes;
    private final int older;

    /**
     * @param mostBytes a line that would make the file larger begins a new one
     * @param older     how many full files are kept
     */
    AuditFile(Path path, long mostBytes, int older) {
        this.path = path;
        this.mostBytes = mostBytes;
        this.older = older;
    }

    Path path() {
        return path;
    }

    /** The full file that is older by so many. */
    Path older(int by) {
        return by == 0 ? path : path.resolveSibling(path.getFileName() + "." + by);
    }

    /**
     * Adds a line. The operating system has it when this returns, so it survives this process.
     *
     * @throws IOException if not all of it could be written; what was written of it is taken back
     */
    void append(byte[] line) throws IOException {
        Files.createDirectories(path.toAbsolutePath().getParent());
        try (FileChannel channel = open()) {
            if (channel.size() > 0 && channel.size() + line.length > mostBytes) {
                setAside();
                try (FileChannel fresh = open()) {
                    write(fresh, line);
                }
            } else {
                write(channel, line);
            }
        }
    }

    /**
     * The last lines of a file, or nothing if it is not there or no file.
     *
     * @param by        how many files back
     * @param mostBytes what lies before so many bytes is left out
     */
    Stream<String> end(int by, int mostBytes) throws IOException {
        Path older = older(by);
        // a pipe or a device would be read for ever
        if (!Files.isRegularFile(older)) {
            return Stream.empty();
        }
        try (FileChannel channel = FileChannel.open(older, StandardOpenOption.READ)) {
            long begin = Math.max(0, channel.size() - mostBytes);
            channel.position(begin);
            byte[] bytes = Channels.newInputStream(channel).readNBytes(mostBytes);
            // the first line is a whole one only at the very beginning
            return new String(bytes, StandardCharsets.UTF_8).lines().skip(begin > 0 ? 1 : 0);
        }
    }

    private FileChannel open() throws IOException {
        EnumSet<StandardOpenOption> options = EnumSet.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        return path.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? FileChannel.open(
                        path,
                        options,
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))
                : FileChannel.open(path, options);
    }

    private static void write(FileChannel channel, byte[] line) throws IOException {
        long before = channel.size();
        channel.position(before);
        ByteBuffer bytes = ByteBuffer.wrap(line);
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            // or the next line, when there is room again, would go on where this one broke off
            channel.truncate(before);
            throw e;
        }
    }

    private void setAside() throws IOException {
        for (int i = older; i >= 1; i--) {
            try {
                Files.move(older(i - 1), older(i), StandardCopyOption.REPLACE_EXISTING);
            } catch (NoSuchFileException e) {
                continue; // so many have not come about yet
            }
        }
        if (older == 0) {
            Files.deleteIfExists(path);
        }
    }
}
