package pysmurf.controller.script;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.script.process.AbortLadder;
import pysmurf.controller.script.process.AbortLadder.Graces;
import pysmurf.controller.script.process.ProcessId;
import pysmurf.controller.script.process.ProcessTree;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.Session;

/**
 * Which session runs which process, on disk while it does. A record that is there when the controller starts tells of a
 * controller that died while a script ran. Thread-safe for different sessions.
 */
public final class RunRecords {

    private static final Logger LOG = LoggerFactory.getLogger(RunRecords.class);
    private static final String ENDING = ".run.json";

    private final Path folder;

    /** @param folder where the records are kept; must exist */
    public RunRecords(Path folder) {
        this.folder = folder;
    }

    /** A script of the session has started; replaces the record of the one before. */
    void started(Session session, ProcessId process, String marker) {
        ObjectNode record = Json.object()
                .put("session_id", session.id())
                .put("op_name", session.opName())
                .put("pid", process.pid())
                .put("start_ticks", process.startTicks())
                .put("marker", marker);
        Path file = file(session);
        try {
            Path unfinished = file.resolveSibling(file.getFileName() + ".part");
            Files.writeString(unfinished, record.toString());
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The session has ended. */
    void ended(Session session) {
        try {
            Files.deleteIfExists(file(session));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path file(Session session) {
        return folder.resolve(session.id() + ENDING);
    }

    /**
     * Ends what is left of an earlier life of the controller, by the ladder.
     *
     * @return what was going on when that life ended, in words; empty if nothing
     */
    public List<String> endLeftovers(Graces graces) {
        List<String> interrupted = new ArrayList<>();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(path -> path.toString().endsWith(ENDING))
                    .sorted()
                    .toList()) {
                interrupted.add(end(file, graces));
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return interrupted;
    }

    private static String end(Path file, Graces graces) throws IOException {
        JsonNode record = Json.read(Files.readAllBytes(file));
        String name = record.path("op_name").asText() + " of session "
                + record.path("session_id").asInt();
        ProcessTree tree = new ProcessTree(
                new ProcessId(
                        record.path("pid").asLong(), record.path("start_ticks").asLong()),
                record.path("marker").asText());
        AbortLadder.Result result = new AbortLadder(
                        tree, graces, signal -> LOG.warn("Sent SIG{} to what is left of {}", signal, name))
                .run();
        String left = result.signals().isEmpty()
                ? "nothing of it was left"
                : "its processes were ended by " + result.signals()
                        + (result.survivors().isEmpty() ? "" : ", which " + result.survivors() + " outlived");
        return name + ": " + left;
    }
}
