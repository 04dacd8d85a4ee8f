package pysmurf.controller.page;

import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import pysmurf.controller.http.HttpReply;

/** The scripts that may be run, for people to choose from. Thread-safe; the folders are looked at anew each time. */
public final class ScriptList {

    private static final int MOST = 2000;
    private static final int DEEPEST = 6;

    private final List<Path> roots;

    /** @param roots the folders that scripts lie in */
    public ScriptList(List<Path> roots) {
        this.roots = List.copyOf(roots);
    }

    /** {@code GET /api/v1/scripts}: as {@code run} takes them, relative to their root. */
    public HttpReply list() throws IOException {
        Set<String> found = new TreeSet<>();
        for (Path root : roots) {
            if (Files.isDirectory(root)) {
                Files.walkFileTree(root, EnumSet.noneOf(FileVisitOption.class), DEEPEST, new Finder(root, found));
            }
        }
        return HttpReply.json(
                200, Map.of("roots", roots.stream().map(Path::toString).toList(), "scripts", found));
    }

    private static final class Finder extends SimpleFileVisitor<Path> {

        private final Path root;
        private final Set<String> found;

        Finder(Path root, Set<String> found) {
            this.root = root;
            this.found = found;
        }

        @Override
        public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            boolean hidden =
                    !folder.equals(root) && folder.getFileName().toString().startsWith(".");
            // a package is what scripts import, not a script
            boolean imported = Files.exists(folder.resolve("__init__.py"));
            return hidden || imported ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            String name = file.getFileName().toString();
            if (name.endsWith(".py") && !name.startsWith(".") && Files.isRegularFile(file)) {
                found.add(root.relativize(file).toString());
            }
            return found.size() < MOST ? FileVisitResult.CONTINUE : FileVisitResult.TERMINATE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException fault) {
            return FileVisitResult.CONTINUE;
        }
    }
}
