package pysmurf.controller.pipeline;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentSkipListMap;
import pysmurf.controller.config.FollowedFile;
import pysmurf.controller.routing.RouteFault;

/**
 * The settings of the composed operations, read anew when a file has changed; a file that cannot be used leaves the last good
 * settings in force. Thread-safe.
 */
public final class Pipelines {

    private final Path folder;
    private final Map<String, FollowedFile<PipelineSettings, RouteFault>> files = new ConcurrentSkipListMap<>();

    /** @param folder where {@code NAME.yaml} is */
    public Pipelines(Path folder) {
        this.folder = folder;
    }

    /** The settings of an operation; empty ones if it has no file. */
    public PipelineSettings of(String operation) {
        return files.computeIfAbsent(operation + ".yaml", this::follow).get();
    }

    private FollowedFile<PipelineSettings, RouteFault> follow(String name) {
        return new FollowedFile<>(
                folder.resolve(name), Pipelines::read, fault -> RouteFault.of(name, fault), PipelineSettings.NONE);
    }

    private static PipelineSettings read(Path file) throws IOException {
        return Files.exists(file) ? PipelineSettings.read(Files.readString(file)) : PipelineSettings.NONE;
    }

    /** Files that cannot be used. */
    public Collection<RouteFault> faults() {
        return files.values().stream()
                .map(FollowedFile::fault)
                .flatMap(Optional::stream)
                .toList();
    }
}
