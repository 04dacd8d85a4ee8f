package pysmurf.controller.operation;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.camel.CamelContext;
import org.apache.camel.Route;
import org.apache.camel.model.RouteDefinition;
import pysmurf.controller.config.FollowedFiles.Content;
import pysmurf.controller.operation.RouteFiles.Compiled;

/**
 * What the files of routes and kamelets ask for, which of it is in force, and what is wrong with the rest. Used by the starting
 * thread, then by one other alone.
 */
final class RouteSources {

    /** What a file of routes asks for. */
    record Source(Path file, String text, List<Compiled> routes) {}

    /** What came of compiling a file. */
    private record Attempt(List<Compiled> routes, Throwable fault) {}

    private final CamelContext context;
    private final RunningRoutes running;
    private final Path kamelets;
    private final RouteFiles files;
    private final Map<Path, Content> now = new TreeMap<>();
    private final Map<Path, String> inForce = new TreeMap<>();
    private final Map<Path, Attempt> attempts = new HashMap<>();
    private final Map<Path, RouteFault> faults = new TreeMap<>();
    /** Of blocks, by their names; read out of a file once. */
    private final Map<String, Optional<Set<String>>> parameters = new HashMap<>();

    /** @param folder the routes folder */
    RouteSources(CamelContext context, RunningRoutes running, Path folder) {
        this.context = context;
        this.running = running;
        this.files = new RouteFiles(folder);
        this.kamelets = folder.resolve("kamelets");
    }

    RouteFiles files() {
        return files;
    }

    /**
     * Takes all files for the first time.
     *
     * @return the text of those of routes, in their order; the caller takes them or {@link #leaveOut leaves them out}
     */
    Map<Path, String> begin(Map<Path, Content> all) {
        now.putAll(all);
        for (Path file : now.keySet()) {
            try {
                inForce.put(file, text(file));
            } catch (IOException | RuntimeException e) {
                refuse(file, e);
            }
        }
        return inForce.keySet().stream()
                .filter(RouteFiles::isRoutes)
                .sorted(RouteFiles.order(inForce::get))
                .collect(Collectors.toMap(file -> file, inForce::get, (one, same) -> one, LinkedHashMap::new));
    }

    /** A file cannot be used at the start: it is left out until it can. */
    void leaveOut(Path file, Throwable fault) {
        inForce.remove(file);
        refuse(file, fault);
    }

    void noticed(Map<Path, Content> changes) {
        changes.forEach((file, content) -> {
            attempts.remove(file);
            if (content.isGone()) {
                now.remove(file);
            } else {
                now.put(file, content);
            }
        });
        if (changes.keySet().stream().anyMatch(RouteFiles::isKamelet)) {
            parameters.clear();
            tryAgain();
        }
    }

    /** What could not be used for want of a block is tried again. */
    void tryAgain() {
        attempts.values().removeIf(attempt -> attempt.fault() != null);
    }

    /** What {@link #wanted} and {@link #changedKamelets} found to be wrong since this was last cleared. */
    Map<Path, RouteFault> faults() {
        return faults;
    }

    /** A file cannot be used. */
    void refuse(Path file, Throwable fault) {
        faults.put(file, RouteFault.of(files.relative(file), content(file), fault));
    }

    /** A file compiles, and cannot be used all the same. */
    void refuseStart(Path file, RuntimeException fault) {
        attempts.put(file, new Attempt(List.of(), fault));
        refuse(file, fault);
    }

    /** The files that are in force, and their texts. */
    Map<Path, String> inForce() {
        return inForce;
    }

    /** The text in force of the files that use kamelets. */
    Map<Path, String> kameletUsers() {
        return inForce.entrySet().stream()
                .filter(entry -> RouteFiles.isRoutes(entry.getKey()) && Blocks.isNamedIn(entry.getValue()))
                .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
    }

