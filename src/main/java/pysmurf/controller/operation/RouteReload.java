package pysmurf.controller.operation;

import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.camel.CamelContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.config.FollowedFile;
import pysmurf.controller.config.FollowedFiles;
import pysmurf.controller.config.FollowedFiles.Content;
import pysmurf.controller.operation.RouteFiles.Compiled;
import pysmurf.controller.operation.RouteSources.Source;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Sessions;

/**
 * Follows the routes folder while the controller runs. After each change it works out from all files what is to be in force, and
 * replaces what differs: at once, or when the session has ended that is using it. A file that does not compile, or wants what
 * another has, changes nothing and is a {@link RouteFault} until that is mended.
 *
 * <p>
 * In place of Camel's own reloading, which is blind to what a link leads to and to folders that are replaced, by default stops all
 * routes before it reads the changed file, and leaves out the routes of deleted files and of kamelets.
 */
public final class RouteReload {

    private static final Logger LOG = LoggerFactory.getLogger(RouteReload.class);

    private final FollowedFiles followed;
    private final Path folder;
    private final RunningRoutes running;
    private final RouteSources sources;
    private final RouteSwap swap;
    private final ExecutorService worker;
    private final LongAdder succeeded = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private volatile Map<Path, RouteFault> faults = Map.of();
    private final Set<Path> waiting = new ConcurrentSkipListSet<>();

    // used by the worker alone
    private final Map<Path, LiveSession> blocked = new TreeMap<>();
    private final Set<LiveSession> awaited = new HashSet<>();

    /**
     * @param folder the routes folder
     * @param swap   what comes while routes are replaced is handed over after that
     */
    public RouteReload(CamelContext context, FollowedFiles followed, Path folder, Sessions sessions, RouteSwap swap) {
        this.followed = followed;
        this.folder = folder;
        this.running = new RunningRoutes(context, sessions);
        this.sources = new RouteSources(context, running, folder);
        this.swap = swap;
        // ends with the context
        worker = context.getExecutorServiceManager().newSingleThreadExecutor(this, "route-reload");
    }

    /**
     * Reads all files and follows them.
     *
     * @return the text of those of routes, in their order, which the caller takes or {@link RouteSources#leaveOut leaves out}
     */
    Map<Path, String> begin() {
        return sources.begin(
                followed.follow(folder, sources.files(), changes -> worker.execute(() -> noticed(changes))));
    }

    RouteSources sources() {
        return sources;
    }

    /** The start is over: what was left out is told. */
    void begun() {
        publish(Set.of());
    }

    /** Files that cannot be used, by name; what they held before goes on being used. */
    public Collection<RouteFault> faults() {
        return faults.values();
    }

    /** Files whose change is taken when a session has ended that uses what they hold. */
    public List<String> waiting() {
        return waiting.stream().map(sources.files()::relative).toList();
    }

    /** Files taken since the start. */
    public long succeeded() {
        return succeeded.sum();
    }

    /** Files refused since the start. */
    public long failed() {
        return failed.sum();
    }

    private void noticed(Map<Path, Content> changes) {
        sources.noticed(changes);
        reconcile(changes.keySet());
    }

    /** @param fresh files that have just been changed */
    private void reconcile(Set<Path> fresh) {
        boolean taken;
        do {
            sources.faults().clear();
            blocked.clear();
            taken = takeWhatIsFree();
            // which may have mended another
        } while (taken && !sources.faults().isEmpty());
        publish(fresh);
    }

    /** @return whether there was any */
    private boolean takeWhatIsFree() {
        boolean taken = takeKamelets();
        List<Source> wanted = sources.wanted();
        // one that was renamed goes on under its new name, without being gone in between
        for (Source source : wanted) {
            taken |= !source.text().equals(sources.inForce().get(source.file())) && take(source);
        }
        Set<Path> gone = new TreeSet<>(sources.inForce().keySet());
        gone.removeIf(RouteFiles::isKamelet);
        wanted.forEach(source -> gone.remove(source.file()));
        for (Path file : gone) {
            taken |= drop(file);
        }
        return taken;
    }

