package pysmurf.controller.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import pysmurf.controller.operation.ParameterFormat;
import pysmurf.controller.session.OperationFailure;
import pysmurf.controller.session.Outcome;

/** The folders that scripts must be in, symbolic links resolved. The format {@code script} in schemas. */
public final class ScriptRoots implements ParameterFormat {

    private final List<Path> roots;

    public ScriptRoots(List<Path> roots) {
        this.roots = List.copyOf(roots);
    }

    @Override
    public String name() {
        return "script";
    }

    @Override
    public Optional<String> fault(JsonNode value) {
        return value.isTextual() ? fault(value.textValue()) : Optional.empty();
    }

    Optional<String> fault(String script) {
        try {
            resolve(script);
            return Optional.empty();
        } catch (OperationFailure e) {
            return Optional.of(e.getMessage());
        }
    }

    /**
     * The real path of a script.
     *
     * @param  script           absolute, or relative to one of the roots or to the working directory
     * @throws OperationFailure if it is missing, not a file, or outside the roots; says so in words for the client
     */
    Path resolve(String script) {
        if (script.isBlank()) {
            throw refused("no script is named");
        }
        try {
            Path path = Path.of(script);
            Path found = Stream.concat(roots.stream().map(root -> root.resolve(path)), Stream.of(path))
                    .filter(Files::exists)
                    .findFirst()
                    .orElseThrow(() -> refused("no such script: " + script))
                    .toRealPath();
            for (Path root : roots) {
                if (Files.exists(root) && found.startsWith(root.toRealPath())) {
                    if (!Files.isRegularFile(found)) {
                        throw refused("not a file: " + script);
                    }
                    return found;
                }
            }
            String all = roots.stream().map(Path::toString).collect(Collectors.joining(", "));
            throw refused("outside the script roots (" + all + "): " + script);
        } catch (InvalidPathException e) {
            throw refused("not a path: " + e.getReason());
        } catch (IOException e) {
            throw refused("cannot be looked at: " + script);
        }
    }

    private static OperationFailure refused(String why) {
        return new OperationFailure(Outcome.FAILED, why);
    }
}