    /** The kamelets that differ from those in force, if what uses them compiles with them; null for one that is gone. */
    Map<Path, String> changedKamelets() {
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
            return changed;
        }
        try {
            // they may be about to change with it, so what they give it does not count here
            ScratchContext.compile(context, kamelets, kameletUsers());
            return changed;
        } catch (Exception | StackOverflowError e) {
            changed.keySet().forEach(file -> refuse(file, e));
            return Map.of();
        }
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
    List<Source> wanted() {
        Map<Path, Source> asked = new HashMap<>();
        for (Path file : now.keySet()) {
            if (!RouteFiles.isKamelet(file)) {
                asked(file).ifPresent(source -> asked.put(file, source));
            }
        }
        keepEssential(asked);
        Map<Compiled, Path> taken = new HashMap<>();
        List<Source> wanted = new ArrayList<>();
        asked.keySet().stream()
                .sorted(RouteFiles.order(file -> asked.get(file).text()))
                .forEach(file -> claim(taken, asked.get(file))
                        .or(() -> current(file).flatMap(before -> claim(taken, before)))
                        .ifPresent(wanted::add));
        return wanted;
    }

    private Optional<Source> claim(Map<Compiled, Path> taken, Source source) {
        Optional<String> rival = files.rival(taken, source.routes());
        rival.ifPresent(why -> refuse(source.file(), new IllegalArgumentException(why)));
        if (rival.isPresent()) {
            return Optional.empty();
        }
        source.routes().forEach(route -> taken.put(route, source.file()));
        return Optional.of(source);
    }

    /** What a file asks for; if that cannot be used, what it asked for before. */
    private Optional<Source> asked(Path file) {
        if (content(file).equals(inForce.get(file)) && now.get(file).fault() == null) {
            return current(file);
        }
        Attempt attempt = attempts.computeIfAbsent(file, this::compiled);
        if (attempt.fault() == null) {
            return Optional.of(new Source(file, content(file), attempt.routes()));
        }
        refuse(file, attempt.fault());
        return current(file);
    }

    /** What is in force of a file, if anything is. */
    private Optional<Source> current(Path file) {
        return Optional.ofNullable(inForce.get(file)).map(text -> new Source(file, text, running.of(file)));
    }

    private Attempt compiled(Path file) {
        try {
            List<RouteDefinition> routes = ScratchContext.compile(context, kamelets, Map.of(file, text(file)));
            return new Attempt(checked(file, routes, Map.of()), null);
        } catch (Exception | StackOverflowError e) {
            // an alias in YAML may lead to what it is in
            return new Attempt(List.of(), e);
        }
    }

    /**
     * @param  others                   routes that come first
     * @throws IllegalArgumentException if routes that compile are not to be used all the same
     */
    List<Compiled> checked(Path file, List<RouteDefinition> definitions, Map<Compiled, Path> others) {
        List<Compiled> routes = definitions.stream().map(Compiled::of).toList();
        files.checkRoutes(file, routes);
        Blocks.check(context, definitions, this::parameters);
        files.rival(others, routes).ifPresent(why -> {
            throw new IllegalArgumentException(why);
        });
        return routes;
    }

    private Optional<Set<String>> parameters(String block) {
        return parameters.computeIfAbsent(
                block, name -> Blocks.known(content(kamelets.resolve(name + RouteFiles.KAMELET))));
    }

    /** What no command can be taken without stays until there is another. */
    private void keepEssential(Map<Path, Source> asked) {
        for (String id : RouteFiles.ESSENTIAL) {
            boolean there = asked.values().stream()
                    .flatMap(source -> source.routes().stream())
                    .anyMatch(route -> route.id().equals(id));
            Route route = context.getRoute(id);
            if (!there && route != null) {
                Path file = RouteFiles.of(route);
                current(file).ifPresent(before -> asked.put(file, before));
                refuse(
                        file,
                        new IllegalArgumentException(
                                "without the route " + id + " no command can be taken, so it stays"));
            }
        }
    }
}
