package pysmurf.controller.pipeline;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.RegisteredFiles;
import pysmurf.controller.session.SessionCloser;
import pysmurf.controller.session.Stage;

/**
 * Writes {@code summary.json} of a composed operation, whatever its outcome, beside what its stages wrote: {@code
 * smurf_data/YYYYMMDD/CTIME/outputs}, the folders of pysmurf's SmurfControl.initialize.
 */
public final class Summary implements SessionCloser.LastAct {

    /** In the data of a session that commands others. */
    public static final String FLEET = "fleet_uuid";

    private static final DateTimeFormatter DAY =
            DateTimeFormatter.ofPattern("yyyyMMdd").withZone(ZoneOffset.UTC);

    private final RegisteredFiles files;
    private final Path dataDir;

    public Summary(RegisteredFiles files, Path dataDir) {
        this.files = files;
        this.dataDir = dataDir;
    }

    @Override
    public void perform(LiveSession session, Outcome outcome) {
        boolean anyRun = session.now().stages().stream().anyMatch(stage -> stage.startTime() != null);
        // the stages of a fleet are controllers: each writes its own, one of them perhaps in this very folder
        if (!anyRun || session.now().data().has(FLEET)) {
            return;
        }
        Path file = dataDir.resolve("smurf_data")
                .resolve(DAY.format(Instant.ofEpochSecond(session.getCtime())))
                .resolve(Long.toString(session.getCtime()))
                .resolve("outputs")
                .resolve("summary.json");
        try {
            Files.createDirectories(file.getParent());
            Path unfinished = file.resolveSibling("summary.json.part");
            // what a script may have put there, such as a FIFO, is not opened
            Files.deleteIfExists(unfinished);
            Files.writeString(
                    unfinished,
                    Json.mapper().writerWithDefaultPrettyPrinter().writeValueAsString(summary(session, outcome)),
                    StandardOpenOption.WRITE,
                    StandardOpenOption.CREATE_NEW);
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("summary.json was not written: " + e, e);
        }
        files.register(session, file.toString(), "summary", "json", false);
    }

    private static ObjectNode summary(LiveSession session, Outcome outcome) {
        ObjectNode data = session.now().data();
        ObjectNode summary = Json.object();
        summary.put("session_id", session.id());
        summary.put("outcome", outcome.word());
        summary.set("seed", data.get("seed"));
        summary.put("simulated", data.path("simulated").asBoolean(false));
        ObjectNode bands = summary.putObject("bands");
        for (Stage stage : session.now().stages()) {
            stage.numbers().properties().forEach(band -> bands.withObject("/" + band.getKey())
                    .set(stage.name(), band.getValue()));
        }
        summary.set("stages", Json.tree(session.now().stages()));
        return summary;
    }
}
