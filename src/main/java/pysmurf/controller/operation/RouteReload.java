package pysmurf.controller.operation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.apache.camel.CamelContext;
import org.apache.camel.Route;
import org.apache.camel.RuntimeCamelException;
import org.apache.camel.model.ModelCamelContext;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.util.function.ThrowingRunnable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.config.FollowedFile;
import pysmurf.controller.config.FollowedFiles;
import pysmurf.controller.config.FollowedFiles.Content;
import pysmurf.controller.operation.RouteFiles.Compiled;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Sessions;

/**
 * Follows the routes folder while the controller runs. After each change it works out from all files which of them are to be in
 * force, and replaces what differs: at once, or when the session has ended that is using it. A file that does not compile, or wants
 * what another has, changes nothing and is a {@link RouteFault} until that is mended.
 *
 * <p>
 * In place of Camel's own reloading, which is blind to what a link leads to and to folders that are replaced, by default stops all
 * routes before it reads the changed file, and leaves out the routes of deleted files and of kamelets.
 */
public final class RouteReload {

    private static final Logger LOG = LoggerFactory.getLogger(RouteReload.class);

    /** What a file of routes asks for. */
    private record Source(Path file, String text, List<Compiled> routes) {}

    /** What came of compiling a file. */
    private record Attempt(List<Compiled> routes, Throwable fault) {}

    private final ModelCamelContext context;
    private final FollowedFiles followed;
    private final Path kamelets;
    private final RouteFiles files;
    private final RouteUse use;
    private final RouteSwap swap;
    private final ExecutorService worker;
    private final LongAdder succeeded = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private volatile Map<Path, RouteFault> faults = Map.of();
    /** And since when, by {@link System#nanoTime}. */
    private volatile Map<Path, Long> waiting = Map.of();

    // used by the starting thread, then by the worker alone
    private final Map<Path, Content> now = new TreeMap<>();
    private final Map<Path, String> inForce = new TreeMap<>();
    private final Map<Path, Attempt> attempts = new HashMap<>();
    private final Map<Path, RouteFault> found = new TreeMap<>();
    private final Map<Path, LiveSession> blocked = new TreeMap<>();
    private final Set<LiveSession> awaited = new HashSet<>();

    /**
     * @param folder the routes folder
     * @param swap   what comes while routes are replaced is handed over after that
     */
    public RouteReload(CamelContext context, FollowedFiles followed, Path folder, Sessions sessions, RouteSwap swap) {
        this.context = (ModelCamelContext) context;
        this.followed = followed;
        this.files = new RouteFiles(folder);
        this.kamelets = folder.resolve("kamelets");
        this.use = new RouteUse(context, sessions);
        this.swap = swap;
        // ends with the context
        worker = context.getExecutorServiceManager().newSingleThreadExecutor(this, "route-reload");
    }

    /**
     * Reads all files and follows them.
     *
     * @return the text of those of routes, in their order; the caller takes them or {@link #leaveOut leaves them out}
     */
    Map<Path, String> begin() {
        now.putAll(followed.follow(
                kamelets.getParent(), RouteFiles::isRead, changes -> worker.execute(() -> noticed(changes))));
        for (Path file : now.keySet()) {
            try {
                inForce.put(file, text(file));
            } catch (IOException | RuntimeException e) {
                leaveOut(file, e);
            }
        }
        return inForce.keySet().stream()
                .filter(RouteFiles::isRoutes)
                .sorted(RouteFiles.order(inForce::get))
                .collect(Collectors.toMap(file -> file, inForce::get, (one, same) -> one, LinkedHashMap::new));
    }

    /** A file cannot be used at the start: it is left out until it can. */
    RouteFault leaveOut(Path file, Throwable fault) {
        inForce.remove(file);
        refuse(file, fault);
        publish(Set.of());
        return found.get(file);
    }

    RouteFiles files() {
        return files;
    }

