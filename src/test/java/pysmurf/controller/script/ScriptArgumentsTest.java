package pysmurf.controller.script;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import pysmurf.controller.session.Json;

class ScriptArgumentsTest {

    private final ScriptArguments arguments = new ScriptArguments();

    private static ArrayNode array() {
        return Json.mapper().createArrayNode();
    }

    @Test
    void takesWhatAProcessTakes() throws Exception {
        String longest = "x".repeat(ScriptArguments.MOST_BYTES_EACH);

        assertThat(arguments.fault(array().add(1).add("two").add(longest))).isEmpty();
        assertThat(new ProcessBuilder("true", longest).start().waitFor()).isZero();
        List<String> most = new ArrayList<>(List.of("true"));
        most.addAll(Collections.nCopies(7, longest));
        assertThat(ScriptArguments.fault(most)).isEmpty();
        assertThat(new ProcessBuilder(most).start().waitFor()).isZero();
    }

    @Test
    void refusesAnArgumentTooLong() {
        assertThat(arguments.fault(array().add("a").add("x".repeat(ScriptArguments.MOST_BYTES_EACH + 1))))
                .get()
                .asString()
                .contains("argument 2", "131072", "131071")
                .hasSizeLessThan(200);
    }

    @Test
    void countsBytesNotCharacters() {
        assertThat(arguments.fault(array().add("φ".repeat(70_000))))
                .get()
                .asString()
                .contains("140000");
    }

    @Test
    void refusesTooMuchAltogether() {
        ArrayNode many = array();
        for (int i = 0; i < 900; i++) {
            many.add("x".repeat(1200));
        }

        assertThat(arguments.fault(many)).get().asString().contains("together");
    }

    @Test
    void refusesAZeroByte() {
        assertThat(arguments.fault(array().add("a\0b"))).get().asString().contains("zero byte");
    }

    @Test
    void leavesOtherTypesToTheSchema() {
        assertThat(arguments.fault(Json.mapper().getNodeFactory().textNode("x")))
                .isEmpty();
    }
}
