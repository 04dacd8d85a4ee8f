package pysmurf.controller.pipeline;

import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import pysmurf.controller.config.FollowedFile;
import pysmurf.controller.config.FollowedFiles;
import pysmurf.controller.routing.RouteFault;

/**
 * The settings of the composed operations, read again when a file has changed; a file that cannot be used leaves the last good
 * settings in force. Thread-safe.
 */
public final class Pipelines {

    private final Path folder;
    private final FollowedFiles files;
    private final Map<String, FollowedFile<PipelineSettings, RouteFault>> settings = new ConcurrentHashMap<>();

    /** @param folder where {@code NAME.yaml} is */
    public Pipelines(FollowedFiles files, Path folder) {
        this.files = files;
        this.folder = folder;
    }

    /** The settings of an operation; empty ones if it has no file. */
    public PipelineSettings of(String operation) {
        return settings.computeIfAbsent(operation + ".yaml", this::follow).now();
    }

    private FollowedFile<PipelineSettings, RouteFault> follow(String name) {
        return new FollowedFile<>(
                files,
                folder.resolve(name),
                text -> text == null ? PipelineSettings.NONE : PipelineSettings.read(text),
                (text, fault) -> RouteFault.of(name, text, fault),
                PipelineSettings.NONE);
    }

    /** Files that cannot be used. */
    public Collection<RouteFault> faults() {
        return new TreeMap<>(settings)
                .values().stream()
                        .map(FollowedFile::fault)
                        .flatMap(Optional::stream)
                        .toList();
    }
}
