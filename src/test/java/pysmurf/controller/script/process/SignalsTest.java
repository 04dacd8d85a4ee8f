package pysmurf.controller.script.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SignalsTest {

    /** What a JVM reports for a process that a signal ended, by the shell's convention. */
    private static final int SIGNALLED = 128;

    @BeforeAll
    static void warmUp() {
        Signals.warmUp();
    }

    @ParameterizedTest
    @EnumSource(Signal.class)
    void endsAProcess(Signal signal) throws Exception {
        Process process = new ProcessBuilder("env", "--default-signal=INT", "sleep", "100").start();

        // Only once env has become sleep is an inherited "ignored" undone.
        Scripts.awaitCommand(process.pid(), "sleep");

        assertThat(Signals.send(process.pid(), signal)).isTrue();
        assertThat(process.waitFor()).isEqualTo(SIGNALLED + signal.number());
    }

    @Test
    void endsAGroup() throws Exception {
        try (Scripts scripts = new Scripts()) {
            Process process = scripts.start("sh", "-c", "sleep 100 & sleep 100 & wait");
            Scripts.awaitGroupSize(process.pid(), 3);

            assertThat(Signals.groupExists(process.pid())).isTrue();
            assertThat(Signals.sendToGroup(process.pid(), Signal.KILL)).isTrue();
            process.waitFor();
            Scripts.awaitGroupSize(process.pid(), 0);
        }
    }

    @Test
    void tellsThatNobodyIsThere() throws Exception {
        Process process = new ProcessBuilder("true").start();
        process.waitFor();

        assertThat(Signals.send(process.pid(), Signal.KILL)).isFalse();
        assertThat(Signals.sendToGroup(process.pid(), Signal.KILL)).isFalse();
        assertThat(Signals.groupExists(process.pid())).isFalse();
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, -2, Long.MIN_VALUE, 1L << 32, (1L << 32) + 1})
    void refusesWhatWouldHitEverybody(long number) {
        assertThatIllegalArgumentException().isThrownBy(() -> Signals.send(number, Signal.KILL));
        assertThatIllegalArgumentException().isThrownBy(() -> Signals.sendToGroup(number, Signal.KILL));
        assertThatIllegalArgumentException().isThrownBy(() -> Signals.groupExists(number));
    }

    @Test
    void refusesThisProcessAndItsGroup() {
        ProcessEntry self =
                ProcessTable.read().find(ProcessHandle.current().pid()).orElseThrow();

        assertThatIllegalArgumentException().isThrownBy(() -> Signals.send(self.pid(), Signal.KILL));
        assertThatIllegalArgumentException().isThrownBy(() -> Signals.sendToGroup(self.group(), Signal.KILL));
    }
}
