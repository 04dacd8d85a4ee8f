package pysmurf.controller.script.process;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** A folder that looks like /proc, for processes a test makes up. */
final class FakeProc {

    private final Path root;
    private final ProcFiles files;

    FakeProc(Path root) {
        this.root = root;
        this.files = new ProcFiles(root);
    }

    ProcFiles files() {
        return files;
    }

    /** Adds a process, or changes one. */
    ProcessId put(long pid, long parent, long group, long session, char state, long start, String... environment)
            throws IOException {
        Path folder = Files.createDirectories(root.resolve(Long.toString(pid)));
        Files.writeString(folder.resolve("stat"), stat(pid, "x", parent, group, session, state, 1, start));
        StringBuilder block = new StringBuilder();
        for (String entry : environment) {
            block.append(entry).append('\0');
        }
        Files.writeString(folder.resolve("environ"), block);
        return new ProcessId(pid, start);
    }

    void remove(long pid) throws IOException {
        Path folder = root.resolve(Long.toString(pid));
        Files.deleteIfExists(folder.resolve("stat"));
        Files.deleteIfExists(folder.resolve("environ"));
        Files.deleteIfExists(folder);
    }

    static String stat(
            long pid, String name, long parent, long group, long session, char state, int threads, long start) {
        return pid + " (" + name + ") " + state + " " + parent + " " + group + " " + session
                + " 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 " + threads + " 0 " + start
                + " 2297856 178 18446744073709551615 1 2 3 4 5 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
    }
}
