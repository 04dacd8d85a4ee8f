package pysmurf.controller.ocs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import org.junit.jupiter.api.Test;
import pysmurf.controller.session.Json;

class WaitTimeTest {

    @Test
    void isForEverWithoutATimeout() {
        assertThat(WaitTime.seconds(NullNode.getInstance())).isInfinite();
        assertThat(WaitTime.seconds(MissingNode.getInstance())).isInfinite();
    }

    @Test
    void takesNumbersAsTheyAre() {
        assertThat(WaitTime.seconds(DoubleNode.valueOf(1.5))).isEqualTo(1.5);
        assertThat(WaitTime.seconds(IntNode.valueOf(-1))).isEqualTo(-1);
        assertThat(WaitTime.seconds(BooleanNode.TRUE)).isEqualTo(1);
        assertThat(WaitTime.micros(0.0000015)).isEqualTo(2);
        assertThat(WaitTime.micros(-3)).isZero();
    }

    @Test
    void raisesForWhatCannotBeCompared() {
        assertThatThrownBy(() -> WaitTime.seconds(TextNode.valueOf("1")))
                .isInstanceOf(CallFault.class)
                .hasMessage("'<' not supported between instances of 'str' and 'int'");
        assertThatThrownBy(() -> WaitTime.seconds(Json.object()))
                .isInstanceOf(CallFault.class)
                .hasMessage("'<' not supported between instances of 'dict' and 'int'");
        assertThatThrownBy(() -> WaitTime.seconds(DoubleNode.valueOf(Double.NaN)))
                .isInstanceOf(CallFault.class);
    }
}
