package pysmurf.controller.script.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The rules of belonging, on processes that are made up. */
class ProcessTreeTest {

    private static final String MARKER = "MARK=7";
    private static final long START = 1000;

    /** Above any pid there can be, so that no slip in a test signals somebody. */
    private static final long PID = 1L << 30;

    @TempDir
    Path root;

    private FakeProc proc;
    private RecordingKill kill;
    private ProcessId leader;
    private ProcessTree tree;

    @BeforeEach
    void leaderAndAForeigner() throws IOException {
        proc = new FakeProc(root);
        kill = new RecordingKill();
        proc.put(PID - 1, 1, PID - 1, PID - 1, 'S', START - 10, MARKER);
        leader = proc.put(PID, 50, PID, PID, 'S', START, MARKER);
        tree = tree(leader);
    }

    private ProcessTree tree(ProcessId id) {
        return new ProcessTree(id.pid(), id, id.startTicks(), MARKER, proc.files(), kill);
    }

    @Test
    void hasItsLeaderAndNothingOlder() {
        assertThat(tree.alive()).containsExactly(leader);
        assertThat(tree.isMainAlive()).isTrue();
        assertThat(tree.leader()).contains(leader);
    }

    @Test
    void hasGroupSessionMarkedAndDescendants() throws IOException {
        ProcessId inGroup = proc.put(PID + 1, 1, PID, PID, 'S', START);
        ProcessId inSession = proc.put(PID + 2, 1, PID + 2, PID, 'S', START + 1);
        ProcessId marked = proc.put(PID + 3, 1, PID + 3, PID + 3, 'S', START + 1, "A=1", MARKER);
        ProcessId child = proc.put(PID + 4, PID, PID + 4, PID + 4, 'S', START + 1, "A=1");
        ProcessId grandchild = proc.put(PID + 5, PID + 3, PID + 5, PID + 5, 'S', START + 1, "A=1");
        proc.put(PID + 6, 1, PID + 6, PID + 6, 'S', START + 1, "A=1", MARKER + "0", "X" + MARKER);

        assertThat(tree.alive()).containsExactlyInAnyOrder(leader, inGroup, inSession, marked, child, grandchild);
    }

    @Test
    void remembersADescendantThatLeftAllTheMarksBehind() throws IOException {
        ProcessId child = proc.put(PID + 4, PID, PID, PID, 'S', START + 1, MARKER);
        assertThat(tree.alive()).contains(child);

        proc.remove(PID);
        proc.put(PID + 4, 1, PID + 4, PID + 4, 'S', START + 1, "A=1");
        assertThat(tree.alive()).containsExactly(child);

        // Its children are found by it, and remembered in turn.
        ProcessId grandchild = proc.put(PID + 5, PID + 4, PID + 4, PID + 4, 'S', START + 2, "A=1");
        assertThat(tree.alive()).containsExactlyInAnyOrder(child, grandchild);
        proc.remove(PID + 4);
        proc.put(PID + 5, 1, PID + 5, PID + 5, 'S', START + 2, "A=1");
        assertThat(tree.alive()).containsExactly(grandchild);
    }

    @Test
    void doesNotMistakeAReusedPid() throws IOException {
        proc.put(PID + 4, PID, PID + 4, PID + 4, 'S', START + 1, "A=1");
        assertThat(tree.alive()).hasSize(2);

        proc.put(PID + 4, 1, PID + 4, PID + 4, 'S', START + 9, "A=1");
        assertThat(tree.alive()).containsExactly(leader);

        proc.put(PID, 1, PID, PID, 'S', START + 9, "A=1");
        assertThat(tree.alive()).isEmpty();
        assertThat(tree.isMainAlive()).isFalse();
    }

    @Test
    void doesNotMistakeAReusedGroup() throws IOException {
        proc.remove(PID);
        assertThat(tree.alive()).isEmpty();

        proc.put(PID, 1, PID, PID, 'S', START + 9, "A=1");
        proc.put(PID + 1, PID, PID, PID, 'S', START + 9, "A=1");
        assertThat(tree.alive()).isEmpty();
        proc.remove(PID);
        assertThat(tree.alive()).isEmpty();
        assertThat(tree.signal(Signal.KILL)).isFalse();
        assertThat(kill.sent).isEmpty();
    }

