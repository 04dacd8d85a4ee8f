package pysmurf.controller.operation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.FileNotFoundException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.session.Json;

class RouteFaultTest {

    @Test
    void namesTheBlockThatIsNotThere() {
        String content = "- route:\n    from:\n      uri: kamelet:scripts\n";
        Throwable fault = new IllegalStateException(
                new FileNotFoundException("Resource not found: file:/opt/routes/kamelets/scripts.kamelet.yaml"));

        assertThat(RouteFault.of("operations/mine.camel.yaml", content, fault))
                .hasToString("operations/mine.camel.yaml line 3: "
                        + "there is no block kamelet:scripts (routes/kamelets/scripts.kamelet.yaml)");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\n\"a\": 1,\n}", "{\n\n\"a\": [1", "{\n\n\"a\": tru", "{\"a\": 1,\n\n\"a\": 2}"})
    void saysWhereASchemaIsNoJson(String json) {
        RouteFault fault = RouteFault.of("mine.schema.json", json, catchThrowable(() -> Json.read(json.getBytes())));

        assertThat(fault.line()).isEqualTo(3);
        assertThat(fault.detail()).startsWith("is not JSON: ").doesNotContain("Source", "StreamReadFeature");
    }

    static List<Arguments> misspeltKeys() {
        return List.of(
                arguments(
                        "        - to:\n            uri: log:x\n            #parametres:\n              a: b\n",
                        "parametres"),
                arguments(
                        "        - split:\n            simple: x\n            #stepz:\n              - log: x\n",
                        "stepz"),
                arguments("        - setBody: {#simpel: x}\n", "simpel"),
                arguments("        - log: a\n        - #lgo:\n            message: x\n", "lgo"),
                arguments("        - log: a\n      #form: x\n", "form"));
    }

    /** The engine tells where the value of the key begins, or what the key is in. */
    @ParameterizedTest
    @MethodSource("misspeltKeys")
    void namesTheLineOfAMisspeltKey(String marked, String key) throws Exception {
        String steps = "- route:\n    id: mine\n    from:\n      uri: direct:operation-mine\n      steps:\n" + marked;
        int line = (int) steps.substring(0, steps.indexOf('#')).lines().count();
        String text = steps.replace("#", "");
        try (DefaultCamelContext context = new DefaultCamelContext()) {
            context.start();

            Throwable fault = catchThrowable(() -> ScratchContext.compile(
                    context, Path.of("kamelets"), Map.of(Path.of("operations/mine.camel.yaml"), text)));

            assertThat(RouteFault.of("operations/mine.camel.yaml", text, fault))
                    .satisfies(told -> assertThat(told.line()).isEqualTo(line))
                    .satisfies(
                            told -> assertThat(told.detail()).contains(key).doesNotContain("line", "mine.camel.yaml"));
        }
    }
}
