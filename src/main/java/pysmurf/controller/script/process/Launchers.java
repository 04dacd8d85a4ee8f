package pysmurf.controller.script.process;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The launchers of a process. Controllers with the same Python and the same modules share one. */
public final class Launchers {

    private static final Logger LOG = LoggerFactory.getLogger(Launchers.class);

    private static final long MAX_DELAY_S = 300;
    /** Of a night in which a file server is slow. */
    private static final Duration MAX_IMPORT = Duration.ofSeconds(60);

    /**
     * What a launcher was like when it had imported the modules.
     *
     * @param tasks       threads that are none of Python's, as those of OpenBLAS
     * @param threads     Python's, which no script has
     * @param descriptors what it keeps open, which its scripts share
     * @param signals     which of SIGINT and SIGTERM do something else than in a fresh Python
     */
    public record Ready(long pid, int tasks, List<String> threads, List<String> descriptors, List<String> signals) {}

    private record Key(String python, List<String> modules, Map<String, String> environment) {}

    private final Map<Key, Kept> all = new HashMap<>();

    /**
     * Starts a launcher, or joins those who have it.
     *
     * @param environment for the imports
     */
    public synchronized Kept use(String python, List<String> modules, Map<String, String> environment) {
        Kept kept = all.computeIfAbsent(new Key(python, modules, Map.copyOf(environment)), Kept::new);
        kept.users++;
        return kept;
    }

    /** A launcher that is made anew as long as somebody uses it. */
    public final class Kept implements AutoCloseable, Launcher.Owner {

        private final Key key;
        private int users;

        private volatile Launcher launcher;
        private volatile String fault;
        private volatile long madeAt;

        // Guarded by this.
        private String logged;
        private long delay;
        private long readySince;
        private boolean closed;

        private Kept(Key key) {
            this.key = key;
            make();
        }

        private synchronized void make() {
            if (closed) {
                return;
            }
            try {
                madeAt = System.nanoTime();
                launcher = new Launcher(key.python, key.modules, key.environment, this);
            } catch (IOException e) {
                over(null, e.getMessage());
            }
        }

        @Override
        public synchronized void ready(Launcher one) {
            readySince = System.nanoTime();
            fault = null;
            logged = null;
            LOG.info("Scripts find {} imported", key.modules);
        }

        @Override
        public synchronized void over(Launcher one, String why) {
            if (one != launcher || closed) {
                return;
            }
            boolean lasted = one != null
                    && one.ready().isPresent()
                    && System.nanoTime() - readySince > TimeUnit.SECONDS.toNanos(MAX_DELAY_S);
            launcher = null;
            fault = why;
            if (why == null) {
                LOG.info("{} are imported anew: a file of them has changed, or SIGHUP asked for it", key.modules);
            } else if (!why.equals(logged)) {
                LOG.error("Scripts start without preloaded modules: {}", why);
                logged = why;
            }
            // The first time at once. Files change again and again while somebody works on them.
            long now = lasted ? 0 : why == null ? Math.min(delay, 1) : delay;
            delay = Math.min(MAX_DELAY_S, Math.max(1, 2 * now));
            CompletableFuture.delayedExecutor(now, TimeUnit.SECONDS).execute(this::make);
        }

        /**
         * Starts a script.
         *
         * @param  words       the Python, {@code -u}, the script and its arguments
         * @param  environment all of it; what tells its processes from others comes first
         * @param  exitFile    where its exit code is left
         * @return             empty if it has to be started in the ordinary way: nothing of it runs, or will
         * @throws IOException if it was ended, since it is not known whether it began
         */
        public Optional<ProcessGroup> start(
                List<String> words, Map<String, String> environment, Path output, Path exitFile) throws IOException {
            Launcher now = launcher;
            return now != null && words.subList(0, 2).equals(List.of(key.python, "-u"))
                    ? now.start(words.subList(2, words.size()), environment, output, exitFile)
                    : Optional.empty();
        }

        /** What the launcher is like; empty where scripts start in the ordinary way at present. */
        public Optional<Ready> ready() {
            return Optional.ofNullable(launcher).flatMap(Launcher::ready);
        }

        /** Why the last launcher is gone, if that was not meant to be and the next one is not ready, or why that takes so long. */
        public Optional<String> fault() {
            Duration age = Duration.ofNanos(System.nanoTime() - madeAt);
            return Optional.ofNullable(fault)
                    .or(() -> ready().isEmpty() && age.compareTo(MAX_IMPORT) > 0
                            ? Optional.of("they have been imported for " + age.toSeconds() + " s")
                            : Optional.empty());
        }

        /** The last one who uses it ends it; its scripts go on. */
        @Override
        public void close() {
            Launcher last;
            synchronized (Launchers.this) {
                if (--users > 0) {
                    return;
                }
                all.remove(key);
            }
            synchronized (this) {
                closed = true;
                last = launcher;
                launcher = null;
            }
            if (last != null) {
                last.endNow();
            }
        }
    }
}
