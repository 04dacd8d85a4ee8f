package pysmurf.controller.operation;

import java.net.URISyntaxException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.model.KameletDefinition;
import org.apache.camel.model.ProcessorDefinition;
import org.apache.camel.model.ProcessorDefinitionHelper;
import org.apache.camel.model.RouteDefinition;
import org.apache.camel.model.ToDefinition;
import org.apache.camel.util.StringHelper;
import org.apache.camel.util.URISupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import pysmurf.controller.session.Json;

/** The building blocks, which are kamelets, that the steps of routes name. */
final class Blocks {

    private static final Logger LOG = LoggerFactory.getLogger(Blocks.class);

    private static final String SCHEME = "kamelet:";

    private Blocks() {}

    static boolean isNamedIn(String routes) {
        return routes.contains(SCHEME);
    }

    /** The parameters that each block among these steps is given. */
    static Stream<Map<String, Object>> parameters(List<ProcessorDefinition<?>> steps) {
        return uris(steps).map(Blocks::parameters);
    }

    private static Stream<String> uris(List<ProcessorDefinition<?>> steps) {
        return Stream.concat(
                ProcessorDefinitionHelper.filterTypeInOutputs(steps, ToDefinition.class).stream()
                        .map(ToDefinition::getUri)
                        .filter(uri -> uri.startsWith(SCHEME)),
                ProcessorDefinitionHelper.filterTypeInOutputs(steps, KameletDefinition.class).stream()
                        .map(step -> SCHEME + step.getName()));
    }

    private static Map<String, Object> parameters(String uri) {
        try {
            return URISupport.parseQuery(StringHelper.after(uri, "?", ""));
        } catch (URISyntaxException e) {
            LOG.warn("Parameters of {} cannot be read: {}", uri, e.getMessage());
            return Map.of();
        }
    }

    /**
     * The engine takes a parameter that a block does not have, and forgets it.
     *
     * @param  known                    the parameters of a block, by its name, as far as they are known
     * @throws IllegalArgumentException if a step gives one
     */
    static void check(
            CamelContext context, Collection<RouteDefinition> routes, Function<String, Optional<Set<String>>> known) {
        // such as bridgeErrorHandler
        Set<String> ofEngine = context.getCamelContextExtension()
                .getEndpointUriFactory("kamelet")
                .propertyNames();
        routes.stream().flatMap(route -> uris(route.getOutputs())).forEach(uri -> {
            String block =
                    uri.substring(SCHEME.length()).replaceFirst("^/+", "").replaceFirst("\\?.*", "");
            Set<String> unknown = new TreeSet<>(parameters(uri).keySet());
            unknown.removeAll(ofEngine);
            known.apply(block).ifPresent(parameters -> {
                unknown.removeAll(parameters);
                if (!unknown.isEmpty()) {
                    throw new IllegalArgumentException("the block kamelet:" + block + " has no parameter "
                            + String.join(", ", unknown) + "; it has "
                            + (parameters.isEmpty() ? "none" : String.join(", ", parameters)));
                }
            });
        });
    }

    /** @param yaml what the file of a block holds; empty for one that is not there */
    static Optional<Set<String>> known(String yaml) {
        if (yaml.isEmpty()) {
            return Optional.empty();
        }
        Set<String> known = new TreeSet<>();
        try {
            Object tree = new Load(LoadSettings.builder().build()).loadFromString(yaml);
            Json.tree(tree).at("/spec/definition/properties").fieldNames().forEachRemaining(known::add);
            return Optional.of(known);
        } catch (YamlEngineException e) {
            LOG.debug("A block is broken, which the engine finds out for itself", e);
            return Optional.empty();
        }
    }
}
