package pysmurf.controller.routing;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.Endpoint;
import org.apache.camel.Route;
import org.apache.camel.spi.Resource;
import org.apache.camel.support.FileWatcherResourceReloadStrategy;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.Sessions;

/**
 * Follows the routes folder while the controller runs. A changed file is compiled in a context of its own first; one that does
 * not compile changes nothing and is a {@link RouteFault} until it is repaired. The routes of an operation that is running are
 * replaced when its session ends, everything else at once.
 *
 * <p>
 * In place of Camel's own reloading, which by default stops all routes before it reads the changed file, and leaves out the
 * routes of deleted files and of kamelets. Thread-safe.
 */
public final class RouteReload extends FileWatcherResourceReloadStrategy {

    private static final Logger LOG = LoggerFactory.getLogger(RouteReload.class);

    private static final String ROUTE_FILE = ".camel.yaml";
    private static final String KAMELET_FILE = ".kamelet.yaml";
    private static final long LOOK_EVERY_MS = 500;
    /** An editor writes a file in several steps; it is read when nothing has happened to it for this long. */
    private static final long SETTLE_MS = 200;

    /** MQTT 5 and 3.1.1 alike. */
    private static final String BROKER = "paho";

    /** Where routes begin that something may be in for as long as a session lasts. */
    private static final List<String> HOLDING = List.of("direct:", "platform-http:");

    private static final long LONGEST_CALL_NANOS = 100_000_000;
    private static final long LOOK_NANOS = 1_000_000;

    private final Path folder;
    private final Sessions sessions;
    private final Properties properties;
    private final Replacement replacement;
    private final Map<Path, String> lastGood = new ConcurrentHashMap<>();
    private final Map<Path, RouteFault> faults = new ConcurrentHashMap<>();
    private final Map<Path, Future<?>> pending = new HashMap<>();
    /** Files whose change is taken when a session has ended; used by the worker alone. */
    private final Set<Path> waiting = new HashSet<>();

    /** Files that want what another file has; used by the worker alone. */
    private final Set<Path> clashing = new HashSet<>();

    private final LongAdder succeeded = new LongAdder();
    private final LongAdder failed = new LongAdder();
    private ScheduledExecutorService worker;

    /** A file wants what another file has, which may change by itself. */
    private static final class Clash extends IllegalArgumentException {

        private static final long serialVersionUID = 1L;

        Clash(String message) {
            super(message);
        }
    }

    /**
     * @param folder      the routes folder
     * @param properties  the placeholders routes may use
     * @param replacement what comes while routes are replaced is handed over after that
     */
    public RouteReload(Path folder, Sessions sessions, Properties properties, Replacement replacement) {
        super(folder.toString(), true);
        this.replacement = replacement;
        this.folder = folder;
        this.sessions = sessions;
        this.properties = properties;
        setPollTimeout(LOOK_EVERY_MS);
        setFileFilter(RouteReload::isRouteOrKamelet);
        setResourceReload((name, resource) -> noticed(Path.of(name)));
    }

    private static boolean isRouteOrKamelet(File file) {
        return file.getName().endsWith(ROUTE_FILE) || file.getName().endsWith(KAMELET_FILE);
    }