    @Test
    void doesNotTrustTheNumberOfALeaderThatIsGoneAtTheStart() throws IOException {
        proc.remove(PID);
        proc.put(PID + 1, 1, PID, PID, 'S', START + 1, "A=1");
        ProcessId marked = proc.put(PID + 2, 1, PID, PID, 'S', START + 1, MARKER);

        ProcessTree adopted = tree(leader);

        assertThat(adopted.alive()).containsExactly(marked);
    }

    @Test
    void doesNotTakeAnOlderProcessForAChild() throws IOException {
        proc.put(PID + 4, PID, PID + 4, PID + 4, 'S', START - 1, "A=1");
        proc.put(PID + 5, PID, PID + 5, PID + 5, 'S', START + 5, MARKER);
        // As if PID + 5 had been given out again between the reading of the two.
        proc.put(PID + 6, PID + 5, PID + 6, PID + 6, 'S', START + 4, "A=1");

        assertThat(tree.alive()).extracting(ProcessId::pid).containsExactlyInAnyOrder(PID, PID + 5);
    }

    @Test
    void doesNotCountZombies() throws IOException {
        proc.put(PID, 50, PID, PID, 'Z', START);
        proc.put(PID + 1, PID, PID, PID, 'Z', START);
        kill.groups.add(PID);

        assertThat(tree.alive()).isEmpty();
        assertThat(tree.isMainAlive()).isFalse();
    }

    @Test
    void findsTheGroupsMembersAlsoAfterTheLeader() throws IOException {
        ProcessId member = proc.put(PID + 1, 1, PID, PID, 'S', START, "A=1");
        proc.remove(PID);
        assertThat(tree.alive()).containsExactly(member);
        proc.put(PID, 1, PID, PID, 'Z', START);
        assertThat(tree.alive()).containsExactly(member);
    }

    @Test
    void looksTwiceWhereTheKernelHasAGroupAndTheTableNobody() throws IOException {
        ProcessId[] late = new ProcessId[1];
        ProcessTree racing = treeThatReads(() -> late[0] = proc.put(PID + 1, 1, PID, PID, 'S', START + 1));
        proc.remove(PID);
        kill.groups.add(PID);

        assertThat(racing.alive()).containsExactly(late[0]);
    }

    @Test
    void looksAgainIfSomebodyEndedDuringTheLook() throws IOException {
        ProcessId[] late = new ProcessId[1];
        // Listed, but not there to be read.
        Path ended = Files.createSymbolicLink(root.resolve(Long.toString(PID + 2)), Path.of("gone"));
        ProcessTree racing = treeThatReads(() -> {
            if (late[0] == null) {
                late[0] = put(PID + 3, MARKER);
                Files.delete(ended);
            }
        });
        proc.remove(PID);

        assertThat(racing.alive()).containsExactly(late[0]);
    }

    @Test
    void looksAgainIfSomebodyBecameAZombie() throws IOException {
        ProcessId[] late = new ProcessId[1];
        proc.put(PID + 2, 1, PID + 2, PID + 2, 'Z', START + 1);
        ProcessTree racing = treeThatReads(() -> {
            if (late[0] == null) {
                late[0] = put(PID + 3, MARKER);
            }
        });
        proc.remove(PID);

        assertThat(racing.alive()).containsExactly(late[0]);
    }

    @Test
    void believesThatNobodyIsThereWhereStrangersComeAndGo() throws IOException {
        int[] looks = {0};
        Files.createSymbolicLink(root.resolve(Long.toString(PID + 2)), Path.of("gone"));
        ProcessTree racing = treeThatReads(() -> looks[0]++);
        proc.remove(PID);

        assertThat(racing.alive()).isEmpty();
        assertThat(looks[0]).isBetween(2, 50);
    }

    private interface Change {
        void make() throws IOException;
    }

