package pysmurf.controller.script.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.awaitility.core.ConditionFactory;
import pysmurf.controller.driver.Python;

/** Real processes, started as scripts are, and gone for certain when a test is over. */
final class Scripts implements AutoCloseable {

    static final Duration PATIENCE = Duration.ofSeconds(20);

    private final String marker = "PROCESS_TEST_MARK=" + UUID.randomUUID();
    private final List<Process> started = new ArrayList<>();

    /** An entry of the environment of each process started here, and of no other. */
    String marker() {
        return marker;
    }

    Process start(String... command) throws IOException {
        List<String> line = new ArrayList<>(List.of("setsid", "env", "--default-signal=INT", marker));
        line.addAll(List.of(command));
        Process process = new ProcessBuilder(line)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        started.add(process);
        return process;
    }

    Process python(String program, Path... arguments) throws IOException {
        List<String> line = new ArrayList<>(List.of(Python.interpreter(), "-u", "-c", program));
        for (Path argument : arguments) {
            line.add(argument.toString());
        }
        return start(line.toArray(String[]::new));
    }

    ProcessTree tree(Process process) {
        return ProcessTree.of(process.pid(), marker);
    }

    /** A wait that looks at once and then often. */
    static ConditionFactory awaiting() {
        return await().atMost(PATIENCE).pollDelay(Duration.ZERO).pollInterval(Duration.ofMillis(5));
    }

    static void awaitFile(Path file) {
        awaiting().until(() -> Files.exists(file));
    }

    static void awaitGroupSize(long group, int size) {
        awaiting()
                .untilAsserted(() -> assertThat(ProcFiles.SYSTEM.startedSince(0).entries())
                        .filteredOn(entry -> entry.isAlive() && entry.group() == group)
                        .hasSize(size));
    }

    static void awaitCommand(long pid, String name) {
        Path file = Path.of("/proc", Long.toString(pid), "comm");
        awaiting().until(() -> Files.readString(file).strip().equals(name));
    }

    static void awaitAlive(ProcessTree tree, int count) {
        awaiting().untilAsserted(() -> assertThat(tree.alive()).hasSize(count));
    }

    /** Again and again, for one signal may miss a process that is just leaving the group. */
    static void kill(ProcessTree tree) {
        awaiting().until(() -> {
            tree.signal(Signal.KILL);
            return tree.alive().isEmpty();
        });
    }

    @Override
    public void close() {
        started.forEach(process -> kill(tree(process)));
        for (ProcessEntry entry : ProcFiles.SYSTEM.startedSince(0).entries()) {
            if (ProcFiles.SYSTEM.findInEnvironment(entry, marker) == ProcFiles.Finding.PRESENT) {
                Signal.kill(entry.pid(), Signal.KILL);
            }
        }
    }
}
