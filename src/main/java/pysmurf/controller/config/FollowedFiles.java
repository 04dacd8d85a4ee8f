package pysmurf.controller.config;

import java.io.IOException;
import java.nio.file.FileSystemLoopException;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The one way in which files and folders are followed. All of them are looked at again and again, through links, and what they
 * hold is compared; so it does not matter how an editor, a deployment or a volume puts a file in its place. A change is told at
 * the second look that finds it the same, since a file may be written in steps. A file or folder that cannot be read keeps no
 * other from being followed. Thread-safe.
 */
public final class FollowedFiles implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(FollowedFiles.class);

    private static final Duration LOOK_EVERY = Duration.ofMillis(250);
    /** A look takes a few milliseconds, unless a file system does not answer. */
    private static final Duration LATE = Duration.ofSeconds(10);

    private static final Duration STOP = Duration.ofSeconds(1);
    /** Two changes within one tick of a file system's clock look like one; no clock that is in use ticks more slowly. */
    private static final long YOUNG_NANOS = Duration.ofSeconds(3).toNanos();

    private static final String STAMP = "unix:dev,ino,size,lastModifiedTime,ctime,isRegularFile";

    /** Names that nothing is read of: what editors, backups and volumes leave beside the files that count. */
    private static final Pattern PASSED_OVER = Pattern.compile("\\..*|.*(~|\\.bak|\\.orig|\\.disabled)");

    /**
     * What a file holds.
     *
     * @param text  null if there is none
     * @param fault why the text cannot be had; null if it can, or if the file is not there
     */
    public record Content(String text, String fault) {

        static final Content GONE = new Content(null, null);

        /** Whether there is no such file. */
        public boolean isGone() {
            return equals(GONE);
        }
    }

    /**
     * A file as it was found.
     *
     * @param since when it was first found with this stamp, by {@link System#nanoTime}
     */
    private record Seen(Map<String, Object> stamp, long since, Content content) {}

    /** What is followed together: one file, or those of a folder. */
    private final class Watch {

        final Path root;
        /** Null for a single file. */
        final Predicate<Path> wanted;

        final Consumer<Map<Path, Content>> changed;
        Map<Path, Seen> seen;
        final Map<Path, Content> told = new TreeMap<>();

        final Object owner;

        Watch(Path root, Predicate<Path> wanted, Consumer<Map<Path, Content>> changed, Object owner) {
            this.root = root;
            this.owner = owner;
            this.wanted = wanted;
            this.changed = changed;
            seen = Map.of();
            seen = find();
            seen.forEach((file, found) -> told.put(file, found.content()));
        }

        /** @param atOnce whether a change is told at the first look that finds it */
        synchronized void look(boolean atOnce) {
            Map<Path, Seen> now = find();
            Set<Path> files = new HashSet<>(now.keySet());
            files.addAll(told.keySet());
            Map<Path, Content> changes = new TreeMap<>();
            for (Path file : files) {
                Content content = content(now, file);
                if ((atOnce || content.equals(content(seen, file)))
                        && !content.equals(told.getOrDefault(file, Content.GONE))) {
                    changes.put(file, content);
                }
            }
            seen = now;
            changes.forEach((file, content) -> {
                if (content.isGone()) {
                    told.remove(file);
                } else {
                    told.put(file, content);
                }
            });
            if (!changes.isEmpty()) {
                changed.accept(changes);
            }
        }

        private static Content content(Map<Path, Seen> files, Path file) {
            Seen found = files.get(file);
            return found == null ? Content.GONE : found.content();
        }

        private Map<Path, Seen> find() {
            Map<Path, Seen> found = new HashMap<>();
            if (wanted == null) {
                Seen one = see(root, seen.get(root));
                if (!one.content().isGone()) {
                    found.put(root, one);
                }
                return found;
            }
            try {
                Files.walkFileTree(root, Set.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, new Walk(found));
            } catch (IOException e) {
                keep(root, e, found);
            }
            return found;
        }

        /** What cannot be listed is as it was, and its fault is told as that of a file. */
        private void keep(Path folder, IOException fault, Map<Path, Seen> found) {
            seen.forEach((file, before) -> {
                if (file.startsWith(folder) && !file.equals(folder)) {
                    found.put(file, before);
                }
            });
            found.put(folder, new Seen(Map.of(), 0, new Content(null, TextFile.reason(fault))));
        }

        private final class Walk extends SimpleFileVisitor<Path> {

            private final Map<Path, Seen> found;

            Walk(Map<Path, Seen> found) {
                this.found = found;
            }

            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                return !folder.equals(root) && isPassedOver(folder)
                        ? FileVisitResult.SKIP_SUBTREE
                        : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                if (!isPassedOver(file) && wanted.test(file)) {
                    Seen one = see(file, seen.get(file));
                    if (!one.content().isGone()) {
                        found.put(file, one);
                    }
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException fault) {
                boolean vanished = fault instanceof NoSuchFileException && !file.equals(root);
                // a link back to where one came from leads to nothing new
                if (!vanished && !(fault instanceof FileSystemLoopException) && !isPassedOver(file)) {
                    keep(file, fault, found);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, IOException fault) {
                if (fault != null) {
                    keep(folder, fault, found);
                }
                return FileVisitResult.CONTINUE;
            }
        }
    }

    private final Clock clock;
    private final List<Watch> watches = new CopyOnWriteArrayList<>();
    private final Thread thread = new Thread(this::run, "followed-files");
    private volatile Instant lookedAt;
    private volatile long lookedAtNanos;

    public FollowedFiles(Clock clock) {
        this.clock = clock;
        noteLook();
        thread.setDaemon(true);
    }

    /** Begins to look for changes. */
    public void start() {
        thread.start();
    }

    /** Looks for no more changes. */
    @Override
    public void close() {
        thread.interrupt();
        try {
            thread.join(STOP.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Follows the files of a folder, those of folders in it among them.
     *
     * @param  wanted  which of the files, by name and place
     * @param  changed is given what has changed, and a {@link Content#isGone} for a file that went
     * @return         what is there now; a folder that cannot be read is in it as a file with a fault
     */
    public Map<Path, Content> follow(Path folder, Predicate<Path> wanted, Consumer<Map<Path, Content>> changed) {
        Watch watch = new Watch(folder, wanted, changed, changed);
        Map<Path, Content> now = new TreeMap<>(watch.told);
        watches.add(watch);
        return now;
    }

    /**
     * Follows a file, which need not be there.
     *
     * @param  changed is given what it holds when that has changed
     * @return         what it holds now
     */
    Content follow(Path file, Consumer<Content> changed) {
        Watch watch = new Watch(file, null, changes -> changed.accept(changes.get(file)), changed);
        Content now = watch.told.getOrDefault(file, Content.GONE);
        watches.add(watch);
        return now;
    }

    /** Gives no more changes to the one that was given to {@link #follow}. */
    void forget(Consumer<Content> changed) {
        watches.removeIf(watch -> watch.owner == changed);
    }

    /** Looks once at what was given to {@link #follow} with this. */
    void lookAt(Consumer<Content> changed) {
        watches.stream().filter(watch -> watch.owner == changed).forEach(watch -> watch.look(true));
    }

    /** When all was last looked at. */
    public Instant lookedAt() {
        return lookedAt;
    }

    /** Why changes go unnoticed; empty if they do not. */
    public Optional<String> fault() {
        Duration age = Duration.ofNanos(System.nanoTime() - lookedAtNanos);
        return age.compareTo(LATE) < 0
                ? Optional.empty()
                : Optional.of("files have not been looked at for " + age.toSeconds()
                        + " s: a file system does not answer; changes go unnoticed");
    }

    /** Looks once at all that is followed. */
    public void look() {
        for (Watch watch : watches) {
            try {
                watch.look(false);
            } catch (RuntimeException | StackOverflowError e) {
                LOG.error("A change below {} could not be taken", watch.root, e);
            }
        }
        noteLook();
    }

    private void noteLook() {
        lookedAt = clock.instant();
        lookedAtNanos = System.nanoTime();
    }

    private void run() {
        try {
            while (!Thread.currentThread().isInterrupted()) {
                look();
                Thread.sleep(LOOK_EVERY.toMillis());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Whether a file or folder of this name is never read. */
    private static boolean isPassedOver(Path file) {
        return PASSED_OVER.matcher(file.getFileName().toString()).matches();
    }

    private static Seen see(Path file, Seen before) {
        long now = System.nanoTime();
        Map<String, Object> stamp = Map.of();
        try {
            stamp = Files.readAttributes(file, STAMP);
            boolean same = before != null && stamp.equals(before.stamp());
            if (same && before.content().fault() == null && now - before.since() > YOUNG_NANOS) {
                return before;
            }
            return new Seen(stamp, same ? before.since() : now, new Content(TextFile.text(file), null));
        } catch (NoSuchFileException e) {
            boolean dangling = Files.isSymbolicLink(file);
            return new Seen(stamp, now, dangling ? new Content(null, "is a link to nothing") : Content.GONE);
        } catch (IOException e) {
            return new Seen(stamp, now, new Content(null, TextFile.reason(e)));
        }
    }
}
