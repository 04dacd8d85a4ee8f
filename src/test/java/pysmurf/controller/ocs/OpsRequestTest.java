package pysmurf.controller.ocs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import pysmurf.controller.session.Json;
import pysmurf.controller.wamp.Call;
import pysmurf.controller.wamp.CallFault;
import pysmurf.controller.wamp.WampJson;

/** How arguments are bound; the texts were taken from Python 3.11. */
class OpsRequestTest {

    private static Call call(String args, String kwargs) throws JsonProcessingException {
        List<JsonNode> positional = new ArrayList<>();
        Json.mapper().readTree(args).forEach(positional::add);
        return new Call("a.ops", positional, (ObjectNode) Json.mapper().readTree(kwargs));
    }

    @Test
    void bindsByPosition() throws Exception {
        OpsRequest request = OpsRequest.of(call("[\"start\", \"run\", {\"script\": \"s\"}, 2.5, \"pw\"]", "{}"));

        assertThat(request.action()).isEqualTo("start");
        assertThat(request.opName()).isEqualTo("run");
        assertThat(request.params().path("script").asText()).isEqualTo("s");
        assertThat(request.timeout().doubleValue()).isEqualTo(2.5);
        assertThat(request.password().asText()).isEqualTo("pw");
    }

    @Test
    void bindsByKeyword() throws Exception {
        OpsRequest request = OpsRequest.of(call(
                "[\"wait\"]", "{\"op_name\": \"run\", \"params\": null, \"timeout\": null, \"password\": \"pw\"}"));

        assertThat(request.opName()).isEqualTo("run");
        assertThat(request.timeout().isNull()).isTrue();
        assertThat(request.password().asText()).isEqualTo("pw");
    }

    @Test
    void namesOperationsAsPythonWould() throws Exception {
        assertThat(OpsRequest.of(call("[\"status\", 5]", "{}")).opName()).isEqualTo("5");
        assertThat(OpsRequest.of(call("[\"status\", null]", "{}")).opName()).isEqualTo("None");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[]|{}|missing 2 required positional arguments: 'action' and 'op_name'",
                "[1]|{}|missing 1 required positional argument: 'op_name'",
                "[]|{\"op_name\": 1}|missing 1 required positional argument: 'action'",
                "[1,2,3,4,5,6]|{}|takes from 3 to 6 positional arguments but 7 were given",
                "[1,2]|{\"bogus\": 1, \"timeout\": 2}|got an unexpected keyword argument 'bogus'",
                "[1,2,3]|{\"params\": 1}|got multiple values for argument 'params'",
                "[1,2,3,4,5,6]|{\"bogus\": 3}|got an unexpected keyword argument 'bogus'",
            })
    void raisesAsPythonDoes(String args, String kwargs, String text) {
        assertThatThrownBy(() -> OpsRequest.of(call(args, kwargs)))
                .isInstanceOfSatisfying(
                        CallFault.class, fault -> assertThat(fault.name()).isEqualTo("wamp.error.runtime_error"))
                .hasMessage("OCSAgent._ops_handler() " + text);
    }

    @Test
    void raisesForAnOperationThatPythonCannotLookUp() {
        assertThatThrownBy(() -> OpsRequest.of(call("[\"status\", [1]]", "{}")))
                .isInstanceOf(CallFault.class)
                .hasMessage("unhashable type: 'list'");
    }

    private static double seconds(String timeout) throws Exception {
        List<JsonNode> args =
                List.of(TextNode.valueOf("wait"), TextNode.valueOf("run"), Json.object(), WampJson.read(timeout));
        return OpsRequest.of(new Call("a.ops", args, Json.object())).seconds();
    }

    @Test
    void waitsForEverWithoutATimeout() throws Exception {
        assertThat(OpsRequest.of(call("[\"wait\", \"run\"]", "{}")).seconds()).isInfinite();
        assertThat(seconds("null")).isInfinite();
    }

    @Test
    void takesTimeoutsAsTheyAre() throws Exception {
        assertThat(seconds("1.5")).isEqualTo(1.5);
        assertThat(seconds("-1")).isEqualTo(-1);
        assertThat(seconds("true")).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"1\"|'<' not supported between instances of 'str' and 'int'",
                "{}|'<' not supported between instances of 'dict' and 'int'",
                "NaN|nan is not greater than or equal to 0 seconds"
            })
    void raisesForATimeoutThatCannotBeCompared(String timeout, String text) {
        assertThatThrownBy(() -> seconds(timeout)).isInstanceOf(CallFault.class).hasMessage(text);
    }

    @Test
    void takesAnEmptyListForNoParameters() throws Exception {
        assertThat(OpsRequest.of(call("[\"abort\", \"run\", []]", "{}")).hasParams())
                .isTrue();
        assertThat(OpsRequest.of(call("[\"abort\", \"run\", [1]]", "{}")).hasParams())
                .isFalse();
        assertThat(OpsRequest.of(call("[\"abort\", \"run\", \"x\"]", "{}")).hasParams())
                .isFalse();
    }

    @Test
    void keepsThePasswordOutOfItsText() throws Exception {
        Call call = call("[\"start\", \"run\", {}, null, \"secret\"]", "{\"password\": \"secret\"}");

        assertThat(call.toString() + OpsRequest.of(call("[\"start\", \"run\", {}, null, \"secret\"]", "{}")))
                .doesNotContain("secret");
    }
}
