package pysmurf.controller.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.apache.camel.Exchange;
import org.apache.camel.Expression;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.Test;
import pysmurf.controller.session.Json;

class ScriptArgumentsTest {

    private final ScriptArguments arguments = new ScriptArguments();

    private static ArrayNode array() {
        return Json.mapper().createArrayNode();
    }

    @Test
    void takesWhatAProcessTakes() throws Exception {
        String longest = "x".repeat(ScriptArguments.MAX_BYTES_EACH);

        assertThat(arguments.fault(array().add(1).add("two").add(longest))).isEmpty();
        assertThat(new ProcessBuilder("true", longest).start().waitFor()).isZero();
        List<String> most = new ArrayList<>(List.of("true"));
        most.addAll(Collections.nCopies(7, longest));
        assertThat(ScriptArguments.fault(most)).isEmpty();
        assertThat(new ProcessBuilder(most).start().waitFor()).isZero();
    }

    @Test
    void refusesAnArgumentTooLong() {
        assertThat(arguments.fault(array().add("a").add("x".repeat(ScriptArguments.MAX_BYTES_EACH + 1))))
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

    @Test
    void cutsWordsAtBlanks() {
        assertThat(ScriptArguments.words("")).isEmpty();
        assertThat(ScriptArguments.words("  a  b\tc\n")).containsExactly("a", "b", "c");
    }

    @Test
    void keepsWhatIsQuotedTogether() {
        assertThat(ScriptArguments.words("'a b' \"c 'd'\" ''")).containsExactly("a b", "c 'd'", "");
    }

    @Test
    void keepsExpressionsTogether() {
        assertThat(ScriptArguments.words("--x=${body[a b]} ${exchangeProperty.options}"))
                .containsExactly("--x=${body[a b]}", "${exchangeProperty.options}");
    }

    @Test
    void refusesAQuoteThatIsNotClosed() {
        assertThatThrownBy(() -> arguments.createExpression("a 'b")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> arguments.createExpression("a \"b")).isInstanceOf(IllegalArgumentException.class);
    }

    /** No value becomes two arguments; a list becomes several, and no value none. */
    @Test
    void evaluatesEachWordWhereItStands() throws Exception {
        DefaultCamelContext context = new DefaultCamelContext();
        context.getRegistry().bind(arguments.name(), arguments);
        Expression expression = context.resolveLanguage("script-args")
                .createExpression("-x ${body[text]} --n=${body[n]} ${body[list]} ${body[none]} '${body[text]}'");
        expression.init(context);
        Exchange exchange = new DefaultExchange(context);
        exchange.getMessage()
                .setBody(Map.of("text", "; rm -rf ${header.x}", "n", 0.5, "list", List.of(1e16, "a b", true)));

        assertThat(expression.evaluate(exchange, Object.class))
                .isEqualTo(List.of(
                        "-x", "; rm -rf ${header.x}", "--n=0.5", "1e+16", "a b", "True", "; rm -rf ${header.x}"));
        context.stop();
    }
}