    /** Files that cannot be used, by name; what they held before goes on being used. */
    public Collection<RouteFault> faults() {
        return faults.values();
    }

    /** Files whose change is taken when a session has ended that uses what they hold. */
    public List<String> waiting() {
        return waiting.keySet().stream().map(files::relative).toList();
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
        changes.forEach((file, content) -> {
            attempts.remove(file);
            if (content.isGone()) {
                now.remove(file);
            } else {
                now.put(file, content);
            }
        });
        if (changes.keySet().stream().anyMatch(RouteFiles::isKamelet)) {
            forgetFailedAttempts();
        }
        reconcile(changes.keySet());
    }

    /** What could not be used for want of a block. */
    private void forgetFailedAttempts() {
        attempts.values().removeIf(attempt -> attempt.fault() != null);
    }

    private void reconcile(Set<Path> fresh) {
        boolean more;
        do {
            found.clear();
            blocked.clear();
            // first what routes are made of; and one that was renamed goes on under its new name, without being gone in
            // between
            more = takeKamelets();
            List<Source> wanted = wanted();
            for (Source source : wanted) {
                more |= !source.text().equals(inForce.get(source.file())) && take(source);
            }
            Set<Path> gone = new TreeSet<>(inForce.keySet());
            gone.removeIf(RouteFiles::isKamelet);
            wanted.forEach(source -> gone.remove(source.file()));
            for (Path file : gone) {
                more |= drop(file);
            }
        } while (more && !found.isEmpty());
        publish(fresh);
    }

    /** @param fresh files that have just been changed */
    private void publish(Set<Path> fresh) {
        found.forEach((file, fault) -> {
            if (fresh.contains(file) || !fault.equals(faults.get(file))) {
                failed.increment();
                LOG.error("{}; {}", fault, inForce.containsKey(file) ? FollowedFile.STAYS : FollowedFile.LEFT_OUT);
            }
        });
        faults = Collections.unmodifiableMap(new TreeMap<>(found));
        blocked.forEach((file, session) -> {
            if (!waiting.containsKey(file)) {
                LOG.info(
                        "Session {} of {} is running; the change of {} is taken when it has ended",
                        session.id(),
                        session.opName(),
                        files.relative(file));
            }
        });
        Map<Path, Long> since = new TreeMap<>();
        blocked.keySet().forEach(file -> since.put(file, waiting.getOrDefault(file, System.nanoTime())));
        waiting = since;
    }

    private void refuse(Path file, Throwable fault) {
        found.put(file, RouteFault.of(files.relative(file), content(file), fault));
    }

    private String content(Path file) {
        Content content = now.get(file);
        return content == null || content.text() == null ? "" : content.text();
    }

    private String text(Path file) throws IOException {
        Content content = now.get(file);
        if (content.fault() != null) {
            throw new IOException(content.fault());
        }
        files.checkPlace(file);
        return content.text();
    }

    /** What is to be in force, by the order of the files: of two that exclude each other the first. */
    private List<Source> wanted() {
        Map<Path, Source> asked = new HashMap<>();
        for (Path file : now.keySet()) {
            if (!RouteFiles.isKamelet(file)) {
                Source source = asked(file);
                if (source != null) {
                    asked.put(file, source);
                }
            }
        }
        keepEssential(asked);
        Claims claims = new Claims(files);
        List<Source> wanted = new ArrayList<>();
        for (Path file : asked.keySet().stream()
                .sorted(RouteFiles.order(file -> asked.get(file).text()))
                .toList()) {
            Source source = asked.get(file);
            Optional<String> taken = claims.claim(file, source.routes());
            if (taken.isPresent()) {
                refuse(file, new IllegalArgumentException(taken.get()));
                source = current(file);
            }
            if (taken.isEmpty()
                    || source != null && claims.claim(file, source.routes()).isEmpty()) {
                wanted.add(source);
            }
        }
        return wanted;
    }

