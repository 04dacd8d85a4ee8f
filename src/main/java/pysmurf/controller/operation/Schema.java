package pysmurf.controller.operation;

import static pysmurf.controller.operation.Parameters.AT_ROUTER;
import static pysmurf.controller.operation.Parameters.AUTOSTART;
import static pysmurf.controller.operation.Parameters.FEEDS;
import static pysmurf.controller.operation.Parameters.FEED_NAME;
import static pysmurf.controller.operation.Parameters.FIRST_DATA;
import static pysmurf.controller.operation.Parameters.KIND;
import static pysmurf.controller.operation.Parameters.LOCK;
import static pysmurf.controller.operation.Parameters.LOCK_UNLESS;
import static pysmurf.controller.operation.Parameters.MAX_STOP_GRACE_S;
import static pysmurf.controller.operation.Parameters.OPTION;
import static pysmurf.controller.operation.Parameters.PROCESS;
import static pysmurf.controller.operation.Parameters.RESUME;
import static pysmurf.controller.operation.Parameters.STOP_GRACE;
import static pysmurf.controller.operation.Parameters.TASK;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.ApplyDefaultsStrategy;
import com.networknt.schema.JsonMetaSchema;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.NonValidationKeyword;
import com.networknt.schema.PathType;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.ValidationMessage;
import com.networknt.schema.i18n.ResourceBundleMessageSource;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A JSON Schema (draft 2020-12) of parameters, with the keywords of ours, ready for use. Thread-safe.
 *
 * @param json     as it was written
 * @param compiled the same, compiled
 */
public record Schema(JsonNode json, JsonSchema compiled) {

    /** A schema refers to one that is elsewhere. */
    private static final class Elsewhere extends RuntimeException {

        private static final long serialVersionUID = 1L;

        Elsewhere(String iri) {
            super(iri);
        }
    }

    private static final SchemaValidatorsConfig CONFIG = SchemaValidatorsConfig.builder()
            .pathType(PathType.JSON_PATH)
            // in plain English, and not in the language of the machine
            .locale(Locale.ENGLISH)
            .messageSource(new ResourceBundleMessageSource("parameter-messages", "jsv-messages"))
            .applyDefaultsStrategy(new ApplyDefaultsStrategy(true, false, true))
            .build();

    /** Draft 2020-12 and the words of ours. */
    private static final JsonSchemaFactory FACTORY = JsonSchemaFactory.builder()
            .metaSchema(JsonMetaSchema.builder(JsonMetaSchema.getV202012())
                    .keywords(
                            Stream.of(LOCK, LOCK_UNLESS, KIND, AUTOSTART, STOP_GRACE, RESUME, FIRST_DATA, FEEDS, OPTION)
                                    .map(NonValidationKeyword::new)
                                    .toList())
                    .build())
            .defaultMetaSchemaIri(JsonMetaSchema.getV202012().getIri())
            // only the standard's own schemas, which the library brings along; else it would ask the network
            .schemaLoaders(loaders -> loaders.add(iri -> {
                if (iri.toString().startsWith("classpath:draft")) {
                    return null;
                }
                throw new Elsewhere(iri.toString());
            }))
            .build();

    /** A keyword with a value it cannot have is ignored by the factory, so it is looked for by the standard's own schema. */
    private static final JsonSchema META_SCHEMA =
            FACTORY.getSchema(SchemaLocation.of(JsonMetaSchema.getV202012().getIri()), CONFIG);

    /**
     * Compiles one.
     *
     * @throws IllegalArgumentException if it is no usable schema
     */
    public static Schema of(JsonNode json) {
        Set<ValidationMessage> faults = META_SCHEMA.validate(json);
        if (!faults.isEmpty()) {
            throw new IllegalArgumentException("not a usable JSON Schema: "
                    + faults.stream()
                            .map(ValidationMessage::getMessage)
                            .sorted()
                            .collect(Collectors.joining("; ")));
        }
        ownFault(json).ifPresent(fault -> {
            throw new IllegalArgumentException(fault);
        });
        try {
            JsonSchema compiled = FACTORY.getSchema(json, CONFIG);
            compiled.initializeValidators();
            return new Schema(json, compiled);
        } catch (RuntimeException e) {
            // without its cause, which says less
            throw new IllegalArgumentException("not a usable JSON Schema: " + reason(json, e));
        }
    }

    /** Fills in the defaults, and tells what is wrong. */
    Set<ValidationMessage> walk(ObjectNode params) {
        return compiled.walk(params, true).getValidationMessages();
    }

    private static Optional<String> ownFault(JsonNode json) {
        JsonNode kind = json.path(KIND);
        JsonNode grace = json.path(STOP_GRACE);
        if (!kind.isMissingNode() && !List.of(PROCESS, TASK).contains(kind.asText())) {
            return Optional.of(KIND + " is \"process\" or \"task\"");
        }
        if (!grace.isMissingNode()
                && !(grace.isNumber() && grace.asDouble() > 0 && grace.asDouble() <= MAX_STOP_GRACE_S)) {
            return Optional.of(STOP_GRACE + " is a number of seconds above 0, at most " + MAX_STOP_GRACE_S);
        }
        for (String keyword : List.of(LOCK, RESUME)) {
            if (json.has(keyword) && !json.path(keyword).isBoolean()) {
                return Optional.of(keyword + " is true or false");
            }
        }
        if (json.has(LOCK_UNLESS) && !json.path(LOCK_UNLESS).isTextual()) {
            return Optional.of(LOCK_UNLESS + " is the name of a parameter");
        }
        JsonNode autostart = json.path(AUTOSTART);
        if (!autostart.isMissingNode()
                && !autostart.isBoolean()
                && !autostart.asText().equals(AT_ROUTER)) {
            return Optional.of(AUTOSTART + " is true, false or \"ocs\"");
        }
        if (json.has(FIRST_DATA) && !json.path(FIRST_DATA).isObject()) {
            return Optional.of(FIRST_DATA + " is an object");
        }
        boolean feeds = json.path(FEEDS).isMissingNode() || json.path(FEEDS).isObject();
        boolean named = json.path(FEEDS).properties().stream()
                .allMatch(feed -> FEED_NAME.matcher(feed.getKey()).matches()
                        && FEED_NAME.matcher(feed.getValue().asText()).matches());
        return feeds && named
                ? Optional.empty()
                : Optional.of(FEEDS + " is an object of names of letters, digits and _");
    }

    private static String reason(JsonNode json, Throwable fault) {
        for (Throwable cause = fault; cause != null; cause = cause.getCause()) {
            if (cause instanceof Elsewhere) {
                return places(json, "", cause.getMessage()).findFirst().orElse("$ref") + " is " + cause.getMessage()
                        + ", and nothing is fetched; put it below $defs";
            }
        }
        return fault.getMessage();
    }

    /** Where a schema names another, as JSON Pointers. */
    private static Stream<String> places(JsonNode node, String pointer, String named) {
        Stream<Map.Entry<String, JsonNode>> inside = node.isArray()
                ? IntStream.range(0, node.size()).mapToObj(i -> Map.entry(Integer.toString(i), node.get(i)))
                : node.properties().stream();
        return inside.flatMap(entry -> {
            String place = pointer + "/" + entry.getKey();
            // what is asked for is without the part behind the #
            return entry.getValue().asText().replaceFirst("#.*", "").equals(named)
                    ? Stream.of(place)
                    : places(entry.getValue(), place, named);
        });
    }
}
