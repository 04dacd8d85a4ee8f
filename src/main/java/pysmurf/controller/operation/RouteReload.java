package pysmurf.controller.operation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apache.camel.CamelContext;
import org.apache.camel.Endpoint;
import org.apache.camel.Route;
import org.apache.camel.model.KameletDefinition;
import org.apache.camel.model.ProcessorDefinitionHelper;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.model.ToDefinition;
import org.apache.camel.spi.Resource;
import org.apache.camel.support.PluginHelper;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import pysmurf.controller.config.FollowedFile;
import pysmurf.controller.config.FollowedFiles;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Sessions;

/**
 * Follows the routes folder while the controller runs. A changed file is compiled in a context of its own first; one that does
 * not compile changes nothing and is a {@link RouteFault} until it is repaired. The routes of an operation that is running are
 * replaced when its session ends, everything else at once.
 *
 * <p>
 * In place of Camel's own reloading, which is blind to what a link leads to and to folders that are replaced, by default stops all
 * routes before it reads the changed file, and leaves out the routes of deleted files and of kamelets.
 */
public final class RouteReload {

    private static final Logger LOG = LoggerFactory.getLogger(RouteReload.class);

    /** Where routes begin that something may be in for as long as a session lasts. */
    private static final List<String> HOLDING = List.of("direct:", "platform-http:", "rest:");

    /** A step that is a building block, and its name. */
    private static final Pattern BLOCK = Pattern.compile(Operations.BLOCK + "/*([A-Za-z0-9_-]+)");

    private static final long MAX_CALL_NANOS = 100_000_000;
    private static final long LOOK_NANOS = 1_000_000;

    private final CamelContext context;
    private final FollowedFiles followed;
    private final Path folder;
    private final RouteFiles files;
    private final Sessions sessions;
    private final RouteSwap swap;
    private final ExecutorService worker;
    private final Map<Path, String> lastGood = new ConcurrentHashMap<>();
    private final Map<Path, RouteFault> faults = new ConcurrentHashMap<>();
    /** What the files hold; used by the starting thread, then by the worker alone. */
    private final Map<Path, FollowedFiles.Content> now = new TreeMap<>();
    /** Files whose change is taken when a session has ended. */
    private final Set<Path> waiting = ConcurrentHashMap.newKeySet();

    /** Files that want what another file has; used by the worker alone. */
    private final Set<Path> clashing = new HashSet<>();

    private final LongAdder succeeded = new LongAdder();
    private final LongAdder failed = new LongAdder();

    /** A file wants what another file has, which may change by itself. */
    private static final class Clash extends IllegalArgumentException {

        private static final long serialVersionUID = 1L;

        Clash(String message) {
            super(message);
        }
    }

    /**
     * @param folder the routes folder
     * @param swap   what comes while routes are replaced is handed over after that
     */
    public RouteReload(CamelContext context, FollowedFiles followed, Path folder, Sessions sessions, RouteSwap swap) {
        this.context = context;
        this.followed = followed;
        this.folder = folder;
        this.files = new RouteFiles(folder);
        this.sessions = sessions;
        this.swap = swap;
        // ends with the context
        worker = context.getExecutorServiceManager().newSingleThreadExecutor(this, "route-reload");
    }

