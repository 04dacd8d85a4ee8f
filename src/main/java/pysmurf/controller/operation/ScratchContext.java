package pysmurf.controller.operation;

import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import org.apache.camel.CamelContext;
import org.apache.camel.Route;
import org.apache.camel.component.kamelet.KameletComponent;
import org.apache.camel.component.platform.http.PlatformHttpConstants;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpEngine;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.model.ModelCamelContext;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.spi.Resource;
import org.apache.camel.support.DefaultRegistry;
import org.apache.camel.support.PluginHelper;

/**
 * A Camel context in which a changed route file is compiled before the running one gets to see it: parsed, every endpoint and
 * bean looked up, every step made, but nothing started.
 */
final class ScratchContext {

    private final CamelContext running;
    private final String kamelets;

    /**
     * @param running  the context whose beans and placeholders are used
     * @param kamelets where its kamelets are
     */
    ScratchContext(CamelContext running, String kamelets) {
        this.running = running;
        this.kamelets = kamelets;
    }

    /**
     * Compiles files together.
     *
     * @param  check     looks at the routes before they are made
     * @return           the routes that they define, without those made of kamelets
     * @throws Exception whatever is wrong with them
     */
    List<RouteFiles.Compiled> compile(List<Resource> resources, Consumer<Collection<RouteDefinition>> check)
            throws Exception {
        try (DefaultCamelContext scratch = new DefaultCamelContext(false)) {
            DefaultRegistry registry = new DefaultRegistry(running.getRegistry());
            // the engine belongs to the context that started it
            registry.bind(PlatformHttpConstants.PLATFORM_HTTP_ENGINE_NAME, new VertxPlatformHttpEngine());
            scratch.getCamelContextExtension().setRegistry(registry);
            scratch.getPropertiesComponent()
                    .setOverrideProperties(running.getPropertiesComponent().loadProperties());
            scratch.setAutoStartup(false);
            scratch.setLoadTypeConverters(false);
            KameletComponent component = new KameletComponent();
            component.setLocation(kamelets);
            scratch.addComponent("kamelet", component);
            scratch.build();
            PluginHelper.getRoutesLoader(scratch).loadRoutes(resources);
            check.accept(((ModelCamelContext) scratch).getRouteDefinitions());
            scratch.start();
            return ((ModelCamelContext) scratch)
                    .getRouteDefinitions().stream()
                            .map(definition -> definition.getRouteId())
                            .map(scratch::getRoute)
                            .filter(route -> !route.isCreatedByKamelet())
                            .map(ScratchContext::compiled)
                            .toList();
        }
    }

    private static RouteFiles.Compiled compiled(Route route) {
        return new RouteFiles.Compiled(route.getRouteId(), route.getEndpoint().getEndpointUri());
    }
}
