package pysmurf.controller.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;
import pysmurf.controller.session.Json;

class GateTest {

    private static final Gate DRAIN_CURRENT = new Gate("hemt_id", 7.8, 8.2, null);
    private static final Gate QUIET = new Gate("quiet", null, null, true);

    private static ObjectNode numbers(double current) {
        return Json.object().put("hemt_id", current);
    }

    @Test
    void aNumberWithinItsLimitsPasses() {
        assertThat(DRAIN_CURRENT.fault(numbers(7.8))).isEmpty();
        assertThat(DRAIN_CURRENT.fault(numbers(8.2))).isEmpty();
    }

    @Test
    void aFaultTellsValueAndLimit() {
        assertThat(DRAIN_CURRENT.fault(numbers(5.1))).contains("hemt_id 5.1 is below 7.8");
        assertThat(DRAIN_CURRENT.fault(numbers(9))).contains("hemt_id 9 is above 8.2");
        assertThat(new Gate("n_res", 10.0, null, null).fault(Json.object().put("n_res", 3)))
                .contains("n_res 3 is below 10");
    }

    @Test
    void whatIsNoNumberIsAFault() {
        assertThat(DRAIN_CURRENT.fault(Json.object())).contains("hemt_id is missing, no number");
        assertThat(DRAIN_CURRENT.fault(Json.object().putNull("hemt_id"))).contains("hemt_id is null, no number");
    }

    @Test
    void aTruthValueHasToBeAsWanted() {
        assertThat(QUIET.fault(Json.object().put("quiet", true))).isEmpty();
        assertThat(QUIET.fault(Json.object().put("quiet", false))).contains("quiet is false, not true");
        assertThat(QUIET.fault(Json.object())).contains("quiet is missing, not true");
    }
}
