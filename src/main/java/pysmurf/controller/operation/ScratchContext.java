package pysmurf.controller.operation;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.camel.CamelContext;
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
 * A Camel context in which changed route files are compiled before the running one gets to see them: parsed, every endpoint and
 * bean looked up, every step made, but nothing started.
 */
final class ScratchContext {

    private ScratchContext() {}

    /**
     * Compiles files together.
     *
     * @param  running   the context whose beans and placeholders are used
     * @param  kamelets  where its kamelets are
     * @return           the routes that they define, without those made of kamelets
     * @throws Exception whatever is wrong with them
     */
    static List<RouteDefinition> compile(CamelContext running, Path kamelets, Map<Path, String> texts)
            throws Exception {
        try (DefaultCamelContext scratch = new DefaultCamelContext(false)) {
            DefaultRegistry registry = new DefaultRegistry(running.getRegistry());
            // the running engine belongs to the context that started it
            registry.bind(PlatformHttpConstants.PLATFORM_HTTP_ENGINE_NAME, new VertxPlatformHttpEngine());
            scratch.getCamelContextExtension().setRegistry(registry);
            scratch.getPropertiesComponent()
                    .setOverrideProperties(running.getPropertiesComponent().loadProperties());
            scratch.setAutoStartup(false);
            scratch.setLoadTypeConverters(false);
            KameletComponent component = new KameletComponent();
            component.setLocation("file:" + kamelets);
            scratch.addComponent("kamelet", component);
            scratch.build();
            List<Resource> resources = texts.entrySet().stream()
                    .map(entry -> RouteFiles.resource(entry.getKey(), entry.getValue()))
                    .toList();
            PluginHelper.getRoutesLoader(scratch).loadRoutes(resources);
            scratch.start();
            return ((ModelCamelContext) scratch)
                    .getRouteDefinitions().stream()
                            .filter(route ->
                                    !scratch.getRoute(route.getRouteId()).isCreatedByKamelet())
                            .toList();
        }
    }
}
