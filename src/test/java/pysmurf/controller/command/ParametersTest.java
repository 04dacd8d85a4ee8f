package pysmurf.controller.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import pysmurf.controller.session.Json;

class ParametersTest {

    private static final String SCHEMA = """
            {"type": "object", "required": ["level"], "additionalProperties": false, "properties": {
              "level": {"type": "integer", "minimum": 1, "x-option": "--level"},
              "names": {"type": "array", "items": {"type": "string"}, "default": ["a", "b"], "x-option": "--names"},
              "fast": {"type": "boolean", "default": true, "x-option": ["--fast", "--slow"]},
              "quiet": {"type": "boolean", "default": false, "x-option": "--quiet"},
              "colour": {"type": ["string", "null"], "format": "colour", "default": null, "x-option": "--colour"}}}
            """;

    private final Parameters parameters = new Parameters(object(SCHEMA), List.of(new Colour()));

    private static final class Colour implements ParameterFormat {

        @Override
        public String name() {
            return "colour";
        }

        @Override
        public Optional<String> fault(JsonNode value) {
            return !value.isTextual() || value.textValue().equals("red") ? Optional.empty() : Optional.of("is not red");
        }
    }

    private static ObjectNode object(String json) {
        try {
            return (ObjectNode) Json.read(json.getBytes(StandardCharsets.UTF_8));
        } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
            throw new IllegalArgumentException(e);
        }
    }

    private List<String> faults(String params) {
        return parameters.check(object(params), false).stream()
                .map(FieldError::field)
                .toList();
    }

    @Test
    void fillsInTheDefaults() {
        ObjectNode params = object("{\"level\": 2}");

        assertThat(parameters.check(params, false)).isEmpty();
        assertThat(params)
                .isEqualTo(
                        object(
                                "{\"level\": 2, \"names\": [\"a\", \"b\"], \"fast\": true, \"quiet\": false, \"colour\": null}"));
    }

    @Test
    void namesEachFieldThatIsWrong() {
        assertThat(faults("{}")).containsExactly("level");
        assertThat(faults("{\"level\": 0, \"names\": [1], \"fast\": \"yes\", \"size\": 1}"))
                .containsExactlyInAnyOrder("level", "names[0]", "fast", "size");
    }

    @Test
    void refusesUnknownParametersOrDropsThem() {
        ObjectNode params = object("{\"level\": 1, \"size\": 1}");

        assertThat(parameters.check(params.deepCopy(), false))
                .singleElement()
                .satisfies(error -> assertThat(error.field()).isEqualTo("size"));
        assertThat(parameters.check(params, true)).isEmpty();
        assertThat(params.has("size")).isFalse();
    }

    /** In a text, in a list, in the name of a field. */
    @Test
    void refusesHalfASurrogatePairAnywhere() {
        for (String names : List.of("[\"a\", \"\\udc00\"]", "[{\"\\ud800a\": 1}]", "[\"\\ude00\\ud83d\"]")) {
            assertThat(new Parameters(object("{}"), List.of()).check(object("{\"names\": " + names + "}"), false))
                    .containsExactly(new FieldError("names", "holds half a surrogate pair, which is no character"));
        }
        assertThat(faults("{\"level\": 1, \"names\": [\"\\ud83d\\ude00\"]}")).isEmpty();
    }

    @Test
    void appliesTheControllersOwnFormats() {
        assertThat(faults("{\"level\": 1, \"colour\": \"red\"}")).isEmpty();
        assertThat(faults("{\"level\": 1, \"colour\": \"blue\"}")).containsExactly("colour");
        assertThat(faults("{\"level\": 1, \"colour\": null}")).isEmpty();
    }

    @Test
    void writesOptionsInTheOrderOfTheSchema() {
        ObjectNode params = object("{\"level\": 3, \"fast\": false, \"quiet\": true, \"colour\": \"red\"}");
        parameters.check(params, false);

        assertThat(parameters.options(params).stream().map(String::valueOf))
                .containsExactly("--level", "3", "--names", "[\"a\",\"b\"]", "--slow", "--quiet", "--colour", "red");
    }

    @Test
    void leavesOptionsWithoutAValueOut() {
        ObjectNode params = object("{\"level\": 3, \"names\": [], \"colour\": null}");
        parameters.check(params, false);

        assertThat(parameters.options(params).stream().map(String::valueOf))
                .containsExactly("--level", "3", "--names", "[]", "--fast");
    }

    @Test
    void needsTheLockUnlessItSaysOtherwise() {
        assertThat(parameters.needLock(Json.object())).isTrue();
        assertThat(new Parameters(object("{\"x-lock\": false}"), List.of()).needLock(Json.object()))
                .isFalse();
    }

    @Test
    void refusesASchemaThatTheStandardDoesNotKnow() {
        assertThatThrownBy(() ->
                        new Parameters(object("{\"properties\": {\"level\": {\"type\": \"integr\"}}}"), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("$.properties.level.type");
        assertThatThrownBy(() -> new Parameters(object("{\"required\": \"level\"}"), List.of()))
                .hasMessageContaining("$.required");
    }
}
