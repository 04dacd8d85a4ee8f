package pysmurf.controller.script.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static pysmurf.controller.script.process.ProcFiles.Finding.ABSENT;
import static pysmurf.controller.script.process.ProcFiles.Finding.BLANK;
import static pysmurf.controller.script.process.ProcFiles.Finding.GONE;
import static pysmurf.controller.script.process.ProcFiles.Finding.PRESENT;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcFilesTest {

    @Nested
    class OfThisMachine {

        private final ProcFiles proc = ProcFiles.SYSTEM;
        private final long ownPid = ProcessHandle.current().pid();

        @Test
        void holdsThisProcess() {
            ProcessEntry self = proc.stat(ownPid).orElseThrow();
            assertThat(self.isAlive()).isTrue();
            assertThat(self.kernelThread()).isFalse();
            assertThat(self.threads()).isGreaterThan(1);
            assertThat(self.parent())
                    .isEqualTo(ProcessHandle.current().parent().orElseThrow().pid());
            assertThat(ProcessId.of(ownPid)).contains(self.id());
            assertThat(proc.startedSince(0).entries())
                    .extracting(ProcessEntry::id)
                    .contains(self.id());
        }

        @Test
        void leavesOutWhatIsOlder() throws Exception {
            proc.startedSince(0).entries();
            Process child = new ProcessBuilder("sleep", "100").start();
            try {
                ProcessId id = ProcessId.of(child.pid()).orElseThrow();

                assertThat(proc.startedSince(id.startTicks()).entries())
                        .extracting(ProcessEntry::pid)
                        .contains(child.pid())
                        .doesNotContain(ownPid);
            } finally {
                child.destroyForcibly().waitFor();
            }
            assertThat(ProcessId.of(child.pid())).isEmpty();
        }

        @Test
        void findsWholeEntriesOfAnEnvironment() throws Exception {
            ProcessBuilder builder = new ProcessBuilder("sleep", "100");
            builder.environment().clear();
            builder.environment().put("FILL", "x".repeat(10_000));
            builder.environment().put("MARK", "7");
            builder.environment().put("EMPTY", "");
            Process child = builder.start();
            try {
                ProcessEntry entry = proc.stat(child.pid()).orElseThrow();

                assertThat(proc.findInEnvironment(entry, "MARK=7")).isEqualTo(PRESENT);
                assertThat(proc.findInEnvironment(entry, "EMPTY=")).isEqualTo(PRESENT);
                assertThat(proc.findInEnvironment(entry, "MARK=")).isEqualTo(ABSENT);
                assertThat(proc.findInEnvironment(entry, "MARK=77")).isEqualTo(ABSENT);
                assertThat(proc.findInEnvironment(entry, "ARK=7")).isEqualTo(ABSENT);
            } finally {
                child.destroyForcibly().waitFor();
            }
        }
    }

    @Nested
    class OfAFolder {

        @TempDir
        Path root;

        private FakeProc proc;

        @BeforeEach
        void make() {
            proc = new FakeProc(root);
        }

        @Test
        void passesOverWhatVanishedAndWhatIsNoProcess() throws IOException {
            proc.put(100, 1, 100, 100, 'S', 5);
            Files.createDirectory(root.resolve("101"));
            Files.createDirectory(root.resolve("102"));
            Files.createFile(root.resolve("102/stat"));
            Files.createDirectory(root.resolve("self"));

            assertThat(proc.files().startedSince(0).entries())
                    .extracting(ProcessEntry::pid)
                    .containsExactly(100L);
        }

        @Test
        void countsWhatVanishedWhileItRead() throws IOException {
            proc.put(100, 1, 100, 100, 'S', 5);
            Files.createDirectory(root.resolve("101"));
            assertThat(proc.files().startedSince(6).vanished()).isZero();

            Files.createSymbolicLink(root.resolve("102"), Path.of("gone"));
            assertThat(proc.files().startedSince(6).vanished()).isEqualTo(1);
        }

        @Test
        void seesAPidThatIsUsedAgainThoughTheFirstOneWasOlder() throws IOException {
            proc.put(100, 1, 100, 100, 'S', 5);
            assertThat(proc.files().startedSince(6).entries()).isEmpty();

            // Renamed, not deleted: the new folder must get another inode.
            Files.move(root.resolve("100"), root.resolve("was-100"));
            ProcessId second = proc.put(100, 1, 100, 100, 'S', 7);

            assertThat(proc.files().startedSince(6).entries())
                    .extracting(ProcessEntry::id)
                    .containsExactly(second);
        }

        @Test
        void doesNotReadAnOlderProcessTwice() throws IOException {
            proc.put(100, 1, 100, 100, 'S', 5);
            proc.files().startedSince(6);
            Files.delete(root.resolve("100/stat"));
            Files.writeString(root.resolve("100/stat"), FakeProc.stat(100, "x", 1, 100, 100, 'S', 1, 9));

            assertThat(proc.files().startedSince(6).entries()).isEmpty();
            assertThat(proc.files().startedSince(0).entries()).hasSize(1);
        }

        @Test
        void doesNotTakeAnUnreadableFolderForAMachineWithoutProcesses() throws IOException {
            Files.delete(root);

            assertThatThrownBy(() -> proc.files().startedSince(0).entries()).isInstanceOf(UncheckedIOException.class);
        }

        @Test
        void anEmptyEnvironmentMayStillBeToCome() throws IOException {
            proc.put(100, 1, 100, 100, 'S', 5);
            ProcessEntry entry = proc.files().stat(100).orElseThrow();
            assertThat(proc.files().findInEnvironment(entry, "A=1")).isEqualTo(BLANK);

            proc.remove(100);
            assertThat(proc.files().findInEnvironment(entry, "A=1")).isEqualTo(GONE);
        }

        @Test
        void aThreadOfTheKernelIsNotLookedInto() {
            ProcessEntry worker = new ProcessEntry(new ProcessId(100, 5), 2, 0, 0, 'I', true, 1);

            assertThat(proc.files().findInEnvironment(worker, "A=1")).isEqualTo(ABSENT);
        }
    }
}
