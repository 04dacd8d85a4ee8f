package pysmurf.controller.script.process;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.nio.charset.Charset;

/**
 * The calls of the C library that Java does not offer, by JNA's direct mapping. Numbers are those of 64-bit Linux
 * (asm-generic; x86-64 and AArch64 agree on each of them).
 *
 * <p>{@link Native#getLastError()} gives errno after a call on the same thread.
 */
final class Libc {

    static final int EPERM = 1;
    static final int ENOENT = 2;
    static final int ESRCH = 3;
    static final int EINTR = 4;
    static final int EACCES = 13;

    static final int O_RDONLY = 0;
    static final int O_WRONLY = 1;
    static final int O_APPEND = 0x400;
    static final int O_PATH = 0x200000;
    static final int O_CLOEXEC = 0x80000;

    /** For inotify_init1 and eventfd. */
    static final int CLOEXEC_NONBLOCK = 0x80800;

    static final int IN_MODIFY = 0x2;
    static final int IN_ONESHOT = 0x80000000;
    static final long POLLIN = 1;

    /** The encoding that Java itself uses for file names and for what a process is given. */
    static final Charset TEXTS = Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));

    static {
        Native.register(Libc.class, NativeLibrary.getProcess());
    }

    private Libc() {}

    /** A text as C has it. */
    static byte[] text(String text) {
        return (text + "\0").getBytes(TEXTS);
    }

    static native int kill(int pid, int signal);

    static native int open(byte[] path, int flags);

    static native long read(int fd, byte[] buffer, long count);

    static native long write(int fd, byte[] buffer, long count);

    static native int close(int fd);

    static native int inotify_init1(int flags);

    static native int inotify_add_watch(int fd, byte[] path, int mask);

    static native int eventfd(int initial, int flags);

    static native int poll(long[] descriptors, long count, int timeoutMillis);

    static native String strerror(int errno);
}
