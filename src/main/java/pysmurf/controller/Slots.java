package pysmurf.controller;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.ConfigurationException;
import pysmurf.controller.config.FollowedFiles;
import pysmurf.controller.config.FollowedFiles.Content;
import pysmurf.controller.config.Settings;
import pysmurf.controller.config.StartFailure;

/**
 * The controllers of a process: one for each file {@code config/slots/NAME.properties}, and one alone where there is no such file.
 * The folder is followed: a file that comes starts its controller, one that goes stops it. What is in a file counts at the start.
 */
final class Slots implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Slots.class);

    private static final long TRY_AGAIN_SOON_S = 2;
    private static final int SOON = 5;
    /** A start that fails takes a second of a processor. */
    private static final long TRY_AGAIN_S = 10;
    /** More at a time would only make each of them later. */
    private static final int MAX_STARTING = 2 * Runtime.getRuntime().availableProcessors();

    /** In place of a slot's file: the controller that is alone. */
    private static final Path ALONE = Path.of("application.properties");

    private final Configuration configuration;
    private final FollowedFiles files;
    private final Function<Configuration, Controller> making;
    private final ExecutorService workers = Executors.newCachedThreadPool(task -> new Thread(task, "slots"));
    private final Semaphore starting = new Semaphore(MAX_STARTING);
    /** By what no two may share: ids and data folders. */
    private final Map<String, Slot> holders = new ConcurrentHashMap<>();

    private final Map<Path, Content> found = new TreeMap<>();
    private final Map<Path, Slot> slots = new TreeMap<>();
    private String folderFault;
    private boolean closed;

    Slots(Configuration configuration, FollowedFiles files, Function<Configuration, Controller> making) {
        this.configuration = configuration;
        this.files = files;
        this.making = making;
    }

    /** One controller, or none where its file is at fault. Its steps follow one another; {@code last} is the last of them. */
    private final class Slot {

        private final Path file;
        private CompletableFuture<Void> last = CompletableFuture.completedFuture(null);
        private volatile Content wanted;
        private volatile Content taken;
        private volatile Controller controller;
        private volatile Exception fault;
        private int failures;

        Slot(Path file) {
            this.file = file;
        }

        /** @param content null if there is to be none */
        void become(Content content) {
            become(content, CompletableFuture.completedFuture(null));
        }

        /** @param before what has to be over first */
        void become(Content content, CompletableFuture<Void> before) {
            wanted = content;
            last = CompletableFuture.allOf(last, before).handleAsync((done, unexpected) -> step(), workers);
        }

        private Void step() {
            Content now = wanted;
            if (now == null) {
                stop();
            } else if (controller == null) {
                try {
                    start(now);
                    fault = null;
                } catch (ConfigurationException | StartFailure | RuntimeException e) {
                    failed(e, now);
                }
            }
            return null;
        }

        private void start(Content content) throws ConfigurationException, StartFailure {
            Configuration own = configuration;
            if (file != ALONE) {
                if (content.fault() != null) {
                    throw new ConfigurationException(List.of(file + " " + content.fault()));
                }
                own = configuration.ofSlot(file);
            }
            hold(Settings.CONTROLLER_ID.key(), own.get(Settings.CONTROLLER_ID));
            hold(Settings.DATA_DIR.key(), own.dataDir().toString());
            Controller made = making.apply(own);
            starting.acquireUninterruptibly();
            try {
                made.start();
            } finally {
                starting.release();
            }
            taken = content;
            controller = made;
            failures = 0;
        }

        /** The other one may be on its way out: its file has another name now. */
        private void hold(String key, String value) throws StartFailure {
            Slot other = holders.putIfAbsent(key + "=" + value, this);
            if (other != null && other != this) {
                throw new StartFailure(key + ": " + value + " is that of " + other.file, null);
            }
        }

        private void failed(Exception why, Content content) {
            if ((file != ALONE || taken != null) && !why.toString().equals(String.valueOf(fault))) {
                LOG.error(
                        "{} starts no controller: {}",
                        file,
                        why.getMessage(),
                        why instanceof RuntimeException ? why : null);
            }
            fault = why;
            holders.values().removeIf(this::equals);
            if (why instanceof StartFailure) {
                // what it lacks may come: a database, a port
                long delay = ++failures < SOON ? TRY_AGAIN_SOON_S : TRY_AGAIN_S;
                CompletableFuture.delayedExecutor(delay, TimeUnit.SECONDS, workers)
                        .execute(() -> again(this, content));
            }
        }

        private void stop() {
            if (controller != null) {
                controller.close();
                controller = null;
            }
            fault = null;
            holders.values().removeIf(this::equals);
        }
    }

    /**
     * Starts what there is to start, and returns when that is done.
     *
     * @throws StartFailure if there is no slot and the controller cannot start
     */
    void start() throws StartFailure {
        List<CompletableFuture<Void>> first = new ArrayList<>();
        synchronized (this) {
            found.putAll(files.follow(configuration.slotsDir(), this::isSlot, this::noticed));
            Content folder = found.remove(configuration.slotsDir());
            if (folder != null && Files.exists(configuration.slotsDir(), LinkOption.NOFOLLOW_LINKS)) {
                throw new StartFailure(configuration.slotsDir() + " " + folder.fault(), null);
            }
            reconcile();
            slots.values().forEach(slot -> first.add(slot.last));
        }
        all(first).join();
        synchronized (this) {
            Slot alone = slots.get(ALONE);
            if (alone != null && alone.fault instanceof StartFailure failure) {
                throw failure;
            }
        }
    }

    private static CompletableFuture<Void> all(List<CompletableFuture<Void>> steps) {
        return CompletableFuture.allOf(steps.toArray(new CompletableFuture<?>[0]));
    }

    private boolean isSlot(Path file) {
        return file.toString().endsWith(".properties")
                && configuration.slotsDir().equals(file.getParent());
    }

    private synchronized void noticed(Map<Path, Content> changes) {
        changes.forEach((file, content) -> {
            if (file.equals(configuration.slotsDir())) {
                folderFault = content.fault();
            } else if (content.isGone()) {
                found.remove(file);
            } else {
                found.put(file, content);
            }
        });
        reconcile();
    }

    private void reconcile() {
        if (closed) {
            return;
        }
        Map<Path, Content> wanted = found.isEmpty() ? Map.of(ALONE, Content.GONE) : found;
        List<CompletableFuture<Void>> ends = new ArrayList<>();
        slots.forEach((file, slot) -> {
            if (!wanted.containsKey(file) && slot.wanted != null) {
                slot.become(null);
            }
            if (slot.wanted == null && found.isEmpty() != (file == ALONE)) {
                ends.add(slot.last);
            }
        });
        // the one that is alone and those in slots are not there together: their metrics have other labels
        CompletableFuture<Void> before = all(ends);
        wanted.forEach((file, content) -> {
            Slot slot = slots.computeIfAbsent(file, Slot::new);
            if (!content.equals(slot.wanted)) {
                slot.become(content, before);
            }
        });
    }

    private synchronized void again(Slot slot, Content content) {
        if (!closed && content.equals(slot.wanted)) {
            slot.become(content);
        }
    }

    /** Whether there are files of slots. */
    synchronized boolean areFiles() {
        return !found.isEmpty();
    }

    /** Those that have started. */
    synchronized Collection<Controller> running() {
        return slots.values().stream()
                .map(slot -> slot.controller)
                .flatMap(controller -> Optional.ofNullable(controller).stream())
                .toList();
    }

    /**
     * That the folder cannot be read; empty if it can, or if there never was one.
     *
     * @param whole whether why is told, too
     */
    synchronized Optional<String> folderFault(boolean whole) {
        return Optional.ofNullable(folderFault)
                .map(why -> configuration.slotsDir() + ": "
                        + (whole ? why + "; its controllers go on" : "an admin sees why"));
    }

    /** Why a file has no controller, by the file's name. */
    synchronized Map<String, String> faults() {
        Map<String, String> faults = new TreeMap<>();
        slots.forEach((file, slot) -> {
            if (slot.fault != null) {
                faults.put(file.getFileName().toString(), String.valueOf(slot.fault.getMessage()));
            }
        });
        return faults;
    }

    /** Files that have changed since their controller was started, by name. */
    synchronized List<String> changed() {
        return slots.values().stream()
                .filter(slot -> slot.controller != null && slot.wanted != null && !slot.wanted.equals(slot.taken))
                .map(slot -> slot.file.getFileName().toString())
                .toList();
    }

    /** Stops all at a time. */
    @Override
    public void close() {
        List<CompletableFuture<Void>> ends = new ArrayList<>();
        synchronized (this) {
            closed = true;
            slots.values().forEach(slot -> {
                slot.become(null);
                ends.add(slot.last);
            });
        }
        all(ends).join();
        workers.shutdown();
    }
}
