package pysmurf.controller.operation;

import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.apache.camel.Route;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.spi.Resource;
import org.apache.camel.support.ResourceHelper;

/**
 * What is read where below the routes folder, at the start and later alike: routes from {@code NAME.camel.yaml} anywhere,
 * operations from {@code operations} alone, kamelets from {@code kamelets/NAME.kamelet.yaml} alone; nothing from what
 * {@link pysmurf.controller.config.FollowedFiles} passes over. Of two files that want the same the one has it that comes first
 * by {@link #order}.
 *
 * @param folder the routes folder
 */
record RouteFiles(Path folder) implements Predicate<Path> {

    static final String ROUTE = ".camel.yaml";
    static final String KAMELET = ".kamelet.yaml";

    /** The routes that every command goes through. */
    static final List<String> ESSENTIAL = List.of("command", "operation", "audit");

    private static final String OPERATION = "direct://operation-";
    /** Other names are no topics, and the route engine takes what is behind the first dot for the kind of a file. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]+");

    /** A route as far as it matters to others: its id and where it begins. */
    record Compiled(String id, String from) {

        static Compiled of(RouteDefinition route) {
            return new Compiled(
                    route.getRouteId(), route.getInput().getEndpointUri().replaceFirst("^direct:/*", "direct://"));
        }

        boolean isTimer() {
            return from.startsWith("timer:");
        }

        /** Whether only one of two can be there. */
        boolean excludes(Compiled other) {
            return id.equals(other.id) || from.equals(other.from) && !isTimer();
        }
    }

    /** Whether a file is one of routes or kamelets. What the process reads itself is not for its controllers. */
    @Override
    public boolean test(Path file) {
        return (isRoutes(file) || isKamelet(file)) && !file.startsWith(folder.resolve("process"));
    }

    static boolean isRoutes(Path file) {
        return file.toString().endsWith(ROUTE);
    }

    static boolean isKamelet(Path file) {
        return file.toString().endsWith(KAMELET);
    }

    /** Where an operation's route begins. */
    static String beginning(String operation) {
        return OPERATION + operation;
    }

    /** The file that a route came from; null if from none. */
    static Path of(Route route) {
        return route.getSourceResource() == null ? null : of(route.getSourceResource());
    }

    static Path of(Resource resource) {
        return Path.of(resource.getLocation().replaceFirst("^file:", ""));
    }

    static Resource resource(Path file, String text) {
        return ResourceHelper.fromString("file:" + file, text);
    }

    String relative(Path file) {
        return file.equals(folder) ? file.toString() : folder.relativize(file).toString();
    }

    /** @throws IllegalArgumentException if a file of this name is not used there */
    void checkPlace(Path file) {
        if (!NAME.matcher(name(file)).matches()) {
            throw new IllegalArgumentException(
                    "the name of a file is letters, digits, '-' and '_' before " + (isKamelet(file) ? KAMELET : ROUTE));
        }
        if (isKamelet(file) && !file.getParent().equals(folder.resolve("kamelets"))) {
            throw new IllegalArgumentException("kamelets are read from the folder kamelets alone");
        }
    }

    /** @throws IllegalArgumentException if routes like these are not used from that file */
    void checkRoutes(Path file, List<Compiled> routes) {
        if (!file.startsWith(folder.resolve("operations"))) {
            routes.stream().filter(route -> route.from().startsWith(OPERATION)).forEach(route -> {
                throw new IllegalArgumentException(
                        "operations are read from the folder operations alone, and the route id " + route.id()
                                + " is one");
            });
            return;
        }
        String name = name(file);
        if (!routes.equals(List.of(new Compiled(name, beginning(name))))) {
            String found = routes.isEmpty()
                    ? "none is there"
                    : "the route id " + routes.get(0).id() + " is there";
            throw new IllegalArgumentException("an operation's file holds one route, here with the id " + name
                    + " and from direct:operation-" + name + "; " + found);
        }
    }

    /** Which of others' routes, if any, keeps a file's own from being there, too. */
    Optional<String> rival(Map<Compiled, Path> others, List<Compiled> own) {
        return others.entrySet().stream()
                .filter(other -> own.stream().anyMatch(other.getKey()::excludes))
                .map(other -> {
                    String id = other.getKey().id();
                    boolean sameId = own.stream().anyMatch(route -> route.id().equals(id));
                    return (sameId
                                    ? "the route id " + id + " is taken by "
                                    : "another route begins at "
                                            + other.getKey().from() + ": ")
                            + relative(other.getValue());
                })
                .findFirst();
    }

    /**
     * Of two files that want the same the first has it: the one that all commands need, else the one that is named after its route,
     * else the one nearer to the routes folder, else the first by its path.
     */
    static Comparator<Path> order(Function<Path, String> text) {
        return Comparator.comparingInt((Path file) -> rank(file, text.apply(file)))
                .thenComparing(Path::getNameCount)
                .thenComparing(Comparator.naturalOrder());
    }

    private static int rank(Path file, String text) {
        String name = name(file);
        if (ESSENTIAL.contains(name)) {
            return 0;
        }
        return text.contains("id: " + name + "\n") ? 1 : 2;
    }

    private static String name(Path file) {
        String name = file.getFileName().toString();
        return name.substring(0, name.length() - (isKamelet(file) ? KAMELET : ROUTE).length());
    }
}
