package pysmurf.controller.driver;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The live processes of one controller's scripts, wherever they hung themselves: found by the environment they inherited. */
public final class ScriptProcesses {

    private static final Path PROC = Path.of("/proc");
    private static final String IN_A_SESSION = "PYSMURF_SESSION_ID=";

    private final String mark;

    ScriptProcesses(String mark) {
        this.mark = mark;
    }

    /** Their process ids. A zombie has no environment and does not count. */
    public List<Long> alive() {
        List<Long> found = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(PROC, "[0-9]*")) {
            for (Path entry : entries) {
                String environment = environment(entry);
                if (environment.contains(mark) && environment.contains(IN_A_SESSION)) {
                    found.add(Long.parseLong(entry.getFileName().toString()));
                }
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        return found;
    }

    private static String environment(Path entry) {
        try {
            return new String(Files.readAllBytes(entry.resolve("environ")), StandardCharsets.ISO_8859_1);
        } catch (IOException gone) {
            return "";
        }
    }

    /** For the end of a test, whatever became of it. */
    void kill() {
        alive().forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
    }
}
