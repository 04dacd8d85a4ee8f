package pysmurf.controller.store;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.SessionLog;

/**
 * Forgets old sessions and deletes old output logs, those in the controller's own folder only: a log that a command put elsewhere
 * and whatever scripts wrote and registered is not touched. Not thread-safe: one route calls it.
 */
public final class Retention {

    private static final Logger LOG = LoggerFactory.getLogger(Retention.class);
    private static final String LOG_FILE = ".log";

    private final JdbcSessionStore store;
    private final Path outputFolder;
    private final Duration age;
    private final long logsSize;
    private final Clock clock;

    private record LogFile(Path path, long size, FileTime modified) {}

    /**
     * @param outputFolder where the sessions' own output logs are
     * @param age          sessions that ended longer ago are forgotten
     * @param logsSize     bytes that the output logs may take together
     */
    public Retention(JdbcSessionStore store, Path outputFolder, Duration age, long logsSize, Clock clock) {
        this.store = store;
        this.outputFolder = outputFolder;
        this.age = age;
        this.logsSize = logsSize;
        this.clock = clock;
    }

    /** Does what is due. */
    public void sweep() {
        List<SessionLog> forgotten =
                store.forgetEndedBefore(Json.seconds(clock.instant().minus(age)));
        try {
            for (SessionLog log : forgotten) {
                if (outputFolder.equals(log.file().getParent())) {
                    delete(log.file());
                }
            }
            int deleted = deleteOldest();
            if (!forgotten.isEmpty() || deleted > 0) {
                LOG.info(
                        "{} sessions with output were forgotten, {} more output logs deleted",
                        forgotten.size(),
                        deleted);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private int deleteOldest() throws IOException {
        Set<Path> inUse = store.unfinished().stream()
                .filter(session -> session.now().log() != null)
                .map(session -> session.now().log().file())
                .collect(Collectors.toSet());
        List<LogFile> logs;
        try (Stream<Path> files = Files.list(outputFolder)) {
            logs = files.filter(path -> path.toString().endsWith(LOG_FILE))
                    .flatMap(Retention::logFile)
                    .sorted(Comparator.comparing(LogFile::modified))
                    .toList();
        }
        long size = logs.stream().mapToLong(LogFile::size).sum();
        int deleted = 0;
        for (LogFile log : logs) {
            if (size <= logsSize) {
                break;
            }
            if (!inUse.contains(log.path()) && delete(log.path())) {
                size -= log.size();
                deleted++;
            }
        }
        return deleted;
    }

    private static boolean delete(Path log) {
        try {
            Files.deleteIfExists(log);
            return true;
        } catch (IOException e) {
            // the others are not kept for that
            LOG.warn("{} is not deleted: {}", log, e.toString());
            return false;
        }
    }

    private static Stream<LogFile> logFile(Path path) {
        if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
            return Stream.empty();
        }
        try {
            return Stream.of(new LogFile(path, Files.size(path), Files.getLastModifiedTime(path)));
        } catch (NoSuchFileException e) {
            // its session asked for no log, and is done just now
            return Stream.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
