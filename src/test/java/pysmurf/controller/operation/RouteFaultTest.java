package pysmurf.controller.operation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.FileNotFoundException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
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
}
