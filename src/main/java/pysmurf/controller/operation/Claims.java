package pysmurf.controller.operation;

import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import pysmurf.controller.operation.RouteFiles.Compiled;

/** Which file has which route ids, and which beginnings of routes: the one that claims them first. */
final class Claims {

    private final Map<String, Path> ids = new HashMap<>();
    private final Map<String, Path> beginnings = new HashMap<>();
    private final RouteFiles files;

    Claims(RouteFiles files) {
        this.files = files;
    }

    /** Claims all of a file's routes. Or none, and says why. */
    Optional<String> claim(Path file, List<Compiled> routes) {
        Optional<String> taken = routes.stream()
                .flatMap(route -> Stream.of(
                        taken("the route id " + route.id() + " is taken by ", ids.get(route.id())),
                        taken("another route begins at " + route.from() + ": ", beginnings.get(route.from()))))
                .flatMap(Optional::stream)
                .findFirst();
        if (taken.isEmpty()) {
            routes.forEach(route -> {
                ids.put(route.id(), file);
                if (!route.isTimer()) {
                    beginnings.put(route.from(), file);
                }
            });
        }
        return taken;
    }

    private Optional<String> taken(String what, Path by) {
        return Optional.ofNullable(by).map(file -> what + files.relative(file));
    }
}
