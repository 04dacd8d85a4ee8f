package pysmurf.controller.script.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessTableTest {

    @Nested
    class OfThisMachine {

        private final long ownPid = ProcessHandle.current().pid();

        @Test
        void holdsThisProcess() {
            ProcessTable table = ProcessTable.read();

            ProcessEntry self = table.find(ownPid).orElseThrow();
            assertThat(self.isAlive()).isTrue();
            assertThat(self.kernelThread()).isFalse();
            assertThat(self.threads()).isGreaterThan(1);
            assertThat(self.parent())
                    .isEqualTo(ProcessHandle.current().parent().orElseThrow().pid());
            assertThat(ProcessId.of(ownPid)).contains(self.id());
            assertThat(table.find(new ProcessId(ownPid, self.id().startTicks() + 1)))
                    .isEmpty();
        }

        @Test
        void leavesOutWhatIsOlder() throws Exception {
            ProcessTable.read();
            Process child = new ProcessBuilder("sleep", "100").start();
            try {
                ProcessId id = ProcessId.of(child.pid()).orElseThrow();

                ProcessTable table = ProcessTable.readStartedSince(id.startTicks());

                assertThat(table.find(id)).isPresent();
                assertThat(table.find(ownPid)).isEmpty();
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
                ProcessTable table = ProcessTable.read();
                ProcessEntry entry = table.find(child.pid()).orElseThrow();

                assertThat(table.hasEnvironmentEntry(entry, "MARK=7")).contains(true);
                assertThat(table.hasEnvironmentEntry(entry, "EMPTY=")).contains(true);
                assertThat(table.hasEnvironmentEntry(entry, "MARK=")).contains(false);
                assertThat(table.hasEnvironmentEntry(entry, "MARK=77")).contains(false);
                assertThat(table.hasEnvironmentEntry(entry, "ARK=7")).contains(false);
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

            assertThat(proc.table().processes()).extracting(ProcessEntry::pid).containsExactly(100L);
        }

        @Test
        void countsWhatVanishedWhileItRead() throws IOException {
            proc.put(100, 1, 100, 100, 'S', 5);
            Files.createDirectory(root.resolve("101"));
            assertThat(proc.table(6).vanished()).isZero();

            Files.createSymbolicLink(root.resolve("102"), Path.of("gone"));
            assertThat(proc.table(6).vanished()).isEqualTo(1);
        }

        @Test
        void seesAPidThatIsUsedAgainThoughTheFirstOneWasOlder() throws IOException {
            proc.put(100, 1, 100, 100, 'S', 5);
            assertThat(proc.table(6).processes()).isEmpty();

            // Renamed, not deleted: the new folder must get another inode.
            Files.move(root.resolve("100"), root.resolve("was-100"));
            ProcessId second = proc.put(100, 1, 100, 100, 'S', 7);

            assertThat(proc.table(6).processes()).extracting(ProcessEntry::id).containsExactly(second);
        }

        @Test
        void doesNotReadAnOlderProcessTwice() throws IOException {
            proc.put(100, 1, 100, 100, 'S', 5);
            ProcessTable.readStartedSince(6, proc.files());
            Files.delete(root.resolve("100/stat"));
            Files.writeString(root.resolve("100/stat"), FakeProc.stat(100, "x", 1, 100, 100, 'S', 1, 9));

            assertThat(proc.table(6).processes()).isEmpty();
            assertThat(proc.table(0).processes()).hasSize(1);
        }

        @Test
        void doesNotTakeAnUnreadableFolderForAMachineWithoutProcesses() throws IOException {
            Files.delete(root);

            assertThatThrownBy(() -> proc.table()).isInstanceOf(UncheckedIOException.class);
        }

        @Test
        void anEmptyEnvironmentMayStillBeToCome() throws IOException {
            proc.put(100, 1, 100, 100, 'S', 5);
            ProcessTable table = proc.table();
            ProcessEntry entry = table.find(100).orElseThrow();
            assertThat(table.findInEnvironment(entry, "A=1")).isEqualTo(ProcessTable.Finding.BLANK);
            assertThat(table.hasEnvironmentEntry(entry, "A=1")).isEmpty();

            proc.remove(100);
            assertThat(table.findInEnvironment(entry, "A=1")).isEqualTo(ProcessTable.Finding.GONE);
        }

        @Test
        void aThreadOfTheKernelIsNotLookedInto() {
            ProcessEntry worker = new ProcessEntry(new ProcessId(100, 5), 2, 0, 0, 'I', true, 1);

            assertThat(proc.table().findInEnvironment(worker, "A=1")).isEqualTo(ProcessTable.Finding.ABSENT);
        }
    }

    @Test
    void findsAnEntryWhateverTheChunks() {
        byte[] block = "A=1\0MARK=42\0B=2\0".getBytes(StandardCharsets.UTF_8);
        byte[] open = "A=1\0MARK=42".getBytes(StandardCharsets.UTF_8);
        for (int size = 1; size <= block.length; size++) {
            assertThat(search(block, size, "MARK=42")).as("chunks of %d", size).isTrue();
            assertThat(search(open, size, "MARK=42")).as("chunks of %d", size).isTrue();
            assertThat(search(block, size, "MARK=4")).as("chunks of %d", size).isFalse();
            assertThat(search(block, size, "MARK=421")).as("chunks of %d", size).isFalse();
            assertThat(search(block, size, "1")).as("chunks of %d", size).isFalse();
        }
    }

    private static boolean search(byte[] block, int size, String entry) {
        ProcFiles.EntrySearch search = new ProcFiles.EntrySearch(entry.getBytes(StandardCharsets.UTF_8));
        for (int at = 0; at < block.length; at += size) {
            byte[] chunk = Arrays.copyOfRange(block, at, Math.min(block.length, at + size));
            if (search.feed(chunk, chunk.length)) {
                return true;
            }
        }
        return search.end();
    }
}
