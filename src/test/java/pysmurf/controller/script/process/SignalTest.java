package pysmurf.controller.script.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SignalTest {

    /** What a JVM reports for a process that a signal ended, by the shell's convention. */
    private static final int SIGNALLED = 128;

    @BeforeAll
    static void warmUp() {
        Signal.warmUp();
    }

    @ParameterizedTest
    @EnumSource(Signal.class)
    void endsAProcess(Signal signal) throws Exception {
        Process process = new ProcessBuilder("env", "--default-signal=INT", "sleep", "100").start();

        // Only once env has become sleep is an inherited "ignored" undone.
        Scripts.awaitCommand(process.pid(), "sleep");

        assertThat(Signal.kill(process.pid(), signal)).isZero();
        assertThat(process.waitFor()).isEqualTo(SIGNALLED + signal.number());
    }

    @Test
    void endsAGroup() throws Exception {
        try (Scripts scripts = new Scripts()) {
            Process process = scripts.start("sh", "-c", "sleep 100 & sleep 100 & wait");
            Scripts.awaitGroupSize(process.pid(), 3);

            assertThat(Signal.kill(-process.pid(), null)).isZero();
            assertThat(Signal.kill(-process.pid(), Signal.KILL)).isZero();
            process.waitFor();
            Scripts.awaitGroupSize(process.pid(), 0);
        }
    }

    @Test
    void tellsThatThereIsNoProcess() throws Exception {
        Process process = new ProcessBuilder("true").start();
        process.waitFor();

        assertThat(Signal.kill(process.pid(), Signal.KILL)).isEqualTo(Libc.ESRCH);
        assertThat(Signal.kill(-process.pid(), null)).isEqualTo(Libc.ESRCH);
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 1, -1, Long.MIN_VALUE, 1L << 32, (1L << 32) + 1})
    void refusesWhatWouldHitEverybody(long number) {
        assertThatIllegalArgumentException().isThrownBy(() -> Signal.kill(number, Signal.KILL));
        assertThatIllegalArgumentException().isThrownBy(() -> Signal.kill(-number, Signal.KILL));
    }

    @Test
    void refusesThisProcessAndItsGroup() {
        ProcessEntry self = ProcFiles.SYSTEM.stat(ProcessHandle.current().pid()).orElseThrow();

        assertThatIllegalArgumentException().isThrownBy(() -> Signal.kill(self.pid(), Signal.KILL));
        assertThatIllegalArgumentException().isThrownBy(() -> Signal.kill(-self.group(), Signal.KILL));
    }
}
