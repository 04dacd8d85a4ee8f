package pysmurf.controller.pipeline;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
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
            return MAPPER.convertValue(tree, PipelineSettings.class);
        } catch (YamlEngineException e) {
            throw new IllegalArgumentException(e.getMessage(), e);
        }
    }

    StageSettings stage(String name) {
        return stages.getOrDefault(name, StageSettings.NONE);
    }
}