    /** What a file asks for; if that cannot be used, what it asked for before. */
    private Source asked(Path file) {
        if (content(file).equals(inForce.get(file)) && now.get(file).fault() == null) {
            return current(file);
        }
        Attempt attempt = attempts.computeIfAbsent(file, this::compiled);
        if (attempt.fault() == null) {
            return new Source(file, content(file), attempt.routes());
        }
        refuse(file, attempt.fault());
        return current(file);
    }

    /** What is in force of a file; null if nothing is. */
    private Source current(Path file) {
        String text = inForce.get(file);
        return text == null ? null : new Source(file, text, running(file));
    }

    private List<Compiled> running(Path file) {
        return running().entrySet().stream()
                .filter(entry -> entry.getValue().equals(file))
                .map(Map.Entry::getKey)
                .toList();
    }

    /** The routes, and their files. */
    private Map<Compiled, Path> running() {
        Map<Compiled, Path> running = new HashMap<>();
        for (Route route : context.getRoutes()) {
            RouteDefinition definition = context.getRouteDefinition(route.getRouteId());
            if (!route.isCreatedByKamelet() && definition != null && route.getSourceResource() != null) {
                running.put(Compiled.of(definition), RouteFiles.of(route.getSourceResource()));
            }
        }
        return running;
    }

    private Attempt compiled(Path file) {
        try {
            List<RouteDefinition> routes = ScratchContext.compile(context, kamelets, Map.of(file, text(file)));
            check(file, routes);
            return new Attempt(routes.stream().map(Compiled::of).toList(), null);
        } catch (Exception | StackOverflowError e) {
            // an alias in YAML may lead to what it is in
            return new Attempt(List.of(), e);
        }
    }

    /** @throws IllegalArgumentException if routes that compile are not to be used all the same */
    void check(Path file, List<RouteDefinition> routes) {
        files.checkRoutes(file, routes.stream().map(Compiled::of).toList());
        Blocks.check(context, routes, name -> content(kamelets.resolve(name + RouteFiles.KAMELET)));
    }

    /** What no command can be taken without stays until there is another. */
    private void keepEssential(Map<Path, Source> asked) {
        for (String id : RouteFiles.ESSENTIAL) {
            boolean there = asked.values().stream()
                    .flatMap(source -> source.routes().stream())
                    .anyMatch(route -> route.id().equals(id));
            Route route = context.getRoute(id);
            if (!there && route != null) {
                Path file = RouteFiles.of(route.getSourceResource());
                asked.put(file, current(file));
                refuse(
                        file,
                        new IllegalArgumentException(
                                "without the route " + id + " no command can be taken, so it stays"));
            }
        }
    }

    private boolean takeKamelets() {
        Map<Path, String> changed = new TreeMap<>();
        Set<Path> all = new TreeSet<>(now.keySet());
        all.addAll(inForce.keySet());
        all.removeIf(file -> !RouteFiles.isKamelet(file));
        for (Path file : all) {
            try {
                String text = now.containsKey(file) ? text(file) : null;
                if (!Objects.equals(text, inForce.get(file))) {
                    changed.put(file, text);
                }
            } catch (IOException | RuntimeException e) {
                refuse(file, e);
            }
        }
        if (changed.isEmpty()) {
            return false;
        }
        try {
            // they may be about to change with it, so what they give it does not count here
            ScratchContext.compile(context, kamelets, usersOfKamelets());
            return whenFree(changed.keySet(), use::ofBlocks, () -> swapKamelets(changed));
        } catch (Exception | StackOverflowError e) {
            changed.keySet().forEach(file -> refuse(file, e));
            return false;
        }
    }

