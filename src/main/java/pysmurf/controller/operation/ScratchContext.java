package pysmurf.controller.operation;

import java.util.Collection;
import java.util.List;
import java.util.Properties;
import java.util.function.Consumer;
import org.apache.camel.CamelContext;
import org.apache.camel.Route;
import org.apache.camel.component.kamelet.KameletComponent;
import org.apache.camel.component.platform.http.PlatformHttpConstants;
import org.apache.camel.component.platform.http.spi.PlatformHttpEngine;
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
    private final Properties properties;
    private final String kamelets;
    private final PlatformHttpEngine http;

    /**
     * @param running    the context whose beans are used
     * @param properties its placeholders
     * @param kamelets   where its kamelets are
     * @param http       an engine for {@code platform-http:} of its own
     */
    ScratchContext(CamelContext running, Properties properties, String kamelets, PlatformHttpEngine http) {
        this.running = running;
        this.properties = properties;
        this.kamelets = kamelets;
        this.http = http;
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
            registry.bind(PlatformHttpConstants.PLATFORM_HTTP_ENGINE_NAME, http);
            scratch.getCamelContextExtension().setRegistry(registry);
            scratch.getPropertiesComponent().setOverrideProperties(properties);
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