    /** A tree after whose reading of the table something changes. */
    private ProcessTree treeThatReads(Change change) {
        ProcFiles racing = new ProcFiles(root) {
            @Override
            Listing startedSince(long earliest) {
                Listing listing = super.startedSince(earliest);
                try {
                    change.make();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
                return listing;
            }
        };
        return new ProcessTree(PID, leader, START, MARKER, racing, kill);
    }

    private ProcessId put(long pid, String... environment) throws IOException {
        return proc.put(pid, 1, pid, pid, 'S', START + 1, environment);
    }

    @Test
    void signalsTheGroupFirstAndThenEachThatLeftIt() throws IOException {
        proc.put(PID + 1, PID, PID, PID, 'S', START);
        proc.put(PID + 2, 1, PID + 2, PID, 'S', START);
        proc.put(PID + 3, 1, PID + 3, PID + 3, 'S', START, MARKER);

        assertThat(tree.signal(Signal.TERM)).isTrue();

        assertThat(kill.sent).first().isEqualTo("TERM -" + PID);
        assertThat(kill.sent).containsExactlyInAnyOrder("TERM -" + PID, "TERM " + (PID + 2), "TERM " + (PID + 3));
    }

    @Test
    void signalsALeaderThatHasNoGroupYet() throws IOException {
        proc.put(PID, 50, 50, 50, 'S', START);

        assertThat(tree.signal(Signal.INT)).isTrue();

        assertThat(kill.sent).containsExactly("INT " + PID);
        // And knows the group when it comes.
        proc.put(PID, 50, PID, PID, 'S', START);
        tree.signal(Signal.TERM);
        assertThat(kill.sent).containsExactly("INT " + PID, "TERM -" + PID);
    }

    @Test
    void notesDescendantsBeforeASignal() throws IOException {
        ProcessId child = proc.put(PID + 4, PID, PID + 4, PID + 4, 'S', START + 1, "A=1");
        tree.signal(Signal.INT);

        proc.remove(PID);
        proc.put(PID + 4, 1, PID + 4, PID + 4, 'S', START + 1, "A=1");

        assertThat(tree.alive()).containsExactly(child);
    }

    @Test
    void oneThatMayNotBeSignalledDoesNotKeepTheOthersFromIt() throws IOException {
        proc.put(PID + 2, 1, PID + 2, PID, 'S', START);
        proc.put(PID + 3, 1, PID + 3, PID + 3, 'S', START, MARKER);
        kill.forbidden.addAll(List.of(-PID, PID + 2));

        assertThat(tree.signal(Signal.KILL)).isTrue();

        assertThat(kill.sent).containsExactlyInAnyOrder("KILL " + PID, "KILL " + (PID + 3));
    }

    @Test
    void signalsTheGroupThoughNobodyCanBeSeen() {
        boolean[] blind = {false};
        ProcFiles full = new ProcFiles(root) {
            @Override
            Listing startedSince(long earliest) {
                if (blind[0]) {
                    throw new UncheckedIOException(new IOException("too many open files"));
                }
                return super.startedSince(earliest);
            }
        };
        ProcessTree other = new ProcessTree(PID, leader, START, MARKER, full, kill);
        other.alive();
        blind[0] = true;

        assertThat(other.signal(Signal.KILL)).isTrue();
        assertThat(kill.sent).containsExactly("KILL -" + PID);
        assertThatThrownBy(other::alive).isInstanceOf(UncheckedIOException.class);
    }

    @Test
    void isNotMadeForThisProcessOrItsGroupOrInit() {
        ProcessEntry self = ProcFiles.SYSTEM.stat(ProcessHandle.current().pid()).orElseThrow();
        for (long pid : new long[] {0, 1, -1, self.pid(), self.group()}) {
            ProcessId id = new ProcessId(pid, START);
            assertThatIllegalArgumentException().isThrownBy(() -> new ProcessTree(id, MARKER));
        }
    }

    @Test
    void neverHasThisProcessOrInit() throws IOException {
        ProcessEntry self = ProcFiles.SYSTEM.stat(ProcessHandle.current().pid()).orElseThrow();
        proc.put(self.pid(), PID, PID, PID, 'S', START + 1, MARKER);
        proc.put(1, PID, PID, PID, 'S', START + 1, MARKER);

        assertThat(tree.alive()).containsExactly(leader);
    }

    private static final class RecordingKill implements ProcessTree.Kill {

        private final List<String> sent = new ArrayList<>();
        private final Set<Long> forbidden = new HashSet<>();

        /** Groups of which kill(2) knows though the table does not. */
        private final Set<Long> groups = new HashSet<>();

        @Override
        public int send(long target, Signal signal) {
            if (signal == null) {
                return groups.contains(-target) ? 0 : Libc.ESRCH;
            }
            if (forbidden.contains(target)) {
                return Libc.EPERM;
            }
            sent.add(signal + " " + target);
            return 0;
        }
    }
}
