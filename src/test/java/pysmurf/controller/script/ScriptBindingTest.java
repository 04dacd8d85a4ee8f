package pysmurf.controller.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

/** The text is cut into words before anything in it is evaluated. */
class ScriptBindingTest {

    @Test
    void cutsAtBlanks() {
        assertThat(ScriptBinding.words("")).isEmpty();
        assertThat(ScriptBinding.words("  a  b\tc\n")).containsExactly("a", "b", "c");
    }

    @Test
    void keepsWhatIsQuotedTogether() {
        assertThat(ScriptBinding.words("'a b' \"c 'd'\" ''")).containsExactly("a b", "c 'd'", "");
    }

    @Test
    void keepsExpressionsTogether() {
        assertThat(ScriptBinding.words("--x=${body[a b]} ${exchangeProperty.options}"))
                .containsExactly("--x=${body[a b]}", "${exchangeProperty.options}");
    }

    @Test
    void refusesAQuoteThatIsNotClosed() {
        assertThatThrownBy(() -> ScriptBinding.words("a 'b")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ScriptBinding.words("a \"b")).isInstanceOf(IllegalArgumentException.class);
    }
}
