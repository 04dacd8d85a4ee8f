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
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows files and folders, always in this one way: a thread looks at them again and again, through links, and compares what they
 * hold. So it does not matter how an editor, a deployment or a volume replaces a file. A change counts when two looks in a row find
 * the same, since a file may be written in steps. A file or folder that cannot be read does not affect the others.
 */
public final class FollowedFiles implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(FollowedFiles.class);

    private static final Duration LOOK_EVERY = Duration.ofMillis(500);
    /** While something changes. */
    private static final Duration LOOK_AGAIN_AFTER = Duration.ofMillis(250);
    /** A look takes milliseconds, unless a file system does not answer. */
    private static final Duration MAX_LOOK = Duration.ofSeconds(10);

    private static final Duration MAX_STOP = Duration.ofSeconds(1);
    /** Two changes within one tick of a file system's clock look like one. No clock ticks more slowly than this. */
    private static final long CLOCK_TICK_NANOS = Duration.ofSeconds(3).toNanos();

    private static final String STAMP = "unix:dev,ino,size,lastModifiedTime,ctime,isRegularFile";

    /** The ends of what editors and backups leave beside the files that count. */
    private static final List<String> IGNORED = List.of("~", ".bak", ".orig", ".disabled");

    /**
     * What a file holds.
     *
     * @param text  null if there is none
     * @param fault why the text cannot be read; null if it can, or if there is no file
     */
    public record Content(String text, String fault) {

        public static final Content GONE = new Content(null, null);

        /** Whether there is no such file. */
        public boolean isGone() {
            return equals(GONE);
        }
    }

    /**
     * A file as one look found it.
     *
     * @param since when it first had this stamp, by {@link System#nanoTime}
     */
    private record Seen(Map<String, Object> stamp, long since, Content content) {}

    /**
     * What is looked at.
     *
     * @param root   a file, or a folder
     * @param wanted picks files below the folder; null for a single file
     */
    private record Subject(Path root, Predicate<Path> wanted) {}

    /** A listener to changes; it hears of none once it is closed. */
    final class Follower implements AutoCloseable {

        private final Consumer<Map<Path, Content>> changed;
        private Watch watch;
        private Map<Path, Content> first;

        private Follower(Consumer<Map<Path, Content>> changed) {
            this.changed = changed;
        }

        /** What a file held when it began to be followed. */
        Content first(Path file) {
            return first.getOrDefault(file, Content.GONE);
        }

        /** Looks at once, and takes what that finds for all who follow the same. */
        void look() {
            watch.look(true);
        }

        @Override
        public void close() {
            followers.remove(this);
            watches.computeIfPresent(watch.subject, (subject, same) -> same.leave(this) ? same : null);
        }
    }

    /** A file, or those below a folder, however many follow it. */
    private static final class Watch {

        private final Subject subject;
        private final Path root;
        private final Predicate<Path> wanted;
        private final List<Follower> followers = new CopyOnWriteArrayList<>();
        private Map<Path, Seen> seen = Map.of();
        private final Map<Path, Content> reported = new TreeMap<>();
        /** Whether what was seen is what was reported. */
        private volatile boolean quiet;

        Watch(Subject subject) {
            this.subject = subject;
            root = subject.root();
            wanted = subject.wanted();
            seen = find();
            seen.forEach((file, found) -> reported.put(file, found.content()));
        }

        /** The follower knows what there is at this moment, and is told what comes after it. */
        synchronized Watch join(Follower follower) {
            follower.watch = this;
            follower.first = new TreeMap<>(reported);
            followers.add(follower);
            return this;
        }

        /** @return whether others follow it still */
        boolean leave(Follower follower) {
            followers.remove(follower);
            return !followers.isEmpty();
        }

        /** @param atOnce whether the first look that finds a change counts */
        synchronized void look(boolean atOnce) {
            Map<Path, Seen> now = find();
            if (quiet && isSeen(now)) {
                return;
            }
            Set<Path> files = new HashSet<>(now.keySet());
            files.addAll(reported.keySet());
            Map<Path, Content> changes = new TreeMap<>();
            for (Path file : files) {
                Content content = content(now, file);
                if ((atOnce || content.equals(content(seen, file))) && !content.equals(reported(file))) {
                    changes.put(file, content);
                }
            }
            seen = now;
            reported.putAll(changes);
            reported.values().removeIf(Content::isGone);
            quiet = files.stream().allMatch(file -> content(seen, file).equals(reported(file)));
            if (!changes.isEmpty()) {
                followers.forEach(follower -> tell(follower, changes));
            }
        }

        /** Whether the last look found the same, and not only the like. */
        private boolean isSeen(Map<Path, Seen> now) {
            return now.size() == seen.size()
                    && now.entrySet().stream().allMatch(file -> seen.get(file.getKey()) == file.getValue());
        }

        private void tell(Follower follower, Map<Path, Content> changes) {
            try {
                follower.changed.accept(changes);
            } catch (RuntimeException | StackOverflowError e) {
                LOG.error("A change below {} could not be taken", root, e);
            }
        }

        private Content reported(Path file) {
            return reported.getOrDefault(file, Content.GONE);
        }

        private static Content content(Map<Path, Seen> files, Path file) {
            Seen found = files.get(file);
            return found == null ? Content.GONE : found.content();
        }

        private Map<Path, Seen> find() {
            Map<Path, Seen> found = new HashMap<>();
            if (wanted == null) {
                see(root, found);
                return found;
            }
            try {
                Files.walkFileTree(root, Set.of(FileVisitOption.FOLLOW_LINKS), Integer.MAX_VALUE, walk(found));
            } catch (IOException e) {
                keep(root, e, found);
            }
            return found;
        }

        private void see(Path file, Map<Path, Seen> found) {
            Seen one = FollowedFiles.see(file, seen.get(file));
            if (!one.content().isGone()) {
                found.put(file, one);
            }
        }

        /**
         * The files of a folder that cannot be listed stay as they were, also those that the last look has missed: it may have met the
         * folder on its way. Its fault is reported as that of a file.
         */
        private void keep(Path folder, IOException fault, Map<Path, Seen> found) {
            Map<Path, Seen> before = new HashMap<>();
            reported.forEach((file, content) -> before.put(file, new Seen(Map.of(), 0, content)));
            before.putAll(seen);
            before.forEach((file, last) -> {
                if (file.startsWith(folder) && !file.equals(folder)) {
                    found.put(file, last);
                }
            });
            found.put(folder, new Seen(Map.of(), 0, new Content(null, TextFile.reason(fault))));
        }

        private SimpleFileVisitor<Path> walk(Map<Path, Seen> found) {
            return new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
                    return !folder.equals(root) && isIgnored(folder)
                            ? FileVisitResult.SKIP_SUBTREE
                            : FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    if (!isIgnored(file) && wanted.test(file)) {
                        see(file, found);
                    }
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException fault) {
                    boolean vanished = fault instanceof NoSuchFileException && !file.equals(root);
                    // a link back to a folder above leads to nothing new
                    if (!vanished && !(fault instanceof FileSystemLoopException) && !isIgnored(file)) {
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
            };
        }
    }

    /** Whose thread looks: this one's own, or that of the whole. */
    private final FollowedFiles whole;

    private final Clock clock;
    /** Of the whole. */
    private final Map<Subject, Watch> watches;
    /** Of this part. */
    private final Set<Follower> followers = ConcurrentHashMap.newKeySet();
    /** Null for a part. */
    private final Thread thread;

    private volatile Instant lookedAt;
    private volatile long lookedAtNanos;

    public FollowedFiles(Clock clock) {
        whole = this;
        this.clock = clock;
        watches = new ConcurrentHashMap<>();
        thread = new Thread(this::run, "followed-files");
        noteLook();
        thread.setDaemon(true);
    }

    private FollowedFiles(FollowedFiles whole) {
        this.whole = whole;
        clock = whole.clock;
        watches = whole.watches;
        thread = null;
    }

    /** What is followed for one of several, by the same thread, which looks once at what they share; no longer when this is closed. */
    public FollowedFiles part() {
        return new FollowedFiles(this);
    }

    public void start() {
        thread.start();
    }

    @Override
    public void close() {
        followers.forEach(Follower::close);
        if (whole != this) {
            return;
        }
        thread.interrupt();
        try {
            thread.join(MAX_STOP.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Follows the files of a folder, and of the folders in it.
     *
     * @param  wanted  picks the files by name and place; those who share the look give an equal one
     * @param  changed gets what has changed, and {@link Content#isGone} for a file that was deleted
     * @return         what is there now; a folder that cannot be read is in it as a file with a fault
     */
    public Map<Path, Content> follow(Path folder, Predicate<Path> wanted, Consumer<Map<Path, Content>> changed) {
        return join(new Subject(folder, wanted), changed).first;
    }

    /** Follows a file, which need not exist. */
    Follower follow(Path file, Consumer<Content> changed) {
        return join(new Subject(file, null), changes -> changed.accept(changes.get(file)));
    }

    private Follower join(Subject subject, Consumer<Map<Path, Content>> changed) {
        Follower follower = new Follower(changed);
        followers.add(follower);
        watches.compute(subject, (same, known) -> (known == null ? new Watch(subject) : known).join(follower));
        return follower;
    }
    /** When everything was last looked at. */
    public Instant lookedAt() {
        return whole.lookedAt;
    }

    /** Why changes may go unnoticed; empty if they do not. */
    public Optional<String> fault() {
        Duration age = Duration.ofNanos(System.nanoTime() - whole.lookedAtNanos);
        return age.compareTo(MAX_LOOK) < 0
                ? Optional.empty()
                : Optional.of("files have not been looked at for " + age.toSeconds()
                        + " s: a file system does not answer; changes go unnoticed");
    }

    /** Looks once at everything that is followed. */
    public void look() {
        watches.values().forEach(watch -> watch.look(false));
        whole.noteLook();
    }

    private void noteLook() {
        lookedAt = clock.instant();
        lookedAtNanos = System.nanoTime();
    }

    private void run() {
        try {
            while (!Thread.currentThread().isInterrupted()) {
                look();
                boolean quiet = watches.values().stream().allMatch(watch -> watch.quiet);
                Thread.sleep((quiet ? LOOK_EVERY : LOOK_AGAIN_AFTER).toMillis());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean isIgnored(Path file) {
        String name = file.getFileName().toString();
        return name.startsWith(".") || IGNORED.stream().anyMatch(name::endsWith);
    }

    private static Seen see(Path file, Seen before) {
        long now = System.nanoTime();
        Map<String, Object> stamp = Map.of();
        try {
            stamp = Files.readAttributes(file, STAMP);
            boolean same = before != null && stamp.equals(before.stamp());
            if (same && before.content().fault() == null && now - before.since() > CLOCK_TICK_NANOS) {
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
