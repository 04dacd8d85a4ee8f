package pysmurf.controller.routing;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.camel.RouteConfigurationsBuilder;
import org.apache.camel.RoutesBuilder;
import org.apache.camel.VetoCamelContextStartException;
import org.apache.camel.component.kamelet.KameletComponent;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.spi.LifecycleStrategy;
import org.apache.camel.spi.Resource;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.ResourceHelper;

/**
 * The Camel context of a controller. At the start a route file that cannot be used is left out, where Camel would not start at
 * all: only without the routes that every command goes through there is nothing to start. Used by the starting thread.
 */
public final class RoutesContext extends DefaultCamelContext {

    private static final String ROUTE_FILE = ".camel.yaml";

    /** The routes that every command goes through. */
    private static final List<String> ESSENTIAL = List.of("command", "operation");

    private final Map<String, Path> fileOfId = new HashMap<>();
    private final Map<String, Path> fileOfBeginning = new HashMap<>();
    private final Map<String, String> whyWithout = new HashMap<>();
    private Path folder;
    private RouteReload reload;

    public RoutesContext() {
        // the application does that when it is configured
        super(false);
        setShutdownStrategy(new PromptStop());
    }

    /**
     * Loads the route files of a folder, before the start.
     *
     * @param  routes      the folder
     * @param  watch       is told of the files that are left out
     * @throws IOException if the folder cannot be read
     */
    public void load(Path routes, RouteReload watch) throws IOException {
        folder = routes;
        reload = watch;
        Map<Path, RoutesBuilder> builders = new HashMap<>();
        List<Path> files;
        try (Stream<Path> walk = Files.walk(folder)) {
            files = walk.filter(path -> path.toString().endsWith(ROUTE_FILE))
                    .sorted(Comparator.comparing(RoutesContext::rank).thenComparing(Comparator.naturalOrder()))
                    .toList();
        }
        // what is said of errors has to be there before the first route that they happen in
        for (Path file : files) {
            try {
                for (RoutesBuilder builder : PluginHelper.getRoutesLoader(this)
                        .findRoutesBuilders(ResourceHelper.fromString("file:" + file, Files.readString(file)))) {
                    if (builder instanceof RouteConfigurationsBuilder configurations) {
                        configurations.addRouteConfigurationsToCamelContext(this);
                    }
                    builders.put(file, builder);
                }
            } catch (Exception e) {
                leaveOut(file, e);
            }
        }
        for (Path file : files) {
            if (builders.containsKey(file)) {
                add(file, builders.get(file));
            }
        }
    }

    /** Where two files want the same, the one that is left out should not be the one that all commands need. */
    private static int rank(Path file) {
        String name = file.getFileName().toString().replace(ROUTE_FILE, "");
        if (ESSENTIAL.contains(name)) {
            return 0;
        }
        try {
            // by convention a file is named after its route
            return Files.readString(file).contains("id: " + name + "\n") ? 1 : 2;
        } catch (IOException e) {
            // found out, and told, when it is loaded
            return 2;
        }
    }

    private void add(Path file, RoutesBuilder builder) {
        try {
            List<RouteDefinition> before = List.copyOf(getRouteDefinitions());
            builder.addRoutesToCamelContext(this);
            for (RouteDefinition added : List.copyOf(getRouteDefinitions())) {
                if (!before.contains(added)) {
                    claim(file, added, before);
                }
            }
        } catch (Exception e) {
            leaveOut(file, e);
        }
    }

    private void claim(Path file, RouteDefinition added, List<RouteDefinition> before) throws Exception {
        Path sameId = fileOfId.putIfAbsent(added.getRouteId(), file);
        if (sameId != null) {
            removeRouteDefinition(added);
            // Camel has put it in the place of the other
            addRouteDefinitions(before.stream()
                    .filter(other -> other.getRouteId().equals(added.getRouteId()))
                    .toList());
            throw new IllegalArgumentException(
                    "the route id " + added.getRouteId() + " is taken by " + folder.relativize(sameId));
        }
        String beginning = added.getInput().getEndpointUri();
        Path sameBeginning = fileOfBeginning.putIfAbsent(beginning, file);
        if (sameBeginning != null && !beginning.startsWith("timer:")) {
            removeRouteDefinition(added);
            throw new IllegalArgumentException(
                    "another route begins at " + beginning + ": " + folder.relativize(sameBeginning));
        }
    }

    @Override
    public void startRouteDefinitions(List<RouteDefinition> definitions) throws Exception {
        if (isStarted() || reload == null || definitions.stream().anyMatch(RoutesContext::isMade)) {
            startOneInAnother(definitions);
            return;
        }
        makeKameletsAtOnce();
        List<RouteDefinition> unusable = new ArrayList<>();
        for (RouteDefinition definition : definitions) {
            try {
                super.startRouteDefinitions(List.of(definition));
            } catch (Exception e) {
                unusable.add(definition);
                leaveOut(file(definition.getResource()), e);
            }
        }
        removeRouteDefinitions(unusable);
        for (String id : ESSENTIAL) {
            if (getRouteDefinition(id) == null) {
                throw new IllegalStateException("without the route " + id + " no command can be taken: "
                        + String.join("; ", whyWithout.values()));
            }
        }
    }

    /** A kamelet is made while the route that names it is; what that one's placeholders stand for would be forgotten then. */
    private void startOneInAnother(List<RouteDefinition> definitions) throws Exception {
        Properties outer = getPropertiesComponent().getLocalProperties();
        try {
            super.startRouteDefinitions(definitions);
        } finally {
            getPropertiesComponent().setLocalProperties(outer);
        }
    }

    /** Camel would make them when all routes are made, and not start at all if one cannot be. */
    private void makeKameletsAtOnce() throws VetoCamelContextStartException {
        getComponent("kamelet");
        for (LifecycleStrategy strategy : List.copyOf(getLifecycleStrategies())) {
            if (strategy.getClass().getEnclosingClass() == KameletComponent.class) {
                strategy.onContextInitialized(this);
            }
        }
    }

    private static boolean isMade(RouteDefinition definition) {
        return Boolean.TRUE.equals(definition.isTemplate());
    }

    private static Path file(Resource resource) {
        return Path.of(resource.getLocation().replaceFirst("^file:", ""));
    }

    private void leaveOut(Path file, Exception fault) {
        RouteFault told = reload.leaveOut(file, fault);
        whyWithout.put(told.file(), told.toString());
    }
}