    @Override
    protected void doStart() throws Exception {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file :
                    files.filter(path -> isRouteOrKamelet(path.toFile())).toList()) {
                lastGood.put(file, Files.readString(file));
            }
        }
        worker = getCamelContext().getExecutorServiceManager().newSingleThreadScheduledExecutor(this, "route-reload");
        super.doStart();
    }

    @Override
    protected void doStop() throws Exception {
        super.doStop();
        getCamelContext().getExecutorServiceManager().shutdownNow(worker);
    }

    /** Files that cannot be used, by name; what they held before goes on being used. */
    public Collection<RouteFault> faults() {
        return new TreeMap<>(faults).values();
    }

    /** Files taken since the start. */
    public long succeeded() {
        return succeeded.sum();
    }

    /** Files refused since the start. */
    public long failed() {
        return failed.sum();
    }

    /**
     * A file cannot be used at the start: it is left out until it is changed.
     *
     * @param fault what is wrong with it
     */
    RouteFault leaveOut(Path file, Exception fault) {
        lastGood.remove(file);
        return refused(file, fault, "it is left out");
    }

    private synchronized void noticed(Path file) {
        Future<?> earlier = pending.put(file, worker.schedule(() -> changed(file), SETTLE_MS, TimeUnit.MILLISECONDS));
        if (earlier != null) {
            earlier.cancel(false);
        }
    }

    private void changed(Path file) {
        clashing.remove(file);
        try {
            if (!Files.exists(file)) {
                deleted(file);
                return;
            }
            String content = Files.readString(file);
            if (content.equals(lastGood.get(file)) && faults.remove(file) == null) {
                return;
            }
            if (file.toString().endsWith(KAMELET_FILE)) {
                changedKamelet(file, content);
            } else {
                changedRoute(file, content);
            }
        } catch (Clash e) {
            clashing.add(file);
            refused(file, e);
        } catch (Exception e) {
            refused(file, e);
        }
    }

    private void lookAtClashes() {
        List.copyOf(clashing).forEach(this::changed);
    }

    private void changedRoute(Path file, String content) throws Exception {
        List<ScratchContext.Compiled> routes = compile(List.of(resource(file, content)));
        check(file, routes);
        // it can be used, if only when a session has ended
        faults.remove(file);
        Set<String> ids = routes.stream().map(ScratchContext.Compiled::id).collect(Collectors.toSet());
        Set<String> replaced = new HashSet<>(routesOf(file));
        replaced.addAll(ids);
        whenNotRunning(file, replaced, () -> {
            List<String> gone = new ArrayList<>(routesOf(file));
            Set<String> kept = new HashSet<>(gone);
            kept.retainAll(ids);
            gone.removeAll(ids);
            replacement.run(kept, () -> {
                gone.forEach(this::remove);
                updateOrKeep(file, content);
            });
            lookAtClashes();
        });
    }

    private void changedKamelet(Path file, String content) throws Exception {
        compile(kameletUsers().entrySet().stream()
                .map(entry -> resource(entry.getKey(), entry.getValue()))
                .toList());
        faults.remove(file);
        whenNotRunning(file, null, () -> {
            Set<String> users = kameletUsers().keySet().stream()
                    .flatMap(user -> routesOf(user).stream())
                    .collect(Collectors.toSet());
            replacement.run(users, () -> {
                forgetKamelets();
                kameletUsers().forEach(this::update);
            });
            taken(file, content);
            // what could not be used for want of it
            List.copyOf(faults.keySet()).stream()
                    .filter(faulty -> faulty.toString().endsWith(ROUTE_FILE))
                    .forEach(this::changed);
        });
    }

    private void deleted(Path file) throws Exception {
        faults.remove(file);
        if (!lastGood.containsKey(file)) {
            return;
        }
        if (file.toString().endsWith(KAMELET_FILE)) {
            lastGood.remove(file);
            // what was made of it works until it is made anew: whoever deleted it should know before that
            compile(kameletUsers().entrySet().stream()
                    .map(entry -> resource(entry.getKey(), entry.getValue()))
                    .toList());
            return;
        }
        // one that was renamed goes on under its new name, without being gone in between
        newFiles().forEach(this::changed);
        Set<String> ids = new HashSet<>(routesOf(file));
        whenNotRunning(file, ids, () -> {
            lastGood.remove(file);
            ids.forEach(this::remove);
            LOG.info("{} was deleted, and with it the routes {}", relative(file), ids);
            lookAtClashes();
        });
    }

    private List<Path> newFiles() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(ROUTE_FILE))
                    .filter(file -> !lastGood.containsKey(file) && !faults.containsKey(file))
                    .toList();
        }
    }

    private void updateOrKeep(Path file, String content) {
        String before = lastGood.get(file);
        try {
            update(file, content);
            taken(file, content);
        } catch (RuntimeException e) {
            refused(file, e);
            if (before != null) {
                update(file, before);
            }
        }
    }

    private void taken(Path file, String content) {
        lastGood.put(file, content);
        faults.remove(file);
        succeeded.increment();
        LOG.info("{} was taken", relative(file));
    }

    private void refused(Path file, Exception e) {
        refused(file, e, "what was there before stays");
    }

    private RouteFault refused(Path file, Exception e, String meanwhile) {
        RouteFault fault = RouteFault.of(relative(file), content(file), e);
        faults.put(file, fault);
        failed.increment();
        LOG.error("{}; {}", fault, meanwhile);
        return fault;
    }

    private static String content(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            LOG.debug("{} cannot be looked at", file, e);
            return "";
        }
    }

    private void update(Path file, String content) {
        try {
            PluginHelper.getRoutesLoader(getCamelContext()).updateRoutes(List.of(resource(file, content)));
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private List<ScratchContext.Compiled> compile(List<Resource> resources) throws Exception {
        return new ScratchContext(getCamelContext(), properties, "file:" + folder.resolve("kamelets"))
                .compile(resources);
    }

    /** What a context of its own cannot see: whether others have the same id or begin at the same place. */
    private void check(Path file, List<ScratchContext.Compiled> routes) {
        if (routes.isEmpty() && !lastGood.containsKey(file)) {
            LOG.info("{} holds no route", relative(file));
        }
        Set<String> own = new HashSet<>(routesOf(file));
        for (ScratchContext.Compiled route : routes) {
            Route same = getCamelContext().getRoute(route.id());
            if (same != null && !own.contains(route.id()) && !isLeaving(same)) {
                throw new Clash("the route id " + route.id() + " is taken by " + source(same));
            }
            for (Route other : getCamelContext().getRoutes()) {
                if (!own.contains(other.getRouteId())
                        && other != same
                        && route.from().equals(other.getEndpoint().getEndpointUri())
                        && !route.from().startsWith("timer:")) {
                    throw new Clash("another route begins at " + route.from() + ": " + source(other));
                }
            }
        }
        if (file.getParent().equals(folder.resolve("operations"))) {
            String name = file.getFileName().toString().replace(ROUTE_FILE, "");
            if (routes.size() != 1
                    || !routes.get(0).equals(new ScratchContext.Compiled(name, "direct://operation-" + name))) {
                throw new IllegalArgumentException("an operation's file holds one route, here with the id " + name
                        + " and from direct:operation-" + name);
            }
        }
    }

    /** Whether the file that a route came from is gone, or does not define it any more, and will be looked at for that. */
    private boolean isLeaving(Route route) {
        if (route.getSourceResource() == null) {
            return false;
        }
        Path file = Path.of(path(route.getSourceResource()));
        String content = content(file);
        if (content.equals(lastGood.get(file))) {
            return false;
        }
        try {
            return !Files.exists(file)
                    || compile(List.of(resource(file, content))).stream()
                            .noneMatch(defined -> defined.id().equals(route.getRouteId()));
        } catch (Exception e) {
            LOG.debug("{} cannot be used, so its routes stay", relative(file), e);
            return false;
        }
    }

    private static String source(Route route) {
        return route.getSourceLocationShort() == null ? route.getRouteId() : route.getSourceLocationShort();
    }

    /**
     * Does something now; or looks at the file again when the session has ended that uses what is about to be replaced.
     *
     * @param ids the routes about to be replaced; null for all
     */
    private void whenNotRunning(Path file, Set<String> ids, Runnable action) {
        // a session opened after the look finds out about the replacement in Operations.ready
        replacement.alone().lock();
        try {
            Optional<Session> user = sessions.holder()
                    .filter(session -> ids == null
                            || ids.contains(session.opName())
                            || ids.stream().anyMatch(this::isInUse));
            if (user.isEmpty()) {
                undelivered(ids, action);
            } else if (waiting.add(file)) {
                lookAgainAfter(user.get(), file);
            }
        } finally {
            replacement.alone().unlock();
        }
    }

    private void undelivered(Set<String> ids, Runnable action) {
        if (ids == null || ids.stream().noneMatch(this::isFromBroker)) {
            action.run();
            return;
        }
        replacement.undelivered().lock();
        try {
            action.run();
        } finally {
            replacement.undelivered().unlock();
        }
    }

    private boolean isFromBroker(String id) {
        Route route = getCamelContext().getRoute(id);
        return route != null && route.getEndpoint().getEndpointUri().startsWith(BROKER);
    }

    private void lookAgainAfter(Session user, Path file) {
        LOG.info(
                "Session {} of {} is running; the change of {} is taken when it has ended",
                user.id(),
                user.opName(),
                relative(file));
        user.ended()
                .thenRunAsync(
                        () -> {
                            waiting.remove(file);
                            changed(file);
                        },
                        worker);
    }

    /**
     * Whether a session may be on its way through a route, or a client wait in it for one to end, which replacing it would break
     * off. Operations are called, never fed from outside; other calls and requests are over in a moment.
     */
    private boolean isInUse(String id) {
        Route route = getCamelContext().getRoute(id);
        if (route == null || HOLDING.stream().noneMatch(route.getEndpoint().getEndpointUri()::startsWith)) {
            return false;
        }
        long deadline = System.nanoTime() + LONGEST_CALL_NANOS;
        while (getCamelContext().getInflightRepository().size(id) > 0) {
            if (System.nanoTime() > deadline) {
                return true;
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        return false;
    }

    private List<String> routesOf(Path file) {
        return getCamelContext().getRoutes().stream()
                .filter(route -> !route.isCreatedByKamelet())
                .filter(route ->
                        route.getSourceResource() != null && file.toString().equals(path(route.getSourceResource())))
                .map(Route::getRouteId)
                .toList();
    }

    private static String path(Resource resource) {
        return resource.getLocation().replaceFirst("^file:", "");
    }

    private void remove(String id) {
        CamelContext context = getCamelContext();
        try {
            context.getRouteController().stopRoute(id);
            context.removeRoute(id);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** The route files that use kamelets. */
    private Map<Path, String> kameletUsers() {
        return lastGood.entrySet().stream()
                .filter(entry -> entry.getKey().toString().endsWith(ROUTE_FILE))
                .filter(entry -> entry.getValue().contains("kamelet:"))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    /** Templates, and the routes and endpoints made of them, outlive a change; they are made anew by whoever uses them. */
    private void forgetKamelets() {
        CamelContext context = getCamelContext();
        try {
            List<String> made = new ArrayList<>();
            for (Route route : context.getRoutes()) {
                if (route.isCreatedByKamelet()) {
                    made.add(route.getRouteId());
                }
            }
            made.forEach(this::remove);
            for (Endpoint endpoint : List.copyOf(context.getEndpoints())) {
                if (endpoint.getEndpointUri().startsWith("kamelet:")) {
                    context.removeEndpoint(endpoint);
                }
            }
            context.removeRouteTemplates("*");
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private static Resource resource(Path file, String content) {
        return ResourceHelper.fromString("file:" + file, content);
    }

    private String relative(Path file) {
        return folder.relativize(file).toString();
    }
}
