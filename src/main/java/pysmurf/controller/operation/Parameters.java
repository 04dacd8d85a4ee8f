package pysmurf.controller.operation;

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
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import pysmurf.controller.session.FieldError;
import pysmurf.controller.session.Json;

/**
 * The parameters of one operation: its JSON Schema (draft 2020-12) ready for use, with this controller's own formats.
 */
public final class Parameters {

    /** Keyword of ours: {@code "x-lock": false} says that the operation does not need the controller's lock. */
    private static final String LOCK = "x-lock";
    /** Keyword of ours: {@code "x-lock-unless": "dry_run"} says that it does not when that parameter is true. */
    private static final String LOCK_UNLESS = "x-lock-unless";
    /** Keyword of ours: {@code "x-kind": "process"} says that the operation runs until it is stopped. */
    private static final String KIND = "x-kind";

    private static final String PROCESS = "process";
    private static final String TASK = "task";
    /** Keyword of ours: {@code "x-autostart": true} says that it starts with the controller, "ocs" only where that has a router. */
    private static final String AUTOSTART = "x-autostart";

    private static final String AT_ROUTER = "ocs";
    /** Keyword of ours: {@code "x-stop-grace": 60} says for how many seconds a process may end cleanly. */
    private static final String STOP_GRACE = "x-stop-grace";

    private static final int DEFAULT_STOP_GRACE_S = 10;
    /** A day. */
    private static final int MAX_STOP_GRACE_S = 86_400;
    /** Keyword of ours: {@code "x-resume": true} says that a session goes through its route again after a crash of the controller. */
    private static final String RESUME = "x-resume";
    /** Keyword of ours: {@code "x-data": {"stream_on": false}} is what the data of a session begin with. */
    private static final String FIRST_DATA = "x-data";
    /** Keyword of ours: {@code "x-feeds": {"iv_results": "iv_results"}} says which session data go to which feed of OCS. */
    private static final String FEEDS = "x-feeds";
    /**
     * Keyword of ours: {@code "x-option": "--seed"} says by which option a parameter is given to scripts. A list or an object is
     * given as JSON, true is the option alone, and null and false are nothing; of two options the second stands for false.
     */
    private static final String OPTION = "x-option";