    private void publish(Set<Path> fresh) {
        sources.faults().forEach((file, fault) -> {
            if (fresh.contains(file) || !fault.equals(faults.get(file))) {
                failed.increment();
                LOG.error(
                        "{}; {}",
                        fault,
                        sources.inForce().containsKey(file) ? FollowedFile.STAYS : FollowedFile.LEFT_OUT);
            }
        });
        faults = Collections.unmodifiableMap(new TreeMap<>(sources.faults()));
        waiting.retainAll(blocked.keySet());
        blocked.forEach((file, session) -> {
            if (waiting.add(file)) {
                LOG.info(
                        "Session {} of {} is running; the change of {} is taken when it has ended",
                        session.id(),
                        session.opName(),
                        sources.files().relative(file));
            }
        });
    }

    private boolean takeKamelets() {
        Map<Path, String> changed = sources.changedKamelets();
        return !changed.isEmpty()
                && whenFree(changed.keySet(), running::userOfBlocks, () -> {
                    Map<Path, String> users = sources.kameletUsers();
                    Set<String> ids = users.keySet().stream()
                            .flatMap(file -> ids(running.of(file)).stream())
                            .collect(Collectors.toSet());
                    swap.run(ids, () -> {
                        running.forgetBlocks();
                        users.forEach(running::update);
                    });
                    changed.forEach(this::taken);
                    sources.tryAgain();
                });
    }

    /** Replaces a file's routes, and takes away those of files that are to give way to it. */
    private boolean take(Source source) {
        Set<Path> replaced = running.all().entrySet().stream()
                .filter(entry -> source.routes().stream().anyMatch(entry.getKey()::excludes))
                .map(Map.Entry::getValue)
                .collect(Collectors.toSet());
        replaced.add(source.file());
        Set<String> before = replaced.stream()
                .flatMap(file -> ids(running.of(file)).stream())
                .collect(Collectors.toSet());
        Set<String> after = ids(source.routes());
        Set<String> all = new HashSet<>(before);
        all.addAll(after);
        Set<String> kept = new HashSet<>(before);
        kept.retainAll(after);
        return whenFree(
                Set.of(source.file()),
                () -> running.userOf(all),
                () -> swap.run(kept, () -> {
                    before.stream().filter(id -> !after.contains(id)).forEach(running::remove);
                    replaced.stream()
                            .filter(file -> !file.equals(source.file()))
                            .forEach(sources.inForce()::remove);
                    updateOrKeep(source);
                }));
    }

    private static Set<String> ids(Collection<Compiled> routes) {
        return routes.stream().map(Compiled::id).collect(Collectors.toSet());
    }

    private void updateOrKeep(Source source) {
        try {
            running.update(source.file(), source.text());
            taken(source.file(), source.text());
        } catch (RuntimeException e) {
            sources.refuseStart(source.file(), e);
            String before = sources.inForce().get(source.file());
            if (before != null) {
                running.update(source.file(), before);
            }
        }
    }

    private boolean drop(Path file) {
        Set<String> ids = ids(running.of(file));
        return whenFree(Set.of(file), () -> running.userOf(ids), () -> {
            ids.forEach(running::remove);
            taken(file, null);
        });
    }

    private void taken(Path file, String text) {
        if (text == null) {
            sources.inForce().remove(file);
            LOG.info("{} is gone", sources.files().relative(file));
        } else {
            sources.inForce().put(file, text);
            succeeded.increment();
            LOG.info("{} was taken", sources.files().relative(file));
        }
    }

    /**
     * Does something now; or looks at everything again when the session has ended that uses what is about to be replaced.
     *
     * @return whether it was done
     */
    private boolean whenFree(Set<Path> changed, Supplier<Optional<LiveSession>> user, Runnable action) {
        // a session opened after the look waits for the end of the replacement in OperationThreads
        swap.alone().lock();
        try {
            Optional<LiveSession> session = user.get();
            if (session.isEmpty()) {
                action.run();
                return true;
            }
            changed.forEach(file -> blocked.put(file, session.get()));
            if (awaited.add(session.get())) {
                session.get().ended().thenRunAsync(() -> lookAgain(session.get()), worker);
            }
        } catch (RuntimeException e) {
            changed.forEach(file -> sources.refuse(file, e));
        } finally {
            swap.alone().unlock();
        }
        return false;
    }

    private void lookAgain(LiveSession ended) {
        awaited.remove(ended);
        reconcile(Set.of());
    }
}
