package pysmurf.controller.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Files that are of no use to the next life of a controller: what libraries unpack, and what the embedded broker pages out. They
 * are below {@code data.dir}, where a process that is killed leaves them, and where the next one deletes them.
 */
public final class ScratchFolder {

    /** Where Java and the libraries put temporary files. */
    private static final String OF_JAVA = "java.io.tmpdir";

    private ScratchFolder() {}

    /** Where scratch files of a controller are. */
    public static Path below(Path dataDir) {
        return dataDir.resolve("tmp");
    }

    /** From now on all temporary files of this process are there; to be called before a library looks. */
    public static void useFor(Path dataDir) throws IOException {
        // another controller may be using the data folder: nothing is deleted before its lock is held
        String unique = ProcessHandle.current().pid() + "-" + System.currentTimeMillis();
        Path own = Files.createDirectories(below(dataDir).toAbsolutePath().resolve(unique));
        System.setProperty(OF_JAVA, own.toString());
    }

    /** Deletes what earlier lives left. */
    public static void clear(Path dataDir) throws IOException {
        Path own = Path.of(System.getProperty(OF_JAVA));
        Path scratch = below(dataDir).toAbsolutePath();
        if (Files.isDirectory(scratch)) {
            try (Stream<Path> left = Files.list(scratch)) {
                for (Path path : left.filter(path -> !path.equals(own)).toList()) {
                    delete(path);
                }
            }
        }
    }

    /** Deletes a folder, or a file, with all that is in it; links are not followed. */
    public static void delete(Path folder) throws IOException {
        List<Path> paths;
        try (Stream<Path> walk = Files.walk(folder)) {
            paths = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : paths) {
            Files.delete(path);
        }
    }
}
