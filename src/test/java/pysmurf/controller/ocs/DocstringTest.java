package pysmurf.controller.ocs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import pysmurf.controller.operation.Operation;
import pysmurf.controller.operation.Parameters;
import pysmurf.controller.operation.Schema;
import pysmurf.controller.session.Json;

class DocstringTest {

    private static Operation operation(String schema) throws Exception {
        return new Operation(
                "tune",
                "Tunes.",
                new Parameters(Schema.of(Json.mapper().readTree(schema)), List.of()),
                List.of(),
                List.of(),
                1);
    }

    @Test
    void showsTheCallAndItsParameters() throws Exception {
        String schema = "{\"type\": \"object\", \"required\": [\"band\"], \"properties\": {"
                + "\"log\": {\"type\": [\"boolean\", \"string\"], \"default\": true, \"description\": \"Where to.\"},"
                + "\"band\": {\"type\": \"integer\", \"description\": \"Which.\"},"
                + "\"name\": {\"default\": \"a'b\", \"description\": \"Any.\"}}}";

        assertThat(Docstring.of(operation(schema), true)).isEqualTo("""
                tune(band, log=True, name="a'b")

                **Task** - Tunes. (abortable)

                Parameters:
                    log (bool/str, optional): Where to. Defaults to True.
                    band (int): Which.
                    name (object, optional): Any. Defaults to "a'b".
                """);
    }

    @Test
    void isShortForAnOperationWithoutParameters() throws Exception {
        assertThat(Docstring.of(operation("{\"type\": \"object\"}"), false)).isEqualTo("tune()\n\n**Task** - Tunes.\n");
    }
}
