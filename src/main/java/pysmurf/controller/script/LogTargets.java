package pysmurf.controller.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import pysmurf.controller.operation.ParameterFormat;

/**
 * The folders that a command's {@code log=PATH} may point into, symbolic links resolved. The format {@code log-target} in schemas.
 */
public final class LogTargets implements ParameterFormat {

    private final List<Path> roots;

    public LogTargets(List<Path> roots) {
        this.roots =
                roots.stream().map(root -> root.toAbsolutePath().normalize()).toList();
    }

    @Override
    public String name() {
        return "log-target";
    }

    @Override
    public Optional<String> fault(JsonNode value) {
        return value.isTextual() ? fault(value.textValue()) : Optional.empty();
    }

    Optional<String> fault(String target) {
        try {
            Path path = resolve(target);
            if (roots.stream().noneMatch(root -> within(path, root))) {
                return Optional.of("outside the log roots ("
                        + roots.stream().map(Path::toString).collect(Collectors.joining(", ")) + "): " + target);
            }
            if (Files.isDirectory(path) || roots.contains(path)) {
                return Optional.of("is a folder: " + target);
            }
            // A FIFO waits for a reader, and a device does whatever it does.
            if (Files.exists(path) && !Files.isRegularFile(path)) {
                return Optional.of("is no regular file: " + target);
            }
            return Files.isDirectory(existing(path.getParent()))
                    ? Optional.empty()
                    : Optional.of("is below a file: " + target);
        } catch (InvalidPathException e) {
            return Optional.of("not a path: " + e.getReason());
        }
    }

    /** The path that a parameter names; a relative one is below the first root. */
    Path resolve(String target) {
        return roots.get(0).resolve(target).normalize();
    }

    private static boolean within(Path path, Path root) {
        try {
            return real(path).startsWith(real(root));
        } catch (IOException e) {
            return false;
        }
    }

    /** With the links of its existing part resolved. */
    private static Path real(Path path) throws IOException {
        Path existing = existing(path);
        return existing.toRealPath().resolve(existing.relativize(path)).normalize();
    }

    private static Path existing(Path path) {
        return path.getParent() == null || Files.exists(path, LinkOption.NOFOLLOW_LINKS)
                ? path
                : existing(path.getParent());
    }
}