    /** As OCS has it for the names of feeds and of their fields: ocs.ocs_feed.Feed. */
    public static final Pattern FEED_NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_]*");

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

    private final JsonNode json;
    private final JsonSchema schema;
    private final Map<String, ParameterFormat> formats;
    private final Map<String, String> feeds;

    /**
     * Compiles a schema.
     *
     * @param  json                     the schema
     * @param  formats                  the controller's own formats
     * @throws IllegalArgumentException if it is no usable schema
     */
    public Parameters(JsonNode json, Collection<ParameterFormat> formats) {
        this.json = json;
        this.formats = formats.stream().collect(Collectors.toMap(ParameterFormat::name, Function.identity()));
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
            this.schema = FACTORY.getSchema(json, CONFIG);
            this.schema.initializeValidators();
        } catch (RuntimeException e) {
            // without its cause, which says less
            throw new IllegalArgumentException("not a usable JSON Schema: " + reason(e));
        }
        feeds = json.path(FEEDS).properties().stream()
                .collect(Collectors.toUnmodifiableMap(
                        Map.Entry::getKey, feed -> feed.getValue().asText()));
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

    private String reason(Throwable fault) {
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

    /** Whether the operation needs the controller's lock with these parameters. */
    public boolean needLock(ObjectNode params) {
        return json.path(LOCK).asBoolean(true)
                && !params.path(json.path(LOCK_UNLESS).asText()).asBoolean(false);
    }

    /** {@code process} for what runs until it is stopped, else {@code task}: OCS's two kinds of operation. */
    public String kind() {
        return json.path(KIND).asText(TASK);
    }

    public boolean isProcess() {
        return kind().equals(PROCESS);
    }

    /**
     * Whether it starts with the controller.
     *
     * @param atRouter whether that is an OCS agent at a router
     */
    public boolean isAutostart(boolean atRouter) {
        return json.path(AUTOSTART).asBoolean()
                || atRouter && json.path(AUTOSTART).asText().equals(AT_ROUTER);
    }

    /** How long a process may take to end after a stop. */
    public Duration stopGrace() {
        return Duration.ofMillis(Math.round(json.path(STOP_GRACE).asDouble(DEFAULT_STOP_GRACE_S) * 1000));
    }

    /** Whether a session begins again after a crash, where no script of it was running. */
    boolean isResumed() {
        return json.path(RESUME).asBoolean();
    }

    /** What the data of a session begin with. */
    public ObjectNode firstData() {
        return json.path(FIRST_DATA) instanceof ObjectNode data ? data.deepCopy() : Json.object();
    }

    /** Names of session data, and of the feed each is for. */
    public Map<String, String> feeds() {
        return feeds;
    }

    /** The parameters that have an option in the schema, as words of a command line; what is to be JSON is JSON here. */
    public List<Object> options(ObjectNode params) {
        List<Object> words = new ArrayList<>();
        json.path("properties").properties().forEach(property -> {
            JsonNode option = property.getValue().path(OPTION);
            JsonNode value = params.path(property.getKey());
            if (value.isBoolean()) {
                String word = option.isArray()
                        ? option.path(value.booleanValue() ? 0 : 1).asText()
                        : value.booleanValue() ? option.asText() : "";
                if (!word.isEmpty()) {
                    words.add(word);
                }
            } else if (option.isTextual() && !value.isMissingNode() && !value.isNull()) {
                words.add(option.asText());
                words.add(value.isContainerNode() ? value : Json.value(value));
            }
        });
        return words;
    }

    /** The schema as it was written. */
    public JsonNode json() {
        return json;
    }

    /**
     * Fills in the defaults and checks.
     *
     * @param  params  the parameters; changed: defaults are added, and unknown ones dropped if lenient
     * @param  lenient whether unknown parameters are dropped instead of refused
     * @return         what is wrong; empty if nothing is
     */
    public List<FieldError> check(ObjectNode params, boolean lenient) {
        if (lenient) {
            dropUnknown(params);
        }
        List<FieldError> errors = schema.walk(params, true).getValidationMessages().stream()
                .map(Parameters::error)
                .distinct()
                .collect(Collectors.toCollection(ArrayList::new));
        // a default that was filled in is the schema's own list or object until here
        params.setAll(params.deepCopy());
        params.properties().stream()
                .filter(property -> holdsHalfAPair(property.getValue()))
                .forEach(property -> errors.add(
                        new FieldError(property.getKey(), "holds half a surrogate pair, which is no character")));
        List<String> wrong = errors.stream().map(FieldError::field).toList();
        json.path("properties").properties().stream()
                .filter(property -> !wrong.contains(property.getKey()))
                .forEach(property -> fault(property, params).ifPresent(errors::add));
        return errors;
    }

    /** Nothing that is given to a process, stored or sent can carry it: it would become a question mark without a word. */
    private static boolean holdsHalfAPair(JsonNode value) {
        return Json.text(value)
                .codePoints()
                .anyMatch(character -> character >= Character.MIN_SURROGATE && character <= Character.MAX_SURROGATE);
    }

    private void dropUnknown(ObjectNode params) {
        if (json.path("additionalProperties").isBoolean()
                && !json.path("additionalProperties").booleanValue()) {
            params.properties().removeIf(entry -> !json.path("properties").has(entry.getKey()));
        }
    }

    private Optional<FieldError> fault(Map.Entry<String, JsonNode> property, ObjectNode params) {
        ParameterFormat format = formats.get(property.getValue().path("format").asText());
        JsonNode value = params.path(property.getKey());
        if (format == null || value.isMissingNode()) {
            return Optional.empty();
        }
        return format.fault(value).map(detail -> new FieldError(property.getKey(), detail));
    }

    private static FieldError error(ValidationMessage message) {
        String path = message.getInstanceLocation().toString().replaceFirst("^\\$\\.?", "");
        String field = message.getProperty() == null
                ? path
                : path.isEmpty() ? message.getProperty() : path + "." + message.getProperty();
        String detail =
                switch (message.getType()) {
                    case "required" -> "is required";
                    case "additionalProperties" -> "is not a parameter of this operation";
                    default -> message.getMessage().replaceFirst("^\\$[^:]*: ", "");
                };
        return new FieldError(field, detail);
    }
}
