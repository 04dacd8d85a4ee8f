package pysmurf.controller.script.process;

import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/**
 * A process of ours that leads a session and a process group, both with the number of its pid. It reads nothing, both its outputs
 * are appended to one file, SIGINT is not ignored, and it inherits no open file of this process.
 *
 * @param exit completes when it has ended and is reaped, with its exit code; 128 more than the number of the signal that ended it
 */
public record ProcessGroup(long pid, CompletableFuture<Integer> exit) {

    /**
     * Starts one.
     *
     * @param  command     the program, looked for along PATH where it has no slash, and its arguments
     * @param  environment all of it
     * @param  output      must exist
     * @throws IOException if the program is not there or may not be run, or the output is no regular file
     */
    public static ProcessGroup start(List<String> command, Map<String, String> environment, Path output)
            throws IOException {
        try (RegularFile file = RegularFile.toAppendTo(output)) {
            return PosixSpawn.AVAILABLE
                    ? PosixSpawn.start(command, environment, file)
                    : startByCommands(command, environment, file);
        }
    }

    /**
     * For a C library older than glibc 2.34, at the cost of 3 ms: setsid(1) makes it the leader. A JVM that was started in the
     * background of a shell has SIGINT ignored and would pass that on, and Python would never raise KeyboardInterrupt; env(1) sets
     * it back (coreutils 8.31 or newer).
     */
    static ProcessGroup startByCommands(List<String> command, Map<String, String> environment, RegularFile output)
            throws IOException {
        List<String> words = new ArrayList<>(List.of("setsid", "env", "--default-signal=INT"));
        words.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(words);
        builder.environment().clear();
        builder.environment().putAll(environment);
        builder.redirectInput(Redirect.from(new File("/dev/null")));
        builder.redirectErrorStream(true);
        builder.redirectOutput(Redirect.appendTo(output.path().toFile()));
        Process process = builder.start();
        return new ProcessGroup(process.pid(), process.onExit().thenApply(Process::exitValue));
    }
}
