package pysmurf.controller.script.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProcessEntryTest {

    @ParameterizedTest
    @ValueSource(
            strings = {"python3", "a b", "a) R 1 2 (b", ")", "(", "", "))) ((", "line\nend", ") Z 0 0 0", "Web Content"
            })
    void readsALineWhateverTheCommandsName(String name) {
        String line = FakeProc.stat(4711, name, 12, 34, 56, 'S', 7, 987654321);

        assertThat(parse(line)).contains(new ProcessEntry(new ProcessId(4711, 987654321), 12, 34, 56, 'S', false, 7));
    }

    @Test
    void tellsHowAZombieEnded() {
        String fields = " 1 34 34 0 -1 4194304 0 0 0 0 0 0 0 0 20 0 1 0 987654321" + " 0".repeat(29) + " ";
        assertThat(ProcessEntry.exitStatus("4711 (a) Z (b) Z" + fields + "1792\n"))
                .contains(7 << 8);
        assertThat(ProcessEntry.exitStatus("4711 (a) Z (b) S" + fields + "0\n")).isEmpty();
        assertThat(ProcessEntry.exitStatus("4711 (a) Z 1 34")).isEmpty();
    }

    @Test
    void readsNegativeNumbers() {
        // A kernel thread's group is 0, a terminal's group -1; nothing forbids the kernel another negative one.
        assertThat(parse(FakeProc.stat(2, "kthreadd", 0, -1, 0, 'S', 1, 3)))
                .get()
                .extracting(ProcessEntry::group)
                .isEqualTo(-1L);
    }

    @Test
    void knowsAThreadOfTheKernel() {
        assertThat(parse("35 (kworker/0:1H-kblockd) I 2 0 0 0 -1 69238880 0 0 0 0 0 0 0 0 0 -20 1 0 88 0 0 0 0 0"))
                .get()
                .extracting(ProcessEntry::kernelThread)
                .isEqualTo(true);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "47", "47 (", "47 (sh", "47 (sh)", "47 (sh) ", "47 (sh) S 1 2 3"})
    void aLineThatEndsTooSoonIsNoProcess(String line) {
        assertThat(parse(line)).isEmpty();
    }

    @Test
    void aLineOfAnotherFormIsAnError() {
        assertThatThrownBy(() -> parse(FakeProc.stat(1, "x", 1, 1, 1, 'S', 1, 1).replace(" 4194304 ", " flags ")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("flags");
    }

    @Test
    void zombiesAndDeadOnesAreNotAlive() {
        assertThat(entry('S', 1).isAlive()).isTrue();
        assertThat(entry('D', 1).isAlive()).isTrue();
        assertThat(entry('T', 1).isAlive()).isTrue();
        assertThat(entry('X', 1).isAlive()).isFalse();
        assertThat(entry('x', 1).isAlive()).isFalse();
        assertThat(entry('Z', 1).isAlive()).isFalse();
        assertThat(entry('Z', 0).isAlive()).isFalse();
    }

    @Test
    void aProcessWhoseFirstThreadEndedIsAliveWhileOthersGoOn() {
        assertThat(entry('Z', 2).isAlive()).isTrue();
    }

    private static ProcessEntry entry(char state, int threads) {
        return parse(FakeProc.stat(10, "x", 1, 10, 10, state, threads, 1)).orElseThrow();
    }

    private static Optional<ProcessEntry> parse(String line) {
        return ProcessEntry.parse(line);
    }
}
