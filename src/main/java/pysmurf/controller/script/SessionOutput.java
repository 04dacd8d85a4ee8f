package pysmurf.controller.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import pysmurf.controller.script.process.OutputBatch;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.SessionEvent;
import pysmurf.controller.session.SessionLog;
import pysmurf.controller.session.Sessions;

/**
 * Where the output of one session's scripts goes, by its parameter {@code log}: true is a file of the session's own, a path is
 * that file, false is a file that is gone when the session is. The scripts of a pipeline write one after another into the same.
 */
final class SessionOutput {

    private static final int MOST_DETAIL_CHARS = 200;

    private final Sessions sessions;
    private final Session session;
    private final Path file;
    private final boolean kept;
    private final boolean toLog;
    private final long from;
    private long batches;
    private long lines;
    private String lastLine = "";

    private SessionOutput(Sessions sessions, Session session, Path file, boolean kept, boolean toLog) {
        this.sessions = sessions;
        this.session = session;
        this.file = file;
        this.kept = kept;
        this.toLog = toLog;
        this.from = size();
    }

    /**
     * Opens it for a session.
     *
     * @param folder  where sessions' own files are
     * @param targets where paths may point
     */
    static SessionOutput open(Sessions sessions, Session session, Path folder, LogTargets targets) {
        JsonNode log = session.params().path("log");
        boolean discarded = log.isBoolean() && !log.booleanValue();
        Path file = log.isTextual() ? targets.resolve(log.textValue()) : folder.resolve(session.id() + ".log");
        try {
            Files.createDirectories(file.getParent());
            if (!log.isTextual()) {
                // a file of this name is left over from an earlier life of the controller, whose ids began at 0 as well
                Files.deleteIfExists(file);
            }
            if (!Files.exists(file)) {
                Files.createFile(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the log cannot be opened: " + file, e);
        }
        SessionOutput output = new SessionOutput(sessions, session, file, !discarded, !discarded && !log.isTextual());
        output.tell(-1);
        return output;
    }

    Path file() {
        return file;
    }

    long size() {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Hands a batch of lines to the sinks, numbered through all scripts of the session. */
    synchronized void accept(OutputBatch batch) {
        sessions.output(session, new SessionEvent.Output(batches++, lines, batch.lines(), toLog));
        lines += batch.lines().size();
        batch.lines().stream()
                .filter(line -> !line.isBlank())
                .reduce((first, second) -> second)
                .ifPresent(line -> lastLine = line);
    }

    /** The last line with anything in it that the script at hand has written; empty if none. */
    synchronized String lastLine() {
        return lastLine.length() > MOST_DETAIL_CHARS ? lastLine.substring(0, MOST_DETAIL_CHARS) + "…" : lastLine;
    }

    /** A script has ended; what others append to the file later is not the session's. */
    void scriptEnded() {
        tell(size());
    }

    /** A script begins. */
    synchronized void scriptBegins() {
        lastLine = "";
        tell(-1);
    }

    private void tell(long to) {
        sessions.log(session, new SessionLog(file, from, to, kept));
    }

    /** The session is done. */
    void close() {
        if (!kept) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                throw new UncheckedIOException("not deleted: " + file, e);
            }
        }
    }
}
