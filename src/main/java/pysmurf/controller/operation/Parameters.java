package pysmurf.controller.operation;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.ValidationMessage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import pysmurf.controller.session.FieldError;
import pysmurf.controller.session.Json;

/**
 * The parameters of one operation: its {@link Schema}, with this controller's own formats.
 */
public final class Parameters {

    /** Keyword of ours: {@code "x-lock": false} says that the operation does not need the controller's lock. */
    static final String LOCK = "x-lock";
    /** Keyword of ours: {@code "x-lock-unless": "dry_run"} says that it does not when that parameter is true. */
    static final String LOCK_UNLESS = "x-lock-unless";
    /** Keyword of ours: {@code "x-kind": "process"} says that the operation runs until it is stopped. */
    static final String KIND = "x-kind";

    static final String PROCESS = "process";
    static final String TASK = "task";
    /** Keyword of ours: {@code "x-autostart": true} says that it starts with the controller, "ocs" only where that has a router. */
    static final String AUTOSTART = "x-autostart";

    static final String AT_ROUTER = "ocs";
    /** Keyword of ours: {@code "x-stop-grace": 60} says for how many seconds a process may end cleanly. */
    static final String STOP_GRACE = "x-stop-grace";

    private static final int DEFAULT_STOP_GRACE_S = 10;
    /** A day. */
    static final int MAX_STOP_GRACE_S = 86_400;
    /** Keyword of ours: {@code "x-resume": true} says that a session goes through its route again after a crash of the controller. */
    static final String RESUME = "x-resume";
    /** Keyword of ours: {@code "x-data": {"stream_on": false}} is what the data of a session begin with. */
    static final String FIRST_DATA = "x-data";
    /** Keyword of ours: {@code "x-feeds": {"iv_results": "iv_results"}} says which session data go to which feed of OCS. */
    static final String FEEDS = "x-feeds";
    /**
     * Keyword of ours: {@code "x-option": "--seed"} says by which option a parameter is given to scripts. A list or an object is
     * given as JSON, true is the option alone, and null and false are nothing; of two options the second stands for false.
     */
    static final String OPTION = "x-option";

    /** As OCS has it for the names of feeds and of their fields: ocs.ocs_feed.Feed. */
    public static final Pattern FEED_NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_]*");

    private final JsonNode json;
    private final Schema schema;
    private final Map<String, ParameterFormat> formats;
    private final Map<String, String> feeds;

    /** @param formats the controller's own formats */
    public Parameters(Schema schema, Collection<ParameterFormat> formats) {
        this.schema = schema;
        this.json = schema.json();
        this.formats = formats.stream().collect(Collectors.toMap(ParameterFormat::name, Function.identity()));
        feeds = json.path(FEEDS).properties().stream()
                .collect(Collectors.toUnmodifiableMap(
                        Map.Entry::getKey, feed -> feed.getValue().asText()));
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
        List<FieldError> errors = schema.walk(params).stream()
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
