package pysmurf.controller.pipeline;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import pysmurf.controller.config.FollowedFile;
import pysmurf.controller.routing.RouteFault;

/**
 * The settings of the composed operations, read anew when a file has changed; a file that cannot be used leaves the last good
 * settings in force. Thread-safe.
 */
public final class Pipelines {

    private final Path folder;
    private final Map<String, FollowedFile<PipelineSettings>> files = new ConcurrentSkipListMap<>();

    /** @param folder where {@code NAME.yaml} is */
    public Pipelines(Path folder) {
        this.folder = folder;
    }

    /** The settings of an operation; empty ones if it has no file. */
    public PipelineSettings of(String operation) {
        return files.computeIfAbsent(
                        file(operation),
                        name -> new FollowedFile<>(folder.resolve(name), Pipelines::read, PipelineSettings.NONE))
                .get();
    }

    private static String file(String operation) {
        return operation + ".yaml";
    }

    private static PipelineSettings read(Path file) throws IOException {
        return Files.exists(file) ? PipelineSettings.read(Files.readString(file)) : PipelineSettings.NONE;
    }

    /** Files that cannot be used. */
    public Collection<RouteFault> faults() {
        List<RouteFault> faults = new ArrayList<>();
        files.forEach((name, file) -> file.fault().ifPresent(fault -> faults.add(RouteFault.of(name, fault))));
        return faults;
    }
}
