package pysmurf.controller.pipeline;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import pysmurf.controller.config.FollowedFile;
import pysmurf.controller.config.FollowedFiles;
import pysmurf.controller.operation.Operation;
import pysmurf.controller.operation.RouteFault;

/**
 * The settings of the composed operations, read again when a file has changed; a file that cannot be used leaves the last good
 * settings in force.
 */
public final class Pipelines {

    private final Path folder;
    private final FollowedFiles files;
    private final Function<String, Optional<Operation>> operations;
    private final Map<String, FollowedFile<Read, RouteFault>> settings = new ConcurrentHashMap<>();

    /** What a file says, and its text. */
    private record Read(PipelineSettings settings, String text) {

        static final Read NONE = new Read(PipelineSettings.NONE, "");
    }

    /**
     * @param folder     where {@code NAME.yaml} is
     * @param operations finds an operation as its route is at the moment, by name
     */
    public Pipelines(FollowedFiles files, Path folder, Function<String, Optional<Operation>> operations) {
        this.files = files;
        this.folder = folder;
        this.operations = operations;
    }

    /** The settings of an operation; empty ones if it has no file. */
    public PipelineSettings of(String operation) {
        Read read = read(operation);
        List<String> like = read.settings().like();
        return like.isEmpty()
                ? read.settings()
                : PipelineSettings.over(
                        like.stream().map(other -> read(other).text()).toList(), read.text());
    }

    private Read read(String operation) {
        return settings.computeIfAbsent(operation, this::follow).now();
    }

    private FollowedFile<Read, RouteFault> follow(String operation) {
        return new FollowedFile<>(
                files,
                folder.resolve(file(operation)),
                text -> text == null ? Read.NONE : new Read(PipelineSettings.read(text), text),
                (text, fault) -> RouteFault.of(file(operation), text, fault),
                Read.NONE);
    }

    private static String file(String operation) {
        return operation + ".yaml";
    }

    /** Files that cannot be used, and what the others name that is in no route. */
    public Collection<RouteFault> faults() {
        List<RouteFault> faults = new ArrayList<>();
        new TreeMap<>(settings).forEach((operation, file) -> file.fault().ifPresentOrElse(faults::add, () -> {
            faults.addAll(unlike(operation, file.get()));
            faults.addAll(unknownStages(operation, file.get()));
        }));
        return faults;
    }

    /** Without those files its stages have no limits, which nobody meant. */
    private List<RouteFault> unlike(String operation, Read read) {
        return read.settings().like().stream()
                .filter(other -> read(other).text().isEmpty())
                .map(other -> RouteFault.of(
                        file(operation),
                        YamlPlace.of(read.text(), List.of("like")).fault("there is no " + file(other))))
                .toList();
    }

    /** Looked for each time, since a route comes, changes and goes by itself. */
    private List<RouteFault> unknownStages(String operation, Read read) {
        return operations
                .apply(operation)
                .map(Operation::named)
                .map(route -> read.settings().unknownStages(read.text(), route))
                .orElse(List.of())
                .stream()
                .map(fault -> RouteFault.of(file(operation), fault))
                .toList();
    }
}
