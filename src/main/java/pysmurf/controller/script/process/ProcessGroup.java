package pysmurf.controller.script.process;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.StringArray;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import org.apache.camel.util.concurrent.CamelThreadFactory;
import org.slf4j.LoggerFactory;

/**
 * A process of ours that leads a session and a process group, both with the number of its pid. It reads nothing, both its outputs
 * are appended to one file, SIGINT is not ignored, and it inherits no open file of this process.
 *
 * <p>Java can start neither a session leader nor a process with SIGINT set back: a JVM that was started in the background of a shell
 * has it ignored and would pass that on, and Python would never raise KeyboardInterrupt. So posix_spawn(3) starts it.
 *
 * @param exit completes when it has ended and is reaped, with its exit code; 128 more than the number of the signal that ended it
 */
public record ProcessGroup(long pid, CompletableFuture<Integer> exit) {

    private static final boolean SPAWNS = canSpawn();

    private static final Executor WAITING =
            Executors.newCachedThreadPool(new CamelThreadFactory("#name#", "end-of-process", true));

    /** The opaque structures of glibc take 336 bytes or less. */
    private static final int STRUCTURE_BYTES = 1024;

    // spawn.h: POSIX_SPAWN_SETSIGDEF, POSIX_SPAWN_SETSIGMASK, POSIX_SPAWN_SETSID
    private static final short FLAGS = 0x04 | 0x08 | 0x80;

    private static final int FIRST_OTHER_DESCRIPTOR = 3;

    // wait.h: the low seven bits are the signal that ended it, the next eight its exit code
    private static final int SIGNAL_BITS = 0x7f;
    private static final int CODE_SHIFT = 8;
    private static final int CODE_BITS = 0xff;
    private static final int ENDED_BY_SIGNAL = 128;

    /** Apart from {@link Libc}, which an older C library has all of. */
    private static final class Spawn {

        static {
            Native.register(Spawn.class, NativeLibrary.getProcess());
        }

        static native int posix_spawnp(
                int[] pid, byte[] file, Pointer actions, Pointer attributes, Pointer arguments, Pointer environment);

        static native int posix_spawn_file_actions_init(Pointer actions);

        static native int posix_spawn_file_actions_addopen(
                Pointer actions, int descriptor, byte[] path, int flags, int mode);

        static native int posix_spawn_file_actions_adddup2(Pointer actions, int from, int to);

        static native int posix_spawn_file_actions_addclosefrom_np(Pointer actions, int first);

        static native int posix_spawn_file_actions_destroy(Pointer actions);

        static native int posix_spawnattr_init(Pointer attributes);

        static native int posix_spawnattr_setflags(Pointer attributes, short flags);

        static native int posix_spawnattr_setsigdefault(Pointer attributes, Pointer signals);

        static native int posix_spawnattr_setsigmask(Pointer attributes, Pointer signals);

        static native int sigemptyset(Pointer signals);

        static native int sigaddset(Pointer signals, int signal);

        static native int waitpid(int pid, int[] status, int options);
    }

    private static boolean canSpawn() {
        try {
            NativeLibrary.getProcess().getFunction("posix_spawn_file_actions_addclosefrom_np");
            return true;
        } catch (UnsatisfiedLinkError e) {
            LoggerFactory.getLogger(ProcessGroup.class)
                    .info("The C library is older than glibc 2.34, so setsid and env start the scripts");
            return false;
        }
    }

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
            return SPAWNS ? spawn(command, environment, file) : startByCommands(command, environment, file);
        }
    }

    static ProcessGroup spawn(List<String> command, Map<String, String> environment, RegularFile output)
            throws IOException {
        // The thread that waits comes first: if there is none to be had, no process is started.
        CompletableFuture<Integer> pid = new CompletableFuture<>();
        CompletableFuture<Integer> exit = CompletableFuture.supplyAsync(() -> await(pid.join()), WAITING);
        try {
            pid.complete(spawned(command, environment, output));
            return new ProcessGroup(pid.join(), exit);
        } finally {
            pid.cancel(false);
        }
    }

    private static int spawned(List<String> command, Map<String, String> environment, RegularFile output)
            throws IOException {
        Memory actions = new Memory(STRUCTURE_BYTES);
        Memory attributes = new Memory(STRUCTURE_BYTES);
        Memory signals = new Memory(STRUCTURE_BYTES);
        check("posix_spawn", Spawn.posix_spawn_file_actions_init(actions));
        try {
            // Nothing here may block: this process stands still until the program is executed.
            check(
                    "/dev/null",
                    Spawn.posix_spawn_file_actions_addopen(actions, 0, Libc.text("/dev/null"), Libc.O_RDONLY, 0));
            check("stdout", Spawn.posix_spawn_file_actions_adddup2(actions, output.descriptor(), 1));
            check("stderr", Spawn.posix_spawn_file_actions_adddup2(actions, 1, 2));
            check("posix_spawn", Spawn.posix_spawn_file_actions_addclosefrom_np(actions, FIRST_OTHER_DESCRIPTOR));
            // These cannot fail. A thread of the JVM has SIGQUIT blocked, so the mask is set, too.
            Spawn.posix_spawnattr_init(attributes);
            Spawn.sigemptyset(signals);
            Spawn.posix_spawnattr_setsigmask(attributes, signals);
            Spawn.sigaddset(signals, Signal.INT.number());
            Spawn.posix_spawnattr_setsigdefault(attributes, signals);
            Spawn.posix_spawnattr_setflags(attributes, FLAGS);
            List<String> variables = new ArrayList<>();
            environment.forEach((name, value) -> variables.add(name + "=" + value));
            String program = command.get(0);
            int[] pid = new int[1];
            check(
                    "cannot run " + program,
                    Spawn.posix_spawnp(
                            pid, Libc.text(program), actions, attributes, strings(command), strings(variables)));
            return pid[0];
        } finally {
            Spawn.posix_spawn_file_actions_destroy(actions);
        }
    }

    private static StringArray strings(List<String> texts) {
        return new StringArray(texts.toArray(String[]::new), Libc.TEXTS.name());
    }

    private static void check(String what, int errno) throws IOException {
        if (errno != 0) {
            throw new IOException(what + ": " + Libc.strerror(errno));
        }
    }

    private static int await(int pid) {
        int[] status = new int[1];
        while (Spawn.waitpid(pid, status, 0) < 0) {
            int errno = Native.getLastError();
            if (errno != Libc.EINTR) {
                throw new IllegalStateException("waitpid: " + Libc.strerror(errno));
            }
        }
        return exitCode(status[0]);
    }

    /** @param status as wait(2) has it */
    static int exitCode(int status) {
        int signal = status & SIGNAL_BITS;
        return signal == 0 ? status >> CODE_SHIFT & CODE_BITS : ENDED_BY_SIGNAL + signal;
    }

    /** For an older C library, at the cost of 3 ms: setsid(1) and env(1) (coreutils 8.31 or newer) do it. */
    static ProcessGroup startByCommands(List<String> command, Map<String, String> environment, RegularFile output)
            throws IOException {
        List<String> words = new ArrayList<>(List.of("setsid", "env", "--default-signal=INT"));
        words.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(words)
                .redirectInput(Redirect.from(new File("/dev/null")))
                .redirectErrorStream(true)
                .redirectOutput(Redirect.appendTo(output.path().toFile()));
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        return new ProcessGroup(process.pid(), process.onExit().thenApply(Process::exitValue));
    }
}
