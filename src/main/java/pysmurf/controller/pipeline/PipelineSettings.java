package pysmurf.controller.pipeline;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.exc.InvalidNullException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.type.LogicalType;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import pysmurf.controller.operation.RouteFault;
import pysmurf.controller.session.Json;

/**
 * The settings of one composed operation: {@code config/NAME.yaml}.
 *
 * @param like    operations whose files say of stages what this one does not, the last first
 * @param stages  by name; a stage that is not there has no limits
 * @param presets which stages are run, by the value of the parameter {@code preset}; empty if there are none
 * @param groups  controllers that have a name together, as ids and patterns; empty if there are none
 */
public record PipelineSettings(
        @JsonProperty(access = JsonProperty.Access.WRITE_ONLY)
        List<String> like,

        Map<String, StageSettings> stages,
        Map<String, List<String>> presets,
        @JsonInclude(JsonInclude.Include.NON_EMPTY) Map<String, List<String>> groups) {

    static final PipelineSettings NONE = new PipelineSettings(List.of(), Map.of(), Map.of(), Map.of());

    private static final String STAGES = "stages";
    private static final String GROUPS = "groups";
    private static final Pattern GROUP = Pattern.compile("[A-Za-z0-9_-]+");
    private static final Pattern MEMBER = Pattern.compile("[A-Za-z0-9_*-]+");

    private static final List<CoercionInputShape> NO_TEXT =
            List.of(CoercionInputShape.Integer, CoercionInputShape.Float, CoercionInputShape.Boolean);

    private static final ObjectMapper MAPPER = Json.mapper()
            .rebuild()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            // a name that is all digits is in quotes, or YAML makes 7 of 007
            .withCoercionConfig(
                    LogicalType.Textual, text -> NO_TEXT.forEach(shape -> text.setCoercion(shape, CoercionAction.Fail)))
            .defaultSetterInfo(JsonSetter.Value.forContentNulls(Nulls.FAIL))
            .build();

    public PipelineSettings {
        like = like == null ? List.of() : List.copyOf(like);
        // in the order of the file
        stages = stages == null ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(stages));
        presets = presets == null ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(presets));
        groups = groups == null ? Map.of() : Collections.unmodifiableMap(new LinkedHashMap<>(groups));
    }

    /**
     * Reads YAML.
     *
     * @throws RouteFault.InLine if it cannot be used
     */
    static PipelineSettings read(String yaml) {
        try {
            Object tree = tree(yaml);
            PipelineSettings settings = tree == null ? NONE : MAPPER.convertValue(tree, PipelineSettings.class);
            settings.stages.forEach((name, stage) -> stage.fault().ifPresent(fault -> {
                List<String> keys = Stream.concat(Stream.of(STAGES, name), fault.keys().stream())
                        .toList();
                throw YamlPlace.of(yaml, keys).fault(fault.detail());
            }));
            settings.groups.forEach((name, members) -> checkGroup(yaml, name, members, settings.groups.keySet()));
            return settings;
        } catch (MarkedYamlEngineException e) {
            int line = e.getProblemMark().map(Mark::getLine).orElse(0) + 1;
            throw new RouteFault.InLine(line, e.getProblem(), e);
        } catch (IllegalArgumentException e) {
            throw e.getCause() instanceof JsonMappingException cause ? fault(yaml, cause) : e;
        } catch (StackOverflowError e) {
            throw new RouteFault.InLine(1, "an alias leads to what it is in", e);
        }
    }

    private static void checkGroup(String yaml, String name, List<String> members, Collection<String> groups) {
        if (!GROUP.matcher(name).matches()) {
            throw YamlPlace.of(yaml, List.of(GROUPS, name)).fault("a group's name is of letters, digits, _ and - only");
        }
        for (int n = 0; n < members.size(); n++) {
            String member = members.get(n);
            YamlPlace place = YamlPlace.of(yaml, List.of(GROUPS, name, Integer.toString(n)));
            if (!MEMBER.matcher(member).matches()) {
                throw place.fault("'" + member + "' is neither an id nor a pattern with *");
            }
            if (groups.contains(member)) {
                throw place.fault("'" + member + "' is a group; a group has no groups in it");
            }
        }
    }

    private static Object tree(String yaml) {
        return new Load(LoadSettings.builder().build()).loadFromString(yaml);
    }

    /** Over what the files it is {@code like} say, key by key of each stage. */
    static PipelineSettings over(List<String> others, String yaml) {
        ObjectNode stages = Json.object();
        Stream.concat(others.stream(), Stream.of(yaml))
                .map(text -> MAPPER.<JsonNode>valueToTree(tree(text)).path(STAGES))
                .flatMap(each -> each.properties().stream())
                .forEach(stage -> stages.withObjectProperty(stage.getKey()).setAll((ObjectNode) stage.getValue()));
        ObjectNode own = MAPPER.valueToTree(tree(yaml));
        return MAPPER.convertValue(own.set(STAGES, stages), PipelineSettings.class);
    }

    private static RouteFault.InLine fault(String yaml, JsonMappingException e) {
        List<String> keys = e.getPath().stream()
                .map(step -> step.getFieldName() == null ? Integer.toString(step.getIndex()) : step.getFieldName())
                .toList();
        YamlPlace place = YamlPlace.of(yaml, keys);
        if (e instanceof UnrecognizedPropertyException unknown) {
            String known = unknown.getKnownPropertyIds().stream()
                    .map(Object::toString)
                    .sorted()
                    .collect(Collectors.joining(", "));
            return place.fault("there is no such key; there are " + known);
        }
        if (e instanceof InvalidNullException) {
            return place.fault("has no value");
        }
        Class<?> wanted = e instanceof MismatchedInputException mismatch ? mismatch.getTargetType() : null;
        return place.fault(place.value() + (wanted == null ? " cannot be used" : " is not " + kind(wanted)));
    }

    private static String kind(Class<?> type) {
        return switch (type.getSimpleName()) {
            case "int" -> "a whole number";
            case "double", "Double" -> "a number";
            case "boolean", "Boolean" -> "true or false";
            case "String" -> "text";
            case "List", "ArrayList" -> "a list";
            default -> "a block of keys with values";
        };
    }

    /**
     * What the file names that the operation's route does not have. The rest of it counts.
     *
     * @param yaml  what this was read from
     * @param route the stages that the route names
     */
    List<RouteFault.InLine> unknownStages(String yaml, Collection<String> route) {
        List<RouteFault.InLine> unknown = new ArrayList<>();
        new TreeSet<>(stages.keySet()).forEach(name -> note(unknown, yaml, List.of(STAGES, name), name, route));
        new TreeMap<>(presets).forEach((preset, names) -> {
            for (int n = 0; n < names.size(); n++) {
                note(unknown, yaml, List.of("presets", preset, Integer.toString(n)), names.get(n), route);
            }
        });
        return unknown;
    }

    private static void note(
            List<RouteFault.InLine> unknown, String yaml, List<String> keys, String name, Collection<String> route) {
        if (!route.contains(name)) {
            String known = route.isEmpty() ? "none" : String.join(", ", route);
            unknown.add(YamlPlace.of(yaml, keys).fault("the route has no stage " + name + "; it has " + known));
        }
    }

    StageSettings stage(String name) {
        return stages.getOrDefault(name, StageSettings.NONE);
    }
}
