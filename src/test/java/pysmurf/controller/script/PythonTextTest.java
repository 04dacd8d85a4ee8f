package pysmurf.controller.script;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import pysmurf.controller.driver.Python;
import pysmurf.controller.session.Json;

/** Compared with what Python itself prints. */
class PythonTextTest {

    private static final String STR =
            "import json, sys\nprint(json.dumps([str(v) for v in json.load(open(sys.argv[1]))]))";

    @org.junit.jupiter.api.io.TempDir
    java.nio.file.Path folder;

    private static final String DUMPS =
            "import json, sys\nprint(json.dumps([json.dumps(v, ensure_ascii=False) for v in json.load(open(sys.argv[1]))]))";

    private void assertAsInPython(String json) throws Exception {
        java.nio.file.Path file = java.nio.file.Files.writeString(folder.resolve("values.json"), json);
        JsonNode python = new ObjectMapper().readTree(Python.print(STR, file.toString()));
        JsonNode values = Json.read(json.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        List<String> expected = new ArrayList<>();
        List<String> actual = new ArrayList<>();
        JsonNode dumped = new ObjectMapper().readTree(Python.print(DUMPS, file.toString()));
        for (int i = 0; i < values.size(); i++) {
            expected.add(python.path(i).asText());
            actual.add(PythonText.str(Json.value(values.path(i))));
            expected.add(dumped.path(i).asText());
            actual.add(PythonText.json(Json.value(values.path(i))));
        }
        assertThat(actual).isEqualTo(expected);
    }

    @Test
    void writesPlainValues() throws Exception {
        assertAsInPython("[\"text\", \"\", true, false, null, 0, -1, 12345678901234567890123, 1.0, -0.0, 0.1, 1e3,"
                + " 123456789.0, 1e15, 1e16, 1e17, 1.5e300, 1e-4, 1e-5, 1.25e-7, 5e-324, 1.7976931348623157e308]");
    }

    @Test
    void writesFloatsInTheFewestDigits() throws Exception {
        assertAsInPython("[5.684341886080802e-14, 2e23, 2.0e-3, 9007199254740993.0, 1.1e23, 4.35, 0.3]");
    }

    @Test
    void writesAThousandFloatsOfAnySize() throws Exception {
        Random random = new Random(1);
        List<Double> numbers = random.longs(1000)
                .mapToObj(Double::longBitsToDouble)
                .filter(Double::isFinite)
                .toList();

        assertAsInPython(new ObjectMapper().writeValueAsString(numbers));
    }

    @Test
    void writesListsAndObjects() throws Exception {
        assertAsInPython("[[], {}, [1, \"a\", null, true, 2.0, [\"b\"]], {\"k\": \"v\", \"n\": {\"m\": [1]}},"
                + " [\"it's\"], [\"say \\\"it's\\\"\"], [\"back\\\\slash\"], [\"line\\nend\\ttab\\rreturn\"]]");
    }

    @Test
    void writesWhatCannotBePrintedAsPythonDoes() throws Exception {
        assertAsInPython(
                "[[\"\\u0000\\u0001\\u007f\"], [\"\\u00a0\\u00ad\\u200b\"], [\"\\u00fc\\u03c6\\ud83d\\ude00\"]]");
    }
}
