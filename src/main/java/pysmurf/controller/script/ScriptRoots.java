package pysmurf.controller.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import pysmurf.controller.command.ParameterFormat;

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
        } catch (ScriptRefused e) {
            return Optional.of(e.getMessage());
        }
    }

    /**
     * The real path of a script.
     *
     * @param  script        absolute, or relative to one of the roots or to the working directory
     * @throws ScriptRefused if it is missing, not a file, or outside the roots
     */
    public Path resolve(String script) throws ScriptRefused {
        for (Path candidate : candidates(script)) {
            if (Files.exists(candidate)) {
                return check(script, candidate);
            }
        }
        throw new ScriptRefused("no such script: " + script);
    }

    private List<Path> candidates(String script) throws ScriptRefused {
        if (script.isBlank()) {
            throw new ScriptRefused("no script is named");
        }
        try {
            Path path = Path.of(script);
            List<Path> candidates = new ArrayList<>();
            if (!path.isAbsolute()) {
                roots.forEach(root -> candidates.add(root.resolve(path)));
            }
            candidates.add(path);
            return candidates;
        } catch (InvalidPathException e) {
            throw new ScriptRefused("not a path: " + e.getReason());
        }
    }

    private Path check(String script, Path found) throws ScriptRefused {
        try {
            Path real = found.toRealPath();
            for (Path root : roots) {
                if (Files.exists(root) && real.startsWith(root.toRealPath())) {
                    if (!Files.isRegularFile(real)) {
                        throw new ScriptRefused("not a file: " + script);
                    }
                    return real;
                }
            }
        } catch (IOException e) {
            throw new ScriptRefused("cannot be looked at: " + script);
        }
        throw new ScriptRefused("outside the script roots ("
                + roots.stream().map(Path::toString).collect(Collectors.joining(", ")) + "): " + script);
    }

    /** A script that may not be run; the message says why, for the client. */
    public static final class ScriptRefused extends Exception {

        private static final long serialVersionUID = 1L;

        ScriptRefused(String message) {
            super(message);
        }
    }
}
