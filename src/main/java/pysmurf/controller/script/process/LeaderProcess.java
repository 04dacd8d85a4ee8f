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
 * A process of ours that leads a session and a process group of its own, by the same number as its pid. It reads nothing, both
 * its outputs are appended to one file, SIGINT means to it what it means to every program, and of what this process has open it
 * inherits nothing.
 *
 * @param pid  its pid
 * @param exit completes when it has ended and is reaped, with its exit code; 128 more than the signal's number where a signal
 *             ended it
 */
public record LeaderProcess(long pid, CompletableFuture<Integer> exit) {

    /**
     * Starts one.
     *
     * @param  command     the program, looked for along PATH where it has no slash, and its arguments
     * @param  environment all of it
     * @param  output      must be there
     * @throws IOException if the program is not there or may not be run, or the output is no regular file or cannot be opened
     */
    public static LeaderProcess start(List<String> command, Map<String, String> environment, Path output)
            throws IOException {
        try (RegularFile file = RegularFile.toAppendTo(output)) {
            return PosixSpawn.AVAILABLE
                    ? PosixSpawn.start(command, environment, file)
                    : startByCommands(command, environment, file);
        }
    }

    /**
     * For a C library older than glibc 2.34, at the cost of 3 ms: setsid(1) makes it the leader. A JVM that was started in the
     * background of a shell has SIGINT ignored and would pass that on, and then Python never raises KeyboardInterrupt; env(1)
     * sets it back (coreutils 8.31 or newer).
     */
    static LeaderProcess startByCommands(List<String> command, Map<String, String> environment, RegularFile output)
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
        return new LeaderProcess(process.pid(), process.onExit().thenApply(Process::exitValue));
    }
}
