package pysmurf.controller.pipeline;

import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import pysmurf.controller.session.Json;

/**
 * The settings of one composed operation: {@code config/NAME.yaml}.
 *
 * @param stages  by name; a stage that is not there has no limits
 * @param presets which stages are run, by the value of the parameter {@code preset}; empty if there are none
 */
public record PipelineSettings(Map<String, StageSettings> stages, Map<String, List<String>> presets) {

    static final PipelineSettings NONE = new PipelineSettings(Map.of(), Map.of());

    private static final ObjectMapper MAPPER = Json.mapper()
            .rebuild()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .defaultSetterInfo(JsonSetter.Value.forContentNulls(Nulls.FAIL))
            .build();

    public PipelineSettings {
        stages = stages == null ? Map.of() : Map.copyOf(stages);
        presets = presets == null ? Map.of() : Map.copyOf(presets);
    }

    /**
     * Reads YAML.
     *
     * @throws IllegalArgumentException telling what is wrong, if possible with the line
     */
    static PipelineSettings read(String yaml) {
        try {
            Object tree = new Load(LoadSettings.builder().build()).loadFromString(yaml);
            PipelineSettings settings = tree == null ? NONE : MAPPER.convertValue(tree, PipelineSettings.class);
            settings.stages.forEach((name, stage) -> stage.fault().ifPresent(fault -> {
                throw new IllegalArgumentException(
                        "stages." + name + " (line " + line(yaml, name, fault.key()) + "): " + fault);
            }));
            return settings;
        } catch (YamlEngineException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        } catch (StackOverflowError e) {
            throw new IllegalArgumentException("an alias leads to what it is in", e);
        }
    }

    /** The line of a stage's key; the parser tells none of what it could read. */
    private static int line(String yaml, String stage, String key) {
        Matcher place = Pattern.compile(
                        "(?<![\\w-])" + Pattern.quote(stage) + "[\"']?\\s*:[\\s\\S]*?(?<![\\w-])" + Pattern.quote(key))
                .matcher(yaml);
        return 1
                + (int) yaml.substring(0, place.find() ? place.end() : 0)
                        .chars()
                        .filter(c -> c == '\n')
                        .count();
    }

    StageSettings stage(String name) {
        return stages.getOrDefault(name, StageSettings.NONE);
    }
}
