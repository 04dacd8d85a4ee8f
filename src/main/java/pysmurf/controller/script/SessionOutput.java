package pysmurf.controller.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.script.process.OutputFollower;
import pysmurf.controller.script.process.RegularFile;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.SessionEvent;
import pysmurf.controller.session.SessionLog;
import pysmurf.controller.session.Sessions;

/**
 * The file that all scripts of one session write to, by its parameter {@code log}: true is a file of the session's own, a path is
 * that file, false is a file that is deleted when the session is done. Scripts that run at the same time are followed as one.
 */
final class SessionOutput {

    private static final Logger LOG = LoggerFactory.getLogger(SessionOutput.class);
    private static final int MAX_DETAIL_CHARS = 200;
    /** What is left on a disk that takes no more: less than a block of any usual size. */
    private static final long FULL_BYTES = 64 * 1024;

    private final Sessions sessions;
    private final LiveSession session;
    private final Path file;
    private final boolean kept;
    private final boolean toLog;
    private final long from;

    // Guarded by this.
    private int scripts;
    private OutputFollower follower;
    private long counted;
    private long batches;
    private long lines;
    private String lastLine;
    private boolean inTraceback;

    private SessionOutput(Sessions sessions, LiveSession session, Path file, boolean kept, long from) {
        this.sessions = sessions;
        this.session = session;
        this.file = file;
        this.kept = kept;
        this.toLog = kept && !session.params().path("log").isTextual();
        this.from = from;
        this.counted = size(file);
        if (!kept) {
            session.ended().thenRun(() -> delete(file));
        }
    }

    /** Opens what the controller had opened for the session before it died. */
    static SessionOutput reopen(Sessions sessions, LiveSession session) {
        SessionLog log = session.now().log();
        return new SessionOutput(sessions, session, log.file(), log.kept(), log.from());
    }

    /**
     * @param folder  where sessions' own files are
     * @param targets where paths may point
     */
    static SessionOutput open(Sessions sessions, LiveSession session, Path folder, LogTargets targets) {
        JsonNode log = session.params().path("log");
        try {
            Path file = log.isTextual() ? target(targets.resolve(log.textValue())) : own(folder, session.id());
            return new SessionOutput(sessions, session, file, log.isTextual() || log.asBoolean(true), size(file));
        } catch (IOException e) {
            throw new UncheckedIOException("the log cannot be opened: " + e.getMessage(), e);
        }
    }

    private static Path target(Path file) throws IOException {
        Files.createDirectories(file.getParent());
        if (!Files.exists(file)) {
            Files.createFile(file);
        }
        // What it is may have changed since the parameter was checked.
        RegularFile.at(file).close();
        return file;
    }

    private static Path own(Path folder, int id) throws IOException {
        Path file = folder.resolve(id + ".log");
        try {
            return Files.createFile(file);
        } catch (NoSuchFileException e) {
            Files.createDirectories(folder);
            return Files.createFile(file);
        } catch (FileAlreadyExistsException e) {
            return Files.createFile(cleared(file));
        }
    }

    /** A file of this name is left over from a deleted database. */
    private static Path cleared(Path file) {
        try {
            Files.delete(file);
            return file;
        } catch (IOException e) {
            LOG.warn("{} is in the way of a session's log: {}", file, e.toString());
            return file.resolveSibling(UUID.randomUUID() + "-" + file.getFileName());
        }
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UncheckedIOException("not deleted: " + file, e);
        }
    }

    Path file() {
        return file;
    }

    /**
     * A script is about to start; {@link #end} has to follow.
     *
     * @param  onTooMuch   called if the scripts that run at the same time write more than the limits allow
     * @throws IOException if the file cannot be followed
     */
    synchronized void begin(OutputFollower.Limits limits, Runnable onTooMuch) throws IOException {
        if (scripts == 0) {
            follower = new OutputFollower(file, size(file), limits, this::accept, onTooMuch, this::allGiven);
        }
        scripts++;
        lastLine = "";
        inTraceback = false;
        tell(-1);
    }

    /** Hands a batch of lines to the sinks, numbered through all scripts of the session. */
    private synchronized void accept(List<String> batch) {
        sessions.output(session, new SessionEvent.Output(batches++, lines, batch, toLog));
        lines += batch.size();
        countBytes();
        batch.stream().filter(line -> !line.isBlank() && !line.endsWith("\r")).forEach(this::note);
    }

    /** That was all of a script: a sink that dropped lines learns it by this, however full its queue is. */
    private synchronized void allGiven() {
        sessions.output(session, new SessionEvent.Output(batches, lines, List.of(), toLog));
    }

    /** Python's report of an uncaught exception is its head, indented lines, and one line that is not. */
    private void note(String line) {
        if (line.startsWith("Traceback (most recent call last):")) {
            inTraceback = true;
        } else if (!line.startsWith(" ") && !lastLine.startsWith(" ")) {
            inTraceback = false;
        }
        lastLine = line;
    }

    /** By the size of the file: the lines have lost their ends, and perhaps bytes that are no UTF-8. */
    private void countBytes() {
        long size = size(file);
        sessions.written(session, size - counted);
        counted = size;
    }

    /**
     * The script has ended: gives the rest of its output to the sinks, unless another script still writes.
     *
     * @return false if that takes longer
     */
    boolean finish(Duration atMost) {
        OutputFollower last;
        synchronized (this) {
            if (scripts > 1) {
                return true;
            }
            last = follower;
        }
        boolean given = last.finish(atMost);
        last.failure().ifPresent(fault -> sessions.message(session, "The live output broke off: " + fault));
        return given;
    }

    /** Follows {@link #begin}. What is appended to the file after the last script is not the session's. */
    synchronized void end() {
        countBytes();
        scripts--;
        if (scripts == 0) {
            follower.close();
            tell(counted);
        }
    }

    private void tell(long to) {
        sessions.update(session, now -> now.withLog(new SessionLog(file, from, to, kept)));
    }

    /** Whether the end of the output may be missing, and with it why the script failed. */
    boolean isDiskFull() {
        return file.toFile().getUsableSpace() < FULL_BYTES;
    }

    /** Whether the output of the script ends with the report of an uncaught exception. */
    synchronized boolean endedInTraceback() {
        return inTraceback;
    }

    /** The last line of the script with anything in it; empty if none. */
    synchronized String lastLine() {
        return lastLine.length() > MAX_DETAIL_CHARS ? lastLine.substring(0, MAX_DETAIL_CHARS) + "…" : lastLine;
    }
}
