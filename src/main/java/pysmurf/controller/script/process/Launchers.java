package pysmurf.controller.script.process;

import java.io.IOException;
import java.nio.file.Path;
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

    /**
     * What a launcher was like when it had imported the modules.
     *
     * @param tasks       threads that are none of Python's, as those of OpenBLAS
     * @param threads     Python's, which no script has
     * @param descriptors what it keeps open, which its scripts share
     */
    public record Ready(long pid, int tasks, List<String> threads, List<String> descriptors) {}

    private record Key(String python, List<String> modules) {}

    private final Map<Key, Kept> all = new HashMap<>();

    /**
     * Starts a launcher, or joins those who have it.
     *
     * @param environment for the imports; that of the first counts
     */
    public synchronized Kept use(String python, List<String> modules, Map<String, String> environment) {
        Kept kept = all.computeIfAbsent(new Key(python, modules), key -> new Kept(key, environment));
        kept.users++;
        return kept;
    }

    /** A launcher that is made anew as long as somebody uses it. */
    public final class Kept implements AutoCloseable, Launcher.Owner {

        private final Key key;
        private final Map<String, String> environment;
        private int users;

        private volatile Launcher launcher;
        private volatile String fault;

        // Guarded by this.
        private String logged;
        private long delay;
        private long readySince;
        private boolean closed;

        private Kept(Key key, Map<String, String> environment) {
            this.key = key;
            this.environment = Map.copyOf(environment);
            make();
        }

        private synchronized void make() {
            if (closed) {
                return;
            }
            try {
                launcher = new Launcher(key.python, key.modules, environment, this);
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
         * Starts a script; in the ordinary way where it cannot be forked.
         *
         * @param  words       the Python, {@code -u}, the script and its arguments
         * @param  environment all of it; what tells its processes from others comes first
         * @param  exitFile    where a launcher leaves its exit code
         * @throws IOException as {@link ProcessGroup#start}, or if it is not known whether something of it runs
         */
        public ProcessGroup start(List<String> words, Map<String, String> environment, Path output, Path exitFile)
                throws IOException {
            Launcher now = launcher;
            if (now != null && words.subList(0, 2).equals(List.of(key.python, "-u"))) {
                Optional<ProcessGroup> forked =
                        now.start(words.subList(2, words.size()), environment, output, exitFile);
                if (forked.isPresent()) {
                    return forked.get();
                }
            }
            return ProcessGroup.start(words, environment, output);
        }

        /** What the launcher is like; empty where scripts start in the ordinary way at present. */
        public Optional<Ready> ready() {
            return Optional.ofNullable(launcher).flatMap(Launcher::ready);
        }

        /** Why the last launcher is gone, if that was not meant to be and the next one is not ready. */
        public Optional<String> fault() {
            return Optional.ofNullable(fault);
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
                last.end(null);
            }
        }
    }
}