    /** Templates, and the routes and endpoints made of them, outlive a change; they are made again by what uses them. */
    private void swapKamelets(Map<Path, String> changed) {
        Map<Path, String> users = usersOfKamelets();
        Set<String> ids = users.keySet().stream()
                .flatMap(file -> running(file).stream())
                .map(Compiled::id)
                .collect(Collectors.toSet());
        swap.run(ids, () -> {
            List.copyOf(context.getRoutes()).stream()
                    .filter(Route::isCreatedByKamelet)
                    .map(Route::getRouteId)
                    .forEach(this::remove);
            List.copyOf(context.getEndpoints()).stream()
                    .filter(endpoint -> Blocks.isNamedIn(endpoint.getEndpointUri()))
                    .forEach(endpoint -> change(() -> context.removeEndpoint(endpoint)));
            change(() -> context.removeRouteTemplates("*"));
            users.forEach(this::update);
        });
        changed.forEach((file, text) -> {
            if (text == null) {
                inForce.remove(file);
            } else {
                taken(file, text);
            }
        });
        forgetFailedAttempts();
    }

    private Map<Path, String> usersOfKamelets() {
        return inForce.entrySet().stream()
                .filter(entry -> RouteFiles.isRoutes(entry.getKey()) && Blocks.isNamedIn(entry.getValue()))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    /** Replaces a file's routes, and those of others that are to give way to them. */
    private boolean take(Source source) {
        Map<Compiled, Path> replaced = running();
        replaced.entrySet()
                .removeIf(entry -> !entry.getValue().equals(source.file())
                        && source.routes().stream().noneMatch(entry.getKey()::excludes));
        Set<String> before = ids(replaced.keySet());
        Set<String> after = ids(source.routes());
        Set<String> all = new HashSet<>(before);
        all.addAll(after);
        return whenFree(Set.of(source.file()), () -> use.ofRoutes(all), () -> {
            swap.run(before, () -> {
                before.stream().filter(id -> !after.contains(id)).forEach(this::remove);
                replaced.values().stream()
                        .filter(other -> !other.equals(source.file()))
                        .forEach(inForce::remove);
                updateOrKeep(source);
            });
        });
    }

    private static Set<String> ids(Collection<Compiled> routes) {
        return routes.stream().map(Compiled::id).collect(Collectors.toSet());
    }

    private void updateOrKeep(Source source) {
        Path file = source.file();
        try {
            update(file, source.text());
            taken(file, source.text());
        } catch (RuntimeException e) {
            attempts.put(file, new Attempt(List.of(), e));
            refuse(file, e);
            if (inForce.containsKey(file)) {
                update(file, inForce.get(file));
            }
        }
    }

    private void taken(Path file, String text) {
        inForce.put(file, text);
        succeeded.increment();
        LOG.info("{} was taken", files.relative(file));
    }

    private boolean drop(Path file) {
        Set<String> ids = ids(running(file));
        return whenFree(Set.of(file), () -> use.ofRoutes(ids), () -> {
            ids.forEach(this::remove);
            inForce.remove(file);
            LOG.info("{} is used no longer, nor are its routes {}", files.relative(file), ids);
        });
    }

    /**
     * Does something now; or looks at everything again when the session has ended that uses what is about to be replaced.
     *
     * @return whether it was done
     */
    private boolean whenFree(Set<Path> changed, Supplier<Optional<LiveSession>> user, Runnable action) {
        // a session opened after the look finds out about the replacement in Operations.ready
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
            return false;
        } finally {
            swap.alone().unlock();
        }
    }

    private void lookAgain(LiveSession ended) {
        awaited.remove(ended);
        reconcile(Set.of());
    }

    private void update(Path file, String text) {
        change(() -> PluginHelper.getRoutesLoader(context).updateRoutes(List.of(RouteFiles.resource(file, text))));
    }

    private void remove(String id) {
        change(() -> {
            context.getRouteController().stopRoute(id);
            context.removeRoute(id);
        });
    }

    private static void change(ThrowingRunnable<Exception> change) {
        try {
            change.run();
        } catch (Exception e) {
            throw RuntimeCamelException.wrapRuntimeException(e);
        }
    }
}
