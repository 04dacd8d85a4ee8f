package pysmurf.controller.script.process;

import com.sun.jna.Native;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reads /proc. A process that vanishes meanwhile is normal; any other failure, such as too many open files, is an
 * {@link UncheckedIOException}, because it must never pass for "nothing is alive".
 */
class ProcFiles {

    static final ProcFiles SYSTEM = new ProcFiles(Path.of("/proc"));

    enum Finding {
        PRESENT,
        /** Also where the process belongs to another user: then it is not ours to signal either. */
        ABSENT,
        /** The environment is empty: the process is in the middle of an execve or of its end. */
        BLANK,
        GONE
    }

    /**
     * @param entries  the processes that could be read
     * @param vanished how many more were listed and then gone; those known to be too old do not count
     */
    record Listing(List<ProcessEntry> entries, int vanished) {}

    /**
     * @param key   the inode of the process's folder. The kernel gives each folder of /proc an inode number of its own, so the
     *              same pid with the same inode is the same process
     * @param start in clock ticks since boot
     */
    private record Seen(Object key, long start) {}

    private static final int CHUNK_BYTES = 4096;

    private final Path root;

    /** When the processes of the last listing started, by pid. */
    private volatile Map<String, Seen> seen = Map.of();

    /** @param root /proc, or a folder that looks like it */
    ProcFiles(Path root) {
        this.root = root;
    }

    /**
     * The processes that started at a time or later. A process that is known to be older is recognised by its inode, which costs a
     * fifth of reading its stat file.
     *
     * @param earliest in clock ticks since boot
     */
    Listing startedSince(long earliest) {
        String[] names = root.toFile().list();
        if (names == null) {
            throw new UncheckedIOException(new IOException("cannot list " + root));
        }
        Map<String, Seen> before = seen;
        Map<String, Seen> now = new HashMap<>();
        List<ProcessEntry> entries = new ArrayList<>();
        int vanished = 0;
        for (String pid : names) {
            if (!Character.isDigit(pid.charAt(0))) {
                continue;
            }
            // The key comes first: if the pid changes hands between the two, the pair fits no process later.
            Object key = key(pid);
            Seen last = before.get(pid);
            if (last != null && last.start < earliest && last.key.equals(key)) {
                now.put(pid, last);
                continue;
            }
            Optional<ProcessEntry> entry = key == null ? Optional.empty() : stat(pid);
            if (entry.isPresent()) {
                long start = entry.get().id().startTicks();
                now.put(pid, new Seen(key, start));
                if (start >= earliest) {
                    entries.add(entry.get());
                }
            } else if (last == null || last.start >= earliest) {
                vanished += key(pid) == null ? 1 : 0;
            }
        }
        seen = now;
        return new Listing(entries, vanished);
    }

    /** @return null if the folder is gone or may not be looked at */
    private Object key(String pid) {
        try {
            return Files.readAttributes(root.resolve(pid), BasicFileAttributes.class)
                    .fileKey();
        } catch (NoSuchFileException | AccessDeniedException e) {
            return null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Optional<ProcessEntry> stat(long pid) {
        return stat(Long.toString(pid));
    }

    /** How a process ended that its parent has not taken notice of yet, as wait(2) has it; empty of any other. */
    Optional<Integer> exitStatus(long pid) {
        try {
            return read(Long.toString(pid), "stat").flatMap(ProcessEntry::exitStatus);
        } catch (AccessDeniedException e) {
            return Optional.empty();
        }
    }

    private Optional<ProcessEntry> stat(String pid) {
        try {
            return read(pid, "stat").flatMap(ProcessEntry::parse);
        } catch (AccessDeniedException e) {
            return Optional.empty();
        }
    }

    /**
     * Looks for an entry in a process's environment, as it was when the process last executed a program.
     *
     * @param entry the whole entry, {@code NAME=VALUE}, in ASCII
     */
    Finding findInEnvironment(ProcessEntry process, String entry) {
        // A kernel thread never has an environment; that must not pass for an execve.
        if (process.kernelThread()) {
            return Finding.ABSENT;
        }
        try {
            String environment = read(Long.toString(process.pid()), "environ").orElse(null);
            if (environment == null || environment.isEmpty()) {
                return environment == null ? Finding.GONE : Finding.BLANK;
            }
            boolean present = ("\0" + environment + "\0").contains("\0" + entry + "\0");
            return present ? Finding.PRESENT : Finding.ABSENT;
        } catch (AccessDeniedException e) {
            return Finding.ABSENT;
        }
    }

    /**
     * Reads by open(2) and read(2), which tell by errno whether the process is gone.
     *
     * @return the file's bytes as characters; empty if the process is gone
     */
    private Optional<String> read(String pid, String file) throws AccessDeniedException {
        String path = root + "/" + pid + "/" + file;
        int fd = Libc.open(Libc.text(path), Libc.O_RDONLY | Libc.O_CLOEXEC);
        if (fd < 0) {
            return absent(path);
        }
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            byte[] chunk = new byte[CHUNK_BYTES];
            while (true) {
                int count = (int) Libc.read(fd, chunk, chunk.length);
                if (count == 0) {
                    return Optional.of(bytes.toString(StandardCharsets.ISO_8859_1));
                } else if (count > 0) {
                    bytes.write(chunk, 0, count);
                } else if (Native.getLastError() != Libc.EINTR) {
                    return absent(path);
                }
            }
        } finally {
            Libc.close(fd);
        }
    }

    private static Optional<String> absent(String path) throws AccessDeniedException {
        int errno = Native.getLastError();
        return switch (errno) {
            case Libc.ENOENT, Libc.ESRCH -> Optional.empty();
            case Libc.EACCES, Libc.EPERM -> throw new AccessDeniedException(path);
            default ->
                throw new UncheckedIOException(new IOException("cannot read " + path + ": " + Libc.strerror(errno)));
        };
    }
}
