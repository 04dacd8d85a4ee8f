package pysmurf.controller.ocs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import pysmurf.controller.session.Json;

class OcsParamsTest {

    private static final String SCHEMA = """
            {'additionalProperties': false, 'required': ['script'], 'properties': {
              'script': {'type': 'string'}, 'args': {'type': 'array'}, 'n': {'type': ['number', 'null']},
              'kind': {'enum': ['obs', 'oper']}, 'log': {'type': ['boolean', 'string']}, 'any': {}, 'seed': {'type': 'integer'},
              'bands': {'type': 'array', 'items': {'type': 'integer'}}}}
            """;

    private static ObjectNode object(String json) throws JsonProcessingException {
        return (ObjectNode) Json.mapper().readTree(json.replace('\'', '"'));
    }

    @Test
    void countsNullAsMissing() throws Exception {
        assertThat(OcsParams.of(object("{\"args\": null, \"n\": 1}"), object(SCHEMA)))
                .isEqualTo(object("{\"n\": 1}"));
        assertThat(OcsParams.of(MissingNode.getInstance(), object(SCHEMA))).isEmpty();
    }

    @Test
    void makesTextOfInfiniteArgumentsAndNullOfOtherInfiniteNumbers() throws Exception {
        ObjectNode given = Json.object();
        given.putArray("args")
                .add(Double.NaN)
                .add(Double.NEGATIVE_INFINITY)
                .add(2.5)
                .addArray()
                .add(Double.POSITIVE_INFINITY);
        given.putObject("limits").put("most", Double.POSITIVE_INFINITY);

        assertThat(OcsParams.of(given, object(SCHEMA)))
                .isEqualTo(object("{\"args\": [\"nan\", \"-inf\", 2.5, [\"inf\"]], \"limits\": {\"most\": null}}"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{}|Param 'script' is required and must not be None",
                "{'script': 'x', 'args': '--band 0'}|Param 'args'=--band 0 is not of required type (<class 'list'>)",
                "{'script': 'x', 'n': '5'}|Param 'n'=5 is not of required type (<class 'float'>)",
                "{'script': 'x', 'n': true}|Param 'n'=True is not of required type (<class 'float'>)",
                "{'script': 'x', 'log': 1}|Param 'log'=1 is not of required type ((<class 'bool'>, <class 'str'>))",
                "{'script': 'x', 'kind': 'cmb'}|Param 'kind'=cmb is not in allowed set (['obs', 'oper'])",
                "{'script': 'x', 'bogus': 1, 'n': 1, 'b': {}}|params included unexpected values: ['bogus', 'b']",
                "{'script': 'x', 'bogus': null}|params included unexpected values: ['bogus']",
                "{'script': 'x', 'band': null}|params included unexpected values: ['band']",
                "{'script': 'x', 'band': [1], 'bands': null}|params included unexpected values: ['band']",
                "{'script': 'x', 'band': 1, 'bands': [2]}|params included unexpected values: ['band']"
            })
    void refusesInTheWordsOfOcs(String given, String text) throws Exception {
        ObjectNode schema = object(SCHEMA);
        ObjectNode params = OcsParams.of(object(given), schema);

        assertThat(OcsParams.fault(params, schema, false)).contains(text);
        assertThat(OcsParams.fault(params, schema, true).isPresent()).isNotEqualTo(text.startsWith("params"));
    }

    @Test
    void letsThroughWhatTheSchemaDoesNotForbid() throws Exception {
        String any = "{'n': 2, 'kind': 'obs', 'any': [1], 'log': 'file', 'seed': 1, 'script': 'x', 'bands': [9]}";

        assertThat(OcsParams.fault(object(any), object(SCHEMA), false)).isEmpty();
        assertThat(OcsParams.fault(object("{'other': 1}"), object("{'properties': {}}"), false))
                .isEmpty();
    }

    /** The original gives both to sodetlib, which takes them; ocs-web calls the bands of its choice "band". */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'bands': 3}|[3]",
                "{'band': ['3', '5']}|[3,5]",
                "{'band': 'all'}|[\"all\"]",
                "{'bands': ['3']}|[\"3\"]",
                "{'band': [3]}|[3]",
                "{'band': 3}|[3]",
                "{'bands': [1, 2]}|[1,2]"
            })
    void takesOneBandForAList(String given, String bands) throws Exception {
        assertThat(OcsParams.of(object(given), object(SCHEMA)).properties().toString())
                .isEqualTo("[bands=" + bands + "]");
    }

    @Test
    void leavesABandAloneWhereThereAreNoBands() throws Exception {
        ObjectNode given = object("{'band': 3, 'args': 3}");

        assertThat(OcsParams.of(given, object("{'properties': {'args': {'type': 'array'}}}")))
                .isEqualTo(given);
    }
}
