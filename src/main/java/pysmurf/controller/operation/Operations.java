package pysmurf.controller.operation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.ExchangeProperty;
import org.apache.camel.Route;
import org.apache.camel.model.ModelCamelContext;
import org.apache.camel.model.OnExceptionDefinition;
import org.apache.camel.model.ProcessorDefinition;
import org.apache.camel.model.RouteDefinition;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.config.FollowedFile;
import pysmurf.controller.config.FollowedFiles;
import pysmurf.controller.config.TextFile;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.OperationFailure;
import pysmurf.controller.session.Outcome;

/**
 * The operations that the routes define at this moment: every started route whose id is NAME and which begins at
 * {@code direct:operation-NAME}. Its parameters are the JSON Schema in {@code NAME.schema.json} beside its file. A stage is a block
 * with a parameter "stage": the script block itself, or one that an integrator made of it.
 */
public final class Operations {

    private static final Logger LOG = LoggerFactory.getLogger(Operations.class);

    private static final String SCHEMA = ".schema.json";

    /** @param operation null as long as its schema cannot be used */
    private record Known(Route route, SchemaFile schema, Operation operation) {}

    private record SchemaFile(Path file, FollowedFile<Parameters, RouteFault> parameters) {}

    private final CamelContext context;
    private final FollowedFiles files;
    private final Path folder;
    private final RouteSwap swap;
    private final Schemas schemas;
    private final Map<String, Known> known = new ConcurrentHashMap<>();

    /**
     * @param context its {@link ParameterFormat}s are those that schemas may name
     * @param folder  the routes folder
     * @param swap    says which routes are just being replaced
     * @param schemas those of all controllers of the process
     */
    public Operations(CamelContext context, FollowedFiles files, Path folder, RouteSwap swap, Schemas schemas) {
        this.context = context;
        this.files = files;
        this.folder = folder;
        this.swap = swap;
        this.schemas = schemas;
    }

    /** All operations, by name. */
    public Collection<Operation> all() {
        Map<String, Operation> found = new TreeMap<>();
        Stream.concat(context.getRoutes().stream().map(Route::getRouteId), known.keySet().stream())
                .distinct()
                .forEach(name -> find(name).ifPresent(operation -> found.put(name, operation)));
        return found.values();
    }

    /** The operation of that name, if there is one. */
    public Optional<Operation> find(String name) {
        Route found = context.getRoute(name);
        if (found == null && swap.isOf(name)) {
            // it is back in a moment, and a session of it waits that long, see OperationThreads
            return Optional.ofNullable(known.get(name)).map(Known::operation);
        }
        // the replacement may have ended between the two looks
        Route route = found == null ? context.getRoute(name) : found;
        if (route == null || !route.getEndpoint().getEndpointUri().equals(RouteFiles.beginning(name))) {
            known.computeIfPresent(name, (same, last) -> {
                last.schema().parameters().close();
                return null;
            });
            return Optional.empty();
        }
        return Optional.ofNullable(
                known.compute(name, (same, last) -> known(name, route, last)).operation());
    }

    private Known known(String name, Route route, Known last) {
        Path routes = RouteFiles.of(route);
        Path beside = routes == null ? folder.resolve("operations") : routes.getParent();
        Path file = beside.resolve(name + SCHEMA);
        SchemaFile schema = last == null ? null : last.schema();
        if (schema == null || !schema.file().equals(file)) {
            if (schema != null) {
                schema.parameters().close();
            }
            schema = new SchemaFile(file, follow(file));
        }
        Parameters parameters = schema.parameters().get();
        Operation before = last == null ? null : last.operation();
        if (before != null && last.route() == route && before.parameters() == parameters) {
            return last;
        }
        return new Known(route, schema, parameters == null ? null : operation(name, route, parameters));
    }

    /**
     * Looks whether the operation of a session is still there.
     *
     * @throws OperationFailure if the operation was taken away meanwhile
     */
    public void ready(@ExchangeProperty("session") LiveSession session) {
        if (find(session.opName()).isEmpty()) {
            throw new OperationFailure(
                    Outcome.FAILED, "the operation " + session.opName() + " was taken away before it began");
        }
    }

