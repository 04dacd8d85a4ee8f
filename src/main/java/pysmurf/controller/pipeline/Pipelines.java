package pysmurf.controller.pipeline;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Collection;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.routing.RouteFault;

/**
 * The settings of the composed operations, read anew when a file has changed; a file that cannot be used leaves the last good
 * settings in force. Thread-safe.
 */
public final class Pipelines {

    private static final Logger LOG = LoggerFactory.getLogger(Pipelines.class);

    private record Known(FileTime time, PipelineSettings settings) {}

    private final Path folder;
    private final Map<String, Known> known = new ConcurrentHashMap<>();
    private final Map<Path, RouteFault> faults = new ConcurrentHashMap<>();

    /** @param folder where {@code NAME.yaml} is */
    public Pipelines(Path folder) {
        this.folder = folder;
    }

    /** The settings of an operation; empty ones if it has no file. */
    public PipelineSettings of(String operation) {
        Path file = folder.resolve(operation + ".yaml");
        if (!Files.exists(file)) {
            return PipelineSettings.NONE;
        }
        return known.compute(operation, (name, last) -> current(file, last)).settings();
    }

    private Known current(Path file, Known last) {
        FileTime time = FileTime.fromMillis(0);
        try {
            time = Files.getLastModifiedTime(file);
            if (last != null && last.time().equals(time)) {
                return last;
            }
            Known read = new Known(time, PipelineSettings.read(Files.readString(file)));
            faults.remove(file);
            if (last != null) {
                LOG.info("{} was taken", file);
            }
            return read;
        } catch (IOException | IllegalArgumentException e) {
            RouteFault fault = RouteFault.of(file.getFileName().toString(), e);
            faults.put(file, fault);
            LOG.error("{}; what was there before stays", fault);
            return new Known(time, last == null ? PipelineSettings.NONE : last.settings());
        }
    }

    /** Files that cannot be used. */
    public Collection<RouteFault> faults() {
        return new TreeMap<>(faults).values();
    }
}
