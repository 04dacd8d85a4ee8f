package pysmurf.controller.script.process;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;
import com.sun.jna.StringArray;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.slf4j.LoggerFactory;

/**
 * posix_spawn(3) and waitpid(2). Java can start neither a session leader nor a process with SIGINT set back. Two more programs on
 * the way to each script would do it, at the cost of 3 ms.
 */
final class PosixSpawn {

    /** Whether the C library has all of it: glibc 2.34 or newer. */
    static final boolean AVAILABLE = isAvailable();

    /** The opaque structures take 336, 80 and 128 bytes in glibc. */
    private static final int ATTRIBUTES_BYTES = 1024;

    private static final int ACTIONS_BYTES = 512;
    private static final int SIGNAL_SET_BYTES = 128;

    // spawn.h
    private static final short SETSIGDEF = 0x04;
    private static final short SETSIGMASK = 0x08;
    private static final short SETSID = 0x80;

    private static final int FIRST_OTHER_DESCRIPTOR = 3;

    // wait.h: the low seven bits are the signal that ended it, the next eight its exit code
    private static final int SIGNAL_BITS = 0x7f;
    private static final int CODE_SHIFT = 8;
    private static final int CODE_BITS = 0xff;
    private static final int ENDED_BY_SIGNAL = 128;

    private static final ExecutorService WAITERS = Executors.newCachedThreadPool(task -> {
        Thread thread = new Thread(task, "end-of-process");
        thread.setDaemon(true);
        return thread;
    });

    /** Apart from {@link Libc}, which an older C library has all of. */
    private static final class Calls {

        static {
            Native.register(Calls.class, NativeLibrary.getProcess());
        }

        private Calls() {}

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

        static native int posix_spawnattr_destroy(Pointer attributes);

        static native int sigemptyset(Pointer signals);

        static native int sigaddset(Pointer signals, int signal);

        static native int waitpid(int pid, int[] status, int options);
    }

    private PosixSpawn() {}

    private static boolean isAvailable() {
        try {
            NativeLibrary.getProcess().getFunction("posix_spawn_file_actions_addclosefrom_np");
            return true;
        } catch (UnsatisfiedLinkError e) {
            LoggerFactory.getLogger(PosixSpawn.class)
                    .info("The C library is old, so setsid and env start the scripts: {}", e.getMessage());
            return false;
        }
    }

    static ProcessGroup start(List<String> command, Map<String, String> environment, RegularFile output)
            throws IOException {
        // The thread that waits comes first: if there is none to be had, no process is started.
        CompletableFuture<Integer> spawned = new CompletableFuture<>();
        CompletableFuture<Integer> exit = CompletableFuture.supplyAsync(() -> await(spawned.join()), WAITERS);
        try {
            int pid = spawn(command, environment, output);
            spawned.complete(pid);
            return new ProcessGroup(pid, exit);
        } finally {
            spawned.cancel(false);
        }
    }

    private static int spawn(List<String> command, Map<String, String> environment, RegularFile output)
            throws IOException {
        int[] pid = new int[1];
        Memory actions = new Memory(ACTIONS_BYTES);
        Memory attributes = new Memory(ATTRIBUTES_BYTES);
        check(Calls.posix_spawn_file_actions_init(actions));
        check(Calls.posix_spawnattr_init(attributes));
        try {
            // Nothing here may block: this process stands still until the program is executed.
            check(Calls.posix_spawn_file_actions_addopen(actions, 0, Libc.text("/dev/null"), Libc.O_RDONLY, 0));
            check(Calls.posix_spawn_file_actions_adddup2(actions, output.descriptor(), 1));
            check(Calls.posix_spawn_file_actions_adddup2(actions, 1, 2));
            check(Calls.posix_spawn_file_actions_addclosefrom_np(actions, FIRST_OTHER_DESCRIPTOR));
            // A thread of the JVM has SIGQUIT blocked.
            Memory signals = new Memory(SIGNAL_SET_BYTES);
            Calls.sigemptyset(signals);
            check(Calls.posix_spawnattr_setsigmask(attributes, signals));
            // If the JVM was started in the background of a shell, SIGINT is ignored: see ProcessGroup.
            Calls.sigaddset(signals, Signal.INT.number());
            check(Calls.posix_spawnattr_setsigdefault(attributes, signals));
            check(Calls.posix_spawnattr_setflags(attributes, (short) (SETSID | SETSIGDEF | SETSIGMASK)));
            String program = command.get(0);
            List<String> variables = environment.entrySet().stream()
                    .map(entry -> entry.getKey() + "=" + entry.getValue())
                    .toList();
            int errno = Calls.posix_spawnp(
                    pid, Libc.text(program), actions, attributes, strings(command), strings(variables));
            if (errno != 0) {
                throw new IOException("cannot run " + program + ": " + Libc.strerror(errno));
            }
        } finally {
            Calls.posix_spawnattr_destroy(attributes);
            Calls.posix_spawn_file_actions_destroy(actions);
        }
        return pid[0];
    }

    private static StringArray strings(List<String> texts) {
        return new StringArray(texts.toArray(String[]::new), Libc.TEXTS.name());
    }

    private static void check(int errno) throws IOException {
        if (errno != 0) {
            throw new IOException("posix_spawn: " + Libc.strerror(errno));
        }
    }

    private static int await(int pid) {
        int[] status = new int[1];
        while (Calls.waitpid(pid, status, 0) < 0) {
            int errno = Native.getLastError();
            if (errno != Libc.EINTR) {
                throw new IllegalStateException("waitpid: " + Libc.strerror(errno));
            }
        }
        int signal = status[0] & SIGNAL_BITS;
        return signal == 0 ? status[0] >> CODE_SHIFT & CODE_BITS : ENDED_BY_SIGNAL + signal;
    }
}
