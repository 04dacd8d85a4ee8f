package pysmurf.controller.script.process;

import com.sun.jna.Native;
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
 * Reads the files of /proc, by plain open, read and close: a stat file so read costs 8 us where {@code FileInputStream}
 * takes 15, and all of them are read at each end of a script. It also tells by errno what went wrong, which matters
 * here: a process that vanished is normal, too many open files must never pass for "nobody is alive". Thread-safe.
 */
final class ProcFiles {

    /** The machine's own. */
    static final ProcFiles SYSTEM = new ProcFiles(Path.of("/proc"));

    /** A stat line has at most 64 bytes of name and 50 numbers; the first 22 fields are what is needed. */
    private static final int STAT_BYTES = 1024;

    private static final int ENVIRON_CHUNK = 4096;

    /** What open and read give here in place of -1: the process is gone, ... */
    private static final int GONE = -1;

    /** ... or it is none of ours to look at (then it is none of ours to signal either). */
    private static final int FORBIDDEN = -2;

    private final Path root;

    /**
     * When the processes seen before were started, by pid. Replaced whole by each listing, so it holds no more than the
     * machine has processes; two threads that list at once do no harm but to read a file twice.
     */
    private volatile Map<String, Seen> seen = Map.of();

    /**
     * @param key   which inode the process's folder had. The kernel makes an inode with a number of its own for a
     *              folder of /proc, and drops it when the process is gone or memory runs short (fs/proc/base.c,
     *              pid_revalidate; get_next_ino): the same pid with the same inode is the same process
     * @param start in clock ticks since boot
     */
    private record Seen(Object key, long start) {}

    /** @param root /proc, or a folder that looks like it */
    ProcFiles(Path root) {
        this.root = root;
    }

    /**
     * What a listing found.
     *
     * @param entries  the processes that could be read
     * @param vanished how many more were listed, and gone when they were to be read; those known to be too old do not
     *                 count
     */
    record Listing(List<ProcessEntry> entries, int vanished) {}

    /**
     * All processes started at a time or later; those that vanish meanwhile are left out, and so are those that may not
     * be looked at.
     *
     * <p>A process that was seen before and is older is known by the inode of its folder, which takes 1.5 us to ask for
     * and not the 8 us of its stat file: on a machine where little is started that is nearly all of them. They come
     * first, and the others, which matter, are listed anew right before they are read: what ends in between is missed.
     *
     * @param earliest in clock ticks since boot; 0 for all
     */
    Listing stats(long earliest) {
        Map<String, Seen> before = seen;
        Map<String, Seen> now = new HashMap<>();
        for (String name : before.isEmpty() ? new String[0] : list()) {
            Seen last = before.get(name);
            if (last != null && last.start < earliest && last.key.equals(key(name))) {
                now.put(name, last);
            }
        }
        List<ProcessEntry> entries = new ArrayList<>();
        int vanished = 0;
        byte[] buffer = new byte[STAT_BYTES];
        for (String name : list()) {
            // Pids are the names that begin with a digit (proc(5)).
            if (name.charAt(0) < '0' || name.charAt(0) > '9' || now.containsKey(name)) {
                continue;
            }
            // The key before the stat file: should the pid change hands between the two, the pair fits nobody later.
            Object key = key(name);
            ProcessEntry entry = key == null ? null : stat(name, buffer).orElse(null);
            if (entry != null) {
                long start = entry.id().startTicks();
                now.put(name, new Seen(key, start));
                if (start >= earliest) {
                    entries.add(entry);
                }
            } else if (key(name) == null) {
                vanished++;
            }
        }
        seen = now;
        return new Listing(entries, vanished);
    }

    private String[] list() {
        String[] names = root.toFile().list();
        if (names == null) {
            throw new UncheckedIOException(new IOException("cannot list " + root));
        }
        return names;
    }

    /** @return null if the folder is gone, or is none of ours to look at */
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
        return stat(Long.toString(pid), new byte[STAT_BYTES]);
    }

    private Optional<ProcessEntry> stat(String pid, byte[] buffer) {
        int fd = open(pid, "/stat");
        if (fd < 0) {
            return Optional.empty();
        }
        try {
            long length = read(fd, buffer, pid, "/stat");
            return length <= 0 ? Optional.empty() : ProcessEntry.parse(buffer, (int) length);
        } finally {
            Libc.close(fd);
        }
    }

    /** See {@link ProcessTable#findInEnvironment}. */
    ProcessTable.Finding findInEnvironment(long pid, String entry) {
        String name = Long.toString(pid);
        int fd = open(name, "/environ");
        if (fd < 0) {
            return unreadable(fd);
        }
        try {
            EntrySearch search = new EntrySearch(entry.getBytes(StandardCharsets.UTF_8));
            byte[] chunk = new byte[ENVIRON_CHUNK];
            boolean blank = true;
            long n = read(fd, chunk, name, "/environ");
            for (; n > 0; n = read(fd, chunk, name, "/environ")) {
                blank = false;
                if (search.feed(chunk, (int) n)) {
                    return ProcessTable.Finding.PRESENT;
                }
            }
            if (n < 0) {
                return unreadable((int) n);
            }
            if (search.end()) {
                return ProcessTable.Finding.PRESENT;
            }
            return blank ? ProcessTable.Finding.BLANK : ProcessTable.Finding.ABSENT;
        } finally {
            Libc.close(fd);
        }
    }

    private int open(String pid, String file) {
        byte[] path = (root + "/" + pid + file + "\0").getBytes(StandardCharsets.UTF_8);
        int fd = Libc.open(path, Libc.O_RDONLY | Libc.O_CLOEXEC);
        if (fd >= 0) {
            return fd;
        }
        return absent(Native.getLastError(), pid, file);
    }

    private long read(int fd, byte[] buffer, String pid, String file) {
        while (true) {
            long n = Libc.read(fd, buffer, buffer.length);
            if (n >= 0) {
                return n;
            }
            int errno = Native.getLastError();
            if (errno != Libc.EINTR) {
                return absent(errno, pid, file);
            }
        }
    }

    private int absent(int errno, String pid, String file) {
        return switch (errno) {
            case Libc.ENOENT, Libc.ESRCH -> GONE;
            case Libc.EACCES, Libc.EPERM -> FORBIDDEN;
            default ->
                throw new UncheckedIOException(
                        new IOException("cannot read " + root + "/" + pid + file + ": " + Libc.strerror(errno)));
        };
    }

    private static ProcessTable.Finding unreadable(int why) {
        return why == GONE ? ProcessTable.Finding.GONE : ProcessTable.Finding.FORBIDDEN;
    }

    /** Finds one whole entry in a block of entries that each end with a NUL, whatever the cuts between the chunks. */
    static final class EntrySearch {

        private final byte[] wanted;

        /** How much of the entry has matched so far; -1 once it differs, until its NUL. */
        private int matched;

        EntrySearch(byte[] wanted) {
            this.wanted = wanted;
        }

        boolean feed(byte[] chunk, int length) {
            for (int i = 0; i < length; i++) {
                byte b = chunk[i];
                if (b == 0) {
                    if (matched == wanted.length) {
                        return true;
                    }
                    matched = 0;
                } else if (matched >= 0) {
                    matched = matched < wanted.length && wanted[matched] == b ? matched + 1 : -1;
                }
            }
            return false;
        }

        /** Whether the last entry, had it no NUL, is the wanted one. */
        boolean end() {
            return matched == wanted.length;
        }
    }
}
