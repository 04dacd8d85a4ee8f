package pysmurf.controller.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class OptionsTest {

    @Test
    void hasDefaultsForAControllerThatHasThem() {
        Options options = Options.parse();

        assertThat(options.broker()).isEqualTo("tcp://127.0.0.1:1883");
        assertThat(options.http()).isEqualTo("http://127.0.0.1:8080");
        assertThat(options.params()).hasToString("{\"bands\":[0],\"simulate\":true}");
        assertThat(options.controllerEnded()).isFalse();
    }

    @Test
    void takesEachOption() {
        Options options = Options.parse(
                "--broker",
                "tcp://b:1",
                "--http",
                "http://h:2/",
                "--controller",
                "c",
                "--params",
                "{\"bands\":[1],\"seed\":4}",
                "--log",
                "x/y.log",
                "--columns",
                "80");

        assertThat(options.broker()).isEqualTo("tcp://b:1");
        assertThat(options.http()).isEqualTo("http://h:2");
        assertThat(options.controller()).isEqualTo("c");
        assertThat(options.params()).hasToString("{\"bands\":[1],\"simulate\":true,\"seed\":4}");
        assertThat(options.log()).isEqualTo(Path.of("x/y.log"));
        assertThat(options.columns()).isEqualTo(80);
    }

    @Test
    void saysWhatIsWrong() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Options.parse("--bands", "1"))
                .withMessage("--bands: unknown option");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Options.parse("--pid"))
                .withMessageStartingWith("--pid: ");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Options.parse("--pid", "x"))
                .withMessage("--pid: x is not a number");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Options.parse("--params", "[1]"))
                .withMessage("--params: not a JSON object");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Options.parse("--params", "{"))
                .withMessageStartingWith("--params: ");
    }

    @Test
    void noticesThatTheControllerHasEnded() throws Exception {
        Process process = new ProcessBuilder("sleep", "60").start();
        Options options = Options.parse("--pid", Long.toString(process.pid()));

        assertThat(options.controllerEnded()).isFalse();
        process.destroyForcibly().waitFor();
        assertThat(options.controllerEnded()).isTrue();
    }
}
