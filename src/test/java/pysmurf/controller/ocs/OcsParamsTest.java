package pysmurf.controller.ocs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;
import pysmurf.controller.session.Json;

class OcsParamsTest {

    private static final String SCHEMA =
            "{\"properties\": {\"args\": {\"type\": \"array\"}, \"n\": {\"type\": \"number\"}}}";

    private static ObjectNode object(String json) throws JsonProcessingException {
        return (ObjectNode) Json.mapper().readTree(json);
    }

    @Test
    void countsNullAsMissing() throws Exception {
        assertThat(OcsParams.of(object("{\"args\": null, \"n\": 1}"))).isEqualTo(object("{\"n\": 1}"));
        assertThat(OcsParams.of(MissingNode.getInstance())).isEmpty();
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

        assertThat(OcsParams.of(given))
                .isEqualTo(object("{\"args\": [\"nan\", \"-inf\", 2.5, [\"inf\"]], \"limits\": {\"most\": null}}"));
    }

    @Test
    void refusesOneStringWhereAListBelongs() throws Exception {
        assertThat(OcsParams.notAList(object("{\"args\": \"--band 0\"}"), object(SCHEMA)))
                .contains("Param 'args'=--band 0 is not of required type (<class 'list'>)");
    }

    @Test
    void leavesTheRestToAdmission() throws Exception {
        assertThat(OcsParams.notAList(object("{\"args\": [], \"n\": \"x\"}"), object(SCHEMA)))
                .isEmpty();
        assertThat(OcsParams.notAList(object("{}"), object(SCHEMA))).isEmpty();
    }
}
