package pysmurf.controller.operation;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.apache.camel.RouteConfigurationsBuilder;
import org.apache.camel.RoutesBuilder;
import org.apache.camel.VetoCamelContextStartException;
import org.apache.camel.component.kamelet.KameletComponent;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.spi.LifecycleStrategy;
import org.apache.camel.support.PluginHelper;

/**
 * The Camel context of a controller. At the start a route file that cannot be used is left out, where Camel would not start at
 * all: only without the routes that every command goes through there is nothing to start. Used by the starting thread.
 */
public final class RoutesContext extends DefaultCamelContext {

    private final Map<String, Path> fileOfId = new HashMap<>();
    private final Map<String, Path> fileOfBeginning = new HashMap<>();
    private final Map<String, String> whyWithout = new HashMap<>();
    private RouteReload reload;

    public RoutesContext() {
        // the application does that when it is configured
        super(false);
        setShutdownStrategy(new PromptStop());
    }

    /**
     * Loads the route files, before the start.
     *
     * @param follower knows the files, and is told of those that are left out
     */
    public void load(RouteReload follower) {
        reload = follower;
        Map<Path, String> texts = reload.begin();
        Map<Path, RoutesBuilder> builders = new LinkedHashMap<>();
        // what is said of errors has to be there before the first route that they happen in
        texts.keySet().stream().sorted(order(texts)).forEach(file -> {
            try {
                for (RoutesBuilder builder : PluginHelper.getRoutesLoader(this)
                        .findRoutesBuilders(RouteFiles.resource(file, texts.get(file)))) {
                    if (builder instanceof RouteConfigurationsBuilder configurations) {
                        configurations.addRouteConfigurationsToCamelContext(this);
                    }
                    builders.put(file, builder);
                }
            } catch (Exception | StackOverflowError e) {
                leaveOut(file, e);
            }
        });
        builders.forEach(this::add);
    }

    private Comparator<Path> order(Map<Path, String> texts) {
        return (one, other) -> one.equals(other)
                ? 0
                : reload.files().comesFirst(one, texts.get(one), other, texts.get(other)) ? -1 : 1;
    }

    private void add(Path file, RoutesBuilder builder) {
        List<RouteDefinition> before = List.copyOf(getRouteDefinitions());
        try {
            builder.addRoutesToCamelContext(this);
            List<RouteDefinition> added = new ArrayList<>(getRouteDefinitions());
            added.removeAll(before);
            claim(file, added);
        } catch (Exception e) {
            leaveOut(file, e);
            restore(before);
        }
    }

    private void claim(Path file, List<RouteDefinition> added) {
        List<RouteFiles.Compiled> routes =
                added.stream().map(RoutesContext::compiled).toList();
        reload.files().checkRoutes(file, routes);
        reload.checkBlocks(added);
        for (RouteFiles.Compiled route : routes) {
            refuseIfTaken("the route id " + route.id() + " is taken by ", fileOfId.get(route.id()));
            if (!route.from().startsWith("timer:")) {
                refuseIfTaken("another route begins at " + route.from() + ": ", fileOfBeginning.get(route.from()));
            }
        }
        for (RouteFiles.Compiled route : routes) {
            fileOfId.put(route.id(), file);
            fileOfBeginning.put(route.from(), file);
        }
    }

    private void refuseIfTaken(String what, Path by) {
        if (by != null) {
            throw new IllegalArgumentException(what + reload.files().relative(by));
        }
    }

    private static RouteFiles.Compiled compiled(RouteDefinition route) {
        return new RouteFiles.Compiled(
                route.getRouteId(), route.getInput().getEndpointUri().replaceFirst("^direct:/*", "direct://"));
    }

    /** Camel puts a route in the place of another with the same id. */
    private void restore(List<RouteDefinition> before) {
        try {
            List<RouteDefinition> unwanted = new ArrayList<>(getRouteDefinitions());
            unwanted.removeAll(before);
            removeRouteDefinitions(unwanted);
            List<RouteDefinition> missing = new ArrayList<>(before);
            missing.removeAll(getRouteDefinitions());
            addRouteDefinitions(missing);
        } catch (Exception e) {
            throw new IllegalStateException(e);
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
                leaveOut(RouteFiles.of(definition.getResource()), e);
            }
        }
        removeRouteDefinitions(unusable);
        for (String id : RouteFiles.ESSENTIAL) {
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

    private void leaveOut(Path file, Throwable fault) {
        RouteFault told = reload.leaveOut(file, fault);
        whyWithout.put(told.file(), told.toString());
    }
}
