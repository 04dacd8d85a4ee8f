package pysmurf.controller.operation;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Collectors;
import org.apache.camel.RouteConfigurationsBuilder;
import org.apache.camel.RoutesBuilder;
import org.apache.camel.VetoCamelContextStartException;
import org.apache.camel.builder.ModelRoutesBuilder;
import org.apache.camel.component.kamelet.KameletComponent;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.spi.LifecycleStrategy;
import org.apache.camel.support.PluginHelper;
import org.apache.camel.support.service.ServiceHelper;

/**
 * The Camel context of a controller. At the start a route file that cannot be used is left out, where Camel would not start at
 * all: only without the routes that every command goes through there is nothing to start. Used by the starting thread.
 */
public final class RoutesContext extends DefaultCamelContext {

    private RouteReload reload;

    /** @param name of the controller, which its threads have in theirs */
    public RoutesContext(String name) {
        // the application does that when it is configured
        super(false);
        getCamelContextExtension().setName(name);
        setShutdownStrategy(new PromptStop());
    }

    /**
     * Loads the route files, before the start.
     *
     * @param follower knows the files, and is told of those that are left out
     */
    public void load(RouteReload follower) {
        reload = follower;
        // it caches what it finds out of a bean's class from its start on; without that, each step of a route would do
        // so for itself
        ServiceHelper.startService(getComponent("bean"));
        Map<Path, ModelRoutesBuilder> builders = new LinkedHashMap<>();
        // what is said of errors has to be there before the first route that they happen in
        reload.begin().forEach((file, text) -> {
            try {
                for (RoutesBuilder builder :
                        PluginHelper.getRoutesLoader(this).findRoutesBuilders(RouteFiles.resource(file, text))) {
                    if (builder instanceof RouteConfigurationsBuilder configurations) {
                        configurations.addRouteConfigurationsToCamelContext(this);
                    }
                    builders.put(file, (ModelRoutesBuilder) builder);
                }
            } catch (Exception | StackOverflowError e) {
                reload.sources().leaveOut(file, e);
            }
        });
        Map<RouteFiles.Compiled, Path> taken = new HashMap<>();
        builders.forEach((file, builder) -> {
            try {
                builder.prepareModel(this);
                List<RouteDefinition> routes = builder.getRoutes().getRoutes();
                for (RouteFiles.Compiled route : reload.sources().checked(file, routes, taken)) {
                    taken.put(route, file);
                }
                addRouteDefinitions(routes);
            } catch (Exception e) {
                reload.sources().leaveOut(file, e);
            }
        });
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
                reload.sources().leaveOut(RouteFiles.of(definition.getResource()), e);
            }
        }
        removeRouteDefinitions(unusable);
        for (String id : RouteFiles.ESSENTIAL) {
            if (getRouteDefinition(id) == null) {
                throw new IllegalStateException("without the route " + id + " no command can be taken: "
                        + reload.sources().faults().values().stream()
                                .map(RouteFault::toString)
                                .collect(Collectors.joining("; ")));
            }
        }
        reload.begun();
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
}
