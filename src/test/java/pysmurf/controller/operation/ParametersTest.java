package pysmurf.controller.operation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.session.FieldError;
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

    private final Parameters parameters = new Parameters(Schema.of(object(SCHEMA)), List.of(new Colour()));

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

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            {"maximum": 0.6}                  | 0.7        | must be at most 0.6
            {"minimum": 1}                    | 0          | must be at least 1
            {"exclusiveMinimum": 0}           | 0          | must be greater than 0
            {"exclusiveMaximum": 2}           | 2          | must be less than 2
            {"enum": ["fast", "slow"]}        | "quick"    | must be one of ["fast", "slow"]
            {"type": "integer"}               | "two"      | must be of type integer, not string
            {"type": ["integer", "null"]}     | "two"      | must be of type [integer, null], not string
            {"items": {"type": "integer"}}    | ["two"]    | must be of type integer, not string
            {"minItems": 1}                   | []         | must have at least one item, and has 0
            {"maxItems": 1}                   | [1, 2]     | must have at most one item, and has 2
            {"uniqueItems": true}             | [1, 1]     | must not have an item twice
            {"pattern": "^b"}                 | "abc"      | must match the pattern ^b
            {"maxLength": 2}                  | "abc"      | must be at most 2 characters long
            """)
    void saysInPlainEnglishWhatIsWrong(String schema, String value, String detail) {
        Parameters one = new Parameters(Schema.of(object("{\"properties\": {\"x\": " + schema + "}}")), List.of());

        assertThat(one.check(object("{\"x\": " + value + "}"), false))
                .extracting(FieldError::detail)
                .containsExactly(detail);
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
            assertThat(new Parameters(Schema.of(object("{}")), List.of())
                            .check(object("{\"names\": " + names + "}"), false))
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
        assertThat(new Parameters(Schema.of(object("{\"x-lock\": false}")), List.of()).needLock(Json.object()))
                .isFalse();
    }

    @Test
    void refusesASchemaThatTheStandardDoesNotKnow() {
        assertThatThrownBy(() -> new Parameters(
                        Schema.of(object("{\"properties\": {\"level\": {\"type\": \"integr\"}}}")), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("$.properties.level.type");
        assertThatThrownBy(() -> new Parameters(Schema.of(object("{\"required\": \"level\"}")), List.of()))
                .hasMessageContaining("$.required");
    }

    /** The place is that of the reference, whatever it is to; a server that would answer is never asked. */
    @ParameterizedTest
    @ValueSource(strings = {"http://127.0.0.1:%d/level.json", "http://127.0.0.1:%d/level.json#/$defs/level"})
    void fetchesNothingForAReference(String reference) throws Exception {
        AtomicInteger asked = new AtomicInteger();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            asked.incrementAndGet();
            byte[] answer = "{\"type\": \"integer\"}".getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(200, answer.length);
            exchange.getResponseBody().write(answer);
            exchange.close();
        });
        server.start();
        try {
            String there = reference.formatted(server.getAddress().getPort());
            assertThatThrownBy(() -> referring(there))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("/properties/list/items/$ref is " + there.replaceFirst("#.*", ""));
        } finally {
            server.stop(0);
        }
        assertThat(asked).hasValue(0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"level.json", "file:///etc/hostname", "classpath:level.json", "urn:x:level", "#/$defs/none"})
    void refusesAReferenceToWhatIsNotInTheSchema(String reference) {
        assertThatThrownBy(() -> referring(reference))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(reference.replace("#", ""));
    }

    @Test
    void refusesAnUnknownDialectWithoutAskingForIt() {
        assertThatThrownBy(() ->
                        new Parameters(Schema.of(object("{\"$schema\": \"http://127.0.0.1:9/dialect\"}")), List.of()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("/$schema is http://127.0.0.1:9/dialect");
    }

    @Test
    void takesAReferenceToItsOwnDefinitions() {
        Parameters own = new Parameters(
                Schema.of(
                        object(
                                "{\"$defs\": {\"level\": {\"type\": \"integer\"}}, \"properties\": {\"level\": {\"$ref\": \"#/$defs/level\"}}}")),
                List.of());

        assertThat(own.check(object("{\"level\": \"x\"}"), false)).hasSize(1);
    }

    private static Parameters referring(String reference) {
        return new Parameters(
                Schema.of(object("{\"properties\": {\"list\": {\"type\": \"array\", \"items\": {\"$ref\": \""
                        + reference + "\"}}}}")),
                List.of());
    }
}
