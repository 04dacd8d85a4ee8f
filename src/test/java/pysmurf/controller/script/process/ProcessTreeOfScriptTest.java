package pysmurf.controller.script.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tree of real processes. */
class ProcessTreeOfScriptTest {

    @TempDir
    Path folder;

    private final Scripts scripts = new Scripts();

    @AfterEach
    void endAll() {
        scripts.close();
    }

    @Test
    void aSignalReachesTheWholeGroup() throws Exception {
        Process process = scripts.start("sh", "-c", "sleep 100 & (sleep 100 & exec sleep 100) & wait");
        ProcessTree tree = scripts.tree(process);
        Scripts.awaitAlive(tree, 4);

        assertThat(tree.signal(Signal.KILL)).isTrue();

        process.waitFor();
        Scripts.awaitAlive(tree, 0);
        assertThat(tree.signal(Signal.KILL)).isFalse();
    }

    @Test
    void aReparentedGrandchildInItsOwnSessionIsFoundByTheMarker() throws Exception {
        Path note = folder.resolve("pid");
        Process process = scripts.start(
                "sh",
                "-c",
                "(setsid sh -c 'echo $$ > \"$0.new\"; mv \"$0.new\" \"$0\"; exec sleep 100' \"$0\" &)",
                note.toString());
        process.waitFor();
        Scripts.awaitFile(note);
        long pid = Long.parseLong(Files.readString(note).strip());
        Scripts.awaitCommand(pid, "sleep");

        // Made only now: nothing was noted before, the leader is gone, and so is the parent.
        ProcessTree tree = new ProcessTree(new ProcessId(process.pid(), 0), scripts.marker());

        assertThat(tree.alive()).extracting(ProcessId::pid).containsExactly(pid);
        assertThat(tree.isMainAlive()).isFalse();
        assertThat(tree.signal(Signal.TERM)).isTrue();
        Scripts.awaitAlive(tree, 0);
    }

    @Test
    void aDescendantThatThrewAwayItsEnvironmentIsFoundIfItWasNotedBefore() throws Exception {
        Path ready = folder.resolve("ready");
        Path go = folder.resolve("go");
        Process process = scripts.python("""
                import os, subprocess, sys, time
                subprocess.Popen(["env", "-i", "sleep", "100"], start_new_session=True)
                open(sys.argv[2], "w").close()
                while not os.path.exists(sys.argv[1]):
                    time.sleep(0.01)
                """, go, ready);
        ProcessTree tree = scripts.tree(process);
        Scripts.awaitFile(ready);
        Scripts.awaitAlive(tree, 2);
        Set<ProcessId> before = tree.alive();
        ProcessId leader = tree.leader().orElseThrow();
        ProcessId child =
                before.stream().filter(id -> !id.equals(leader)).findFirst().orElseThrow();
        Scripts.awaitCommand(child.pid(), "sleep");

        Files.createFile(go);
        process.waitFor();

        assertThat(tree.alive()).containsExactly(child);
        assertThat(tree.signal(Signal.KILL)).isTrue();
        Scripts.awaitAlive(tree, 0);
    }

    @Test
    void aZombieIsNotAlive() throws Exception {
        Path note = folder.resolve("pid");
        Process process = scripts.python("""
                import os, sys, time
                child = os.fork()
                if child == 0:
                    os._exit(0)
                os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
                with open(sys.argv[1] + ".new", "w") as note:
                    note.write(str(child))
                os.rename(sys.argv[1] + ".new", sys.argv[1])
                time.sleep(100)
                """, note);
        ProcessTree tree = scripts.tree(process);
        Scripts.awaitFile(note);
        long zombie = Long.parseLong(Files.readString(note).strip());

        assertThat(ProcFiles.SYSTEM.stat(zombie))
                .get()
                .extracting(ProcessEntry::state)
                .isEqualTo('Z');
        assertThat(tree.alive()).containsExactly(tree.leader().orElseThrow());
    }

    @Test
    void nothingIsLeftOfAScriptThatJustEnds() throws Exception {
        for (int i = 0; i < 10; i++) {
            Process process = scripts.start("true");
            ProcessTree tree = scripts.tree(process);

            process.waitFor();

            assertThat(tree.alive()).isEmpty();
        }
    }

    @Test
    void childrenThatOutliveTheScriptAreFoundAtItsEnd() throws Exception {
        for (int i = 0; i < 10; i++) {
            Process process = scripts.start("sh", "-c", "sleep 100 & setsid sleep 100 & exit 0");
            ProcessTree tree = scripts.tree(process);

            process.waitFor();

            // At once, in the midst of their execve.
            assertThat(tree.alive()).hasSize(2);
            Scripts.kill(tree);
        }
    }

    @Test
    void aProcessThatNobodySawAliveHasNoLeaderButItsChildrenAreFound() throws Exception {
        Process process = scripts.start("sh", "-c", "setsid sleep 100 & exit 0");
        process.waitFor();

        ProcessTree tree = ProcessTree.of(process.pid(), scripts.marker());

        assertThat(tree.leader()).isEmpty();
        assertThat(tree.isMainAlive()).isFalse();
        Scripts.awaitAlive(tree, 1);
    }
}