    /**
     * Reads all files and follows them.
     *
     * @return the text of those that may be used, which the caller takes or {@link #leaveOut leaves out}
     */
    Map<Path, String> begin() {
        now.putAll(followed.follow(folder, RouteFiles::isRead, changes -> worker.execute(() -> noticed(changes))));
        for (Path file : now.keySet()) {
            try {
                lastGood.put(file, text(file));
            } catch (Exception e) {
                leaveOut(file, e);
            }
        }
        return lastGood.entrySet().stream()
                .filter(entry -> RouteFiles.isRoutes(entry.getKey()))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    RouteFiles files() {
        return files;
    }

    /** Files that cannot be used, by name; what they held before goes on being used. */
    public Collection<RouteFault> faults() {
        return new TreeMap<>(faults).values();
    }

    /** Files whose change is taken when a session has ended that uses what they hold. */
    public List<String> waiting() {
        return waiting.stream().map(files::relative).sorted().toList();
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
    RouteFault leaveOut(Path file, Throwable fault) {
        lastGood.remove(file);
        return refused(file, fault, FollowedFile.LEFT_OUT);
    }

    private void noticed(Map<Path, FollowedFiles.Content> changes) {
        changes.forEach((file, content) -> {
            if (content.isGone()) {
                now.remove(file);
            } else {
                now.put(file, content);
            }
        });
        // first what others are made of; and one that was renamed goes on under its new name, without being gone in
        // between
        changes.keySet().stream()
                .sorted(Comparator.comparing(file -> !now.containsKey(file) ? 2 : RouteFiles.isKamelet(file) ? 0 : 1))
                .forEach(this::changed);
    }

    private String text(Path file) throws IOException {
        FollowedFiles.Content content = now.get(file);
        if (content.fault() != null) {
            throw new IOException(content.fault());
        }
        files.checkPlace(file);
        return content.text();
    }

    private void changed(Path file) {
        clashing.remove(file);
        try {
            if (!now.containsKey(file)) {
                deleted(file);
                return;
            }
            String content = text(file);
            if (content.equals(lastGood.get(file)) && faults.remove(file) == null) {
                return;
            }
            if (RouteFiles.isKamelet(file)) {
                changedKamelet(file, content);
            } else {
                changedRoute(file, content);
            }
        } catch (Clash e) {
            clashing.add(file);
            refused(file, e);
        } catch (Exception | StackOverflowError e) {
            // an alias in YAML may lead to what it is in
            refused(file, e);
        }
    }

    /** What another file stood in the way of, and what is said of files that are gone. */
    private void lookAgain() {
        faults.keySet().stream().filter(file -> !now.containsKey(file)).toList().forEach(this::changed);
        List.copyOf(clashing).forEach(this::changed);
    }

    private void changedRoute(Path file, String content) throws Exception {
        List<RouteFiles.Compiled> routes = compile(Map.of(file, content));
        files.checkRoutes(file, routes);
        Set<Path> yielding = yielding(file, content, routes);
        Set<String> ids = routes.stream().map(RouteFiles.Compiled::id).collect(Collectors.toSet());
        refuseToMiss(routesOf(file).stream().filter(id -> !ids.contains(id)).toList());
        // it can be used, if only when a session has ended
        faults.remove(file);
        Set<String> replaced = new HashSet<>(ids);
        replaced.addAll(routesOf(file));
        yielding.forEach(other -> replaced.addAll(routesOf(other)));
        whenNotRunning(file, replaced, () -> {
            List<String> gone = new ArrayList<>(routesOf(file));
            yielding.forEach(other -> gone.addAll(routesOf(other)));
            Set<String> kept = new HashSet<>(gone);
            kept.retainAll(ids);
            gone.removeAll(ids);
            swap.run(kept, () -> {
                gone.forEach(this::remove);
                updateOrKeep(file, content);
            });
            yielding.forEach(lastGood::remove);
            yielding.forEach(this::changed);
            lookAgain();
        });
    }

    private void changedKamelet(Path file, String content) throws Exception {
        // its users may be about to change with it, so what they give it does not count here
        compile(kameletUsers(), routes -> {});
        faults.remove(file);
        whenNotRunning(file, null, () -> {
            Set<String> users = kameletUsers().keySet().stream()
                    .flatMap(user -> routesOf(user).stream())
                    .collect(Collectors.toSet());
            swap.run(users, () -> {
                forgetKamelets();
                kameletUsers().forEach(this::update);
            });
            taken(file, content);
            // what could not be used for want of it
            List.copyOf(faults.keySet()).forEach(this::changed);
        });
    }

    private void deleted(Path file) throws Exception {
        faults.remove(file);
        if (!lastGood.containsKey(file)) {
            return;
        }
        if (RouteFiles.isKamelet(file)) {
            lastGood.remove(file);
            // what was made of it works until it is made again: who deleted it should know before that
            compile(kameletUsers());
            return;
        }
        Set<String> ids = new HashSet<>(routesOf(file));
        refuseToMiss(ids);
        whenNotRunning(file, ids, () -> {
            lastGood.remove(file);
            ids.forEach(this::remove);
            LOG.info("{} was deleted, and with it the routes {}", files.relative(file), ids);
            lookAgain();
        });
    }

    /** What no command can be taken without stays until there is another. */
    private static void refuseToMiss(Collection<String> ids) {
        RouteFiles.ESSENTIAL.stream().filter(ids::contains).forEach(id -> {
            throw new IllegalArgumentException("without the route " + id + " no command can be taken, so it stays");
        });
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
        LOG.info("{} was taken", files.relative(file));
    }

    private void refused(Path file, Throwable e) {
        refused(file, e, lastGood.containsKey(file) ? FollowedFile.STAYS : FollowedFile.LEFT_OUT);
    }

    private RouteFault refused(Path file, Throwable e, String meanwhile) {
        RouteFault fault = RouteFault.of(files.relative(file), content(file), e);
        faults.put(file, fault);
        failed.increment();
        LOG.error("{}; {}", fault, meanwhile);
        return fault;
    }

    private String content(Path file) {
        FollowedFiles.Content content = now.get(file);
        return content == null || content.text() == null ? "" : content.text();
    }

    private void update(Path file, String content) {
        try {
            PluginHelper.getRoutesLoader(context).updateRoutes(List.of(RouteFiles.resource(file, content)));
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private List<RouteFiles.Compiled> compile(Map<Path, String> texts) throws Exception {
        return compile(texts, this::checkBlocks);
    }

    private List<RouteFiles.Compiled> compile(Map<Path, String> texts, Consumer<Collection<RouteDefinition>> check)
            throws Exception {
        List<Resource> resources = texts.entrySet().stream()
                .map(entry -> RouteFiles.resource(entry.getKey(), entry.getValue()))
                .toList();
        return new ScratchContext(context, "file:" + folder.resolve("kamelets")).compile(resources, check);
    }

    /**
     * The engine takes a parameter that a block does not have, and forgets it.
     *
     * @throws IllegalArgumentException if a step gives one
     */
    void checkBlocks(Collection<RouteDefinition> routes) {
        for (RouteDefinition route : routes) {
            ProcessorDefinitionHelper.filterTypeInOutputs(route.getOutputs(), ToDefinition.class)
                    .forEach(step -> checkBlock(step.getUri()));
            ProcessorDefinitionHelper.filterTypeInOutputs(route.getOutputs(), KameletDefinition.class)
                    .forEach(step -> checkBlock(Operations.BLOCK + step.getName()));
        }
    }

    private void checkBlock(String uri) {
        Matcher block = BLOCK.matcher(uri);
        String text = block.lookingAt()
                ? content(folder.resolve("kamelets").resolve(block.group(1) + RouteFiles.KAMELET))
                : "";
        if (text.isEmpty()) {
            return;
        }
        Set<String> known = new TreeSet<>();
        try {
            Object tree = new Load(LoadSettings.builder().build()).loadFromString(text);
            Json.tree(tree).at("/spec/definition/properties").fieldNames().forEachRemaining(known::add);
        } catch (YamlEngineException e) {
            LOG.debug("{} is broken, which the engine finds out for itself", uri, e);
            return;
        }
        Set<String> given = new TreeSet<>(Operations.parameters(uri).keySet());
        given.removeAll(known);
        // what is the engine's own, such as bridgeErrorHandler
        given.removeAll(context.getCamelContextExtension()
                .getEndpointUriFactory("kamelet")
                .propertyNames());
        if (!given.isEmpty()) {
            throw new IllegalArgumentException("the block kamelet:" + block.group(1) + " has no parameter "
                    + String.join(", ", given) + "; it has "
                    + (known.isEmpty() ? "none" : String.join(", ", known)));
        }
    }

    /**
     * What a context of its own cannot see: whether others have the same id or begin at the same place.
     *
     * @return       files that have it, and come behind
     * @throws Clash if one has it that comes first
     */
    private Set<Path> yielding(Path file, String content, List<RouteFiles.Compiled> routes) {
        if (routes.isEmpty() && !lastGood.containsKey(file)) {
            LOG.info("{} holds no route", files.relative(file));
        }
        Set<Path> yielding = new HashSet<>();
        for (RouteFiles.Compiled route : routes) {
            for (Route other : context.getRoutes()) {
                boolean sameId = other.getRouteId().equals(route.id());
                boolean sameBeginning = other.getEndpoint().getEndpointUri().equals(route.from())
                        && !route.from().startsWith("timer:");
                Path owner = RouteFiles.of(other);
                if (!sameId && !sameBeginning || file.equals(owner) || sameId && isLeaving(other)) {
                    continue;
                }
                if (owner != null && files.comesFirst(file, content, owner, content(owner))) {
                    yielding.add(owner);
                    continue;
                }
                String source = owner == null ? other.getRouteId() : files.relative(owner);
                throw new Clash(
                        sameId
                                ? "the route id " + route.id() + " is taken by " + source
                                : "another route begins at " + route.from() + ": " + source);
            }
        }
        return yielding;
    }

    /** Whether the file that a route came from is gone, or does not define it any more, and will be looked at for that. */
    private boolean isLeaving(Route route) {
        Path file = RouteFiles.of(route);
        if (file == null || !now.containsKey(file)) {
            return file != null;
        }
        String content = content(file);
        if (content.equals(lastGood.get(file))) {
            return false;
        }
        try {
            return compile(Map.of(file, text(file))).stream()
                    .noneMatch(defined -> defined.id().equals(route.getRouteId()));
        } catch (Exception e) {
            LOG.debug("{} cannot be used, so its routes stay", files.relative(file), e);
            return false;
        }
    }

    /**
     * Does something now; or looks at the file again when the session has ended that uses what is about to be replaced.
     *
     * @param ids the routes about to be replaced; null for all
     */
    private void whenNotRunning(Path file, Set<String> ids, Runnable action) {
        // a session opened after the look finds out about the replacement in Operations.ready
        swap.alone().lock();
        try {
            Optional<LiveSession> user = user(ids);
            if (user.isEmpty()) {
                action.run();
            } else if (waiting.add(file)) {
                lookAgainAfter(user.get(), file);
            }
        } finally {
            swap.alone().unlock();
        }
    }

    /** A session that uses one of these routes; null is all, which an abort does without. */
    private Optional<LiveSession> user(Set<String> ids) {
        List<LiveSession> open = sessions.unfinished();
        return open.stream()
                .filter(session -> ids == null ? session.victim() == null : ids.contains(session.opName()))
                .findFirst()
                .or(() -> ids == null
                        ? Optional.empty()
                        : open.stream().findFirst().filter(any -> ids.stream().anyMatch(this::isInUse)));
    }

    private void lookAgainAfter(LiveSession user, Path file) {
        LOG.info(
                "Session {} of {} is running; the change of {} is taken when it has ended",
                user.id(),
                user.opName(),
                files.relative(file));
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
        Route route = context.getRoute(id);
        if (route == null || HOLDING.stream().noneMatch(route.getEndpoint().getEndpointUri()::startsWith)) {
            return false;
        }
        long deadline = System.nanoTime() + MAX_CALL_NANOS;
        while (context.getInflightRepository().size(id) > 0) {
            if (System.nanoTime() > deadline) {
                return true;
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        return false;
    }

    private List<String> routesOf(Path file) {
        return context.getRoutes().stream()
                .filter(route -> !route.isCreatedByKamelet() && file.equals(RouteFiles.of(route)))
                .map(Route::getRouteId)
                .toList();
    }

    private void remove(String id) {
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
                .filter(entry -> RouteFiles.isRoutes(entry.getKey()))
                .filter(entry -> entry.getValue().contains("kamelet:"))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    /** Templates, and the routes and endpoints made of them, outlive a change; they are made again by what uses them. */
    private void forgetKamelets() {
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
}