    /**
     * Whether a session of an operation begins again after a crash, as its schema says. Asked before there are routes, so the schema
     * is looked for by its name.
     */
    public boolean isResumed(String name) {
        try (Stream<Path> found = Files.find(
                folder.resolve("operations"),
                Integer.MAX_VALUE,
                (file, attributes) -> file.endsWith(name + SCHEMA),
                FileVisitOption.FOLLOW_LINKS)) {
            Path schema = found.findFirst().orElse(null);
            return schema != null && read(TextFile.read(schema)).isResumed();
        } catch (IOException | UncheckedIOException | IllegalArgumentException e) {
            LOG.warn("Whether sessions of {} go on after a crash cannot be told: {}", name, e.toString());
            return false;
        }
    }

    /** A session's parameters as options for its scripts, as far as the schema of its operation names options. */
    public List<Object> options(@ExchangeProperty("session") LiveSession session) {
        return find(session.opName())
                .map(operation -> operation.parameters().options(session.params()))
                .orElse(List.of());
    }

    /** How long a session may take to end after a stop. */
    public Duration stopGrace(LiveSession session) {
        return find(session.opName())
                .map(operation -> operation.parameters().stopGrace())
                .orElse(Duration.ZERO);
    }

    /**
     * For routes: the names of the operations that start with the controller.
     *
     * @param atRouter whether the controller is an OCS agent at a router
     */
    public List<String> autostarted(boolean atRouter) {
        return all().stream()
                .filter(operation -> operation.parameters().isAutostart(atRouter))
                .map(Operation::name)
                .toList();
    }

    /** Schema files that cannot be used, with the reason; the last good version of each goes on being used. */
    public Collection<RouteFault> faults() {
        return new TreeMap<>(known)
                .values().stream()
                        .map(last -> last.schema().parameters().fault())
                        .flatMap(Optional::stream)
                        .toList();
    }

    private FollowedFile<Parameters, RouteFault> follow(Path schema) {
        String name = folder.relativize(schema).toString();
        return new FollowedFile<>(files, schema, this::read, (text, fault) -> RouteFault.of(name, text, fault), null);
    }

    private Parameters read(String schema) throws JsonProcessingException {
        JsonNode json = schema == null
                ? Json.object().put("type", "object")
                : Json.read(schema.getBytes(StandardCharsets.UTF_8));
        return new Parameters(schemas.of(json), context.getRegistry().findByType(ParameterFormat.class));
    }

    private Operation operation(String name, Route route, Parameters parameters) {
        String description =
                Objects.requireNonNullElse(route.getDescription(), "").strip();
        List<Map<String, Object>> blocks = blocks(name);
        return new Operation(
                name,
                description,
                parameters,
                // a safeguard is planned by none
                stages(blocks.stream().filter(block -> !"true".equals(String.valueOf(block.get("always"))))),
                stages(blocks.stream()),
                blocks.size());
    }

    /** The parameters of each block. */
    private List<Map<String, Object>> blocks(String name) {
        RouteDefinition definition = ((ModelCamelContext) context).getRouteDefinition(name);
        if (definition == null) {
            // its route was taken out a moment ago, and with the next one this is asked again
            return List.of();
        }
        return Stream.concat(Stream.of(definition.getOutputs()), whenItFails(definition))
                .flatMap(Blocks::parameters)
                .toList();
    }

    /** What the route configurations that a route names do when it fails. */
    private Stream<List<ProcessorDefinition<?>>> whenItFails(RouteDefinition route) {
        String ids = Objects.requireNonNullElse(route.getRouteConfigurationId(), "");
        return Stream.of(ids.split(","))
                .map(id -> ((ModelCamelContext) context).getRouteConfigurationDefinition(id.strip()))
                .filter(Objects::nonNull)
                .flatMap(configuration -> configuration.getOnExceptions().stream())
                .map(OnExceptionDefinition::getOutputs);
    }

    private static List<String> stages(Stream<Map<String, Object>> blocks) {
        return blocks.map(block -> block.get("stage"))
                .filter(Objects::nonNull)
                .map(Object::toString)
                .filter(stage -> !stage.isBlank())
                .distinct()
                .toList();
    }
}
