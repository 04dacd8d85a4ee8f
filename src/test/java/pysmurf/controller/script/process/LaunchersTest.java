package pysmurf.controller.script.process;

import static org.assertj.core.api.Assertions.assertThat;
import static pysmurf.controller.script.process.Scripts.awaiting;

import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.driver.Python;
import pysmurf.controller.driver.Setup;

/** Scripts that are forked, beside those that a fresh Python runs. */
class LaunchersTest {

    private static final String PARENT = "import os; print(os.getppid(), flush=True)\n";

    @TempDir
    Path folder;

    private final Launchers launchers = new Launchers();
    private final String marker = "PYSMURF_SESSION_MARK=" + UUID.randomUUID();
    private final List<Launchers.Kept> used = new ArrayList<>();
    private final List<Long> pids = new ArrayList<>();
    private int outputs;
    private int scripts;

    private Launchers.Kept use(String... modules) {
        Map<String, String> environment = new LinkedHashMap<>(environment());
        environment.remove("PYSMURF_SESSION_MARK");
        environment.put("PYTHONPATH", folder.toString());
        Launchers.Kept kept = launchers.use(Python.interpreter(), List.of(modules), environment);
        used.add(kept);
        return kept;
    }

    private Launchers.Kept ready(String... modules) {
        Launchers.Kept kept = use(modules);
        awaitReady(kept);
        return kept;
    }

    private long awaitReady(Launchers.Kept kept) {
        awaiting().until(() -> kept.ready().isPresent());
        long pid = kept.ready().orElseThrow().pid();
        pids.add(pid);
        return pid;
    }

    /** Nothing is left of launchers, and nothing of scripts. */
    @AfterEach
    void endAll() {
        Scripts.kill(new ProcessTree(ProcessId.NONE, marker));
        used.forEach(Launchers.Kept::close);
        awaiting().untilAsserted(() -> assertThat(pids)
                .noneMatch(pid ->
                        ProcFiles.SYSTEM.stat(pid).filter(ProcessEntry::isAlive).isPresent()));
    }

    private Map<String, String> environment() {
        Map<String, String> environment = new LinkedHashMap<>();
        environment.put("PYSMURF_SESSION_MARK", marker.substring(marker.indexOf('=') + 1));
        environment.put("PATH", System.getenv("PATH"));
        environment.put("GREETING", "good evening, ä");
        environment.put("EMPTY", "");
        environment.put("LANG", "C.UTF-8");
        environment.put("PYTHONPATH", folder.toString());
        environment.put("PYTHONDONTWRITEBYTECODE", "1");
        return environment;
    }

    /** A script on its way. */
    private record Run(ProcessGroup process, Path output, Path exitFile) {

        int exitCode() throws Exception {
            return process.exit().get(20, TimeUnit.SECONDS);
        }

        String said() throws Exception {
            exitCode();
            return Files.readString(output, StandardCharsets.ISO_8859_1);
        }

        long parent() {
            awaiting().until(() -> Files.readString(output).contains("\n"));
            return firstNumber();
        }

        private long firstNumber() {
            try {
                return Long.parseLong(
                        Files.readString(output).lines().findFirst().orElseThrow());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** @param kept null for a fresh Python */
    private Run start(Launchers.Kept kept, Path script, String... arguments) throws Exception {
        // By the same name, which the scripts see.
        Path place = Files.createDirectories(folder.resolve("output" + outputs++));
        Path output = Files.createFile(place.resolve("log"));
        Path exitFile = place.resolve("exit");
        List<String> words = new ArrayList<>(List.of(Python.interpreter(), "-u", script.toString()));
        words.addAll(List.of(arguments));
        Optional<ProcessGroup> forked =
                kept == null ? Optional.empty() : kept.start(words, environment(), output, exitFile);
        ProcessGroup process = forked.isPresent() ? forked.get() : ProcessGroup.start(words, environment(), output);
        return new Run(process, output, exitFile);
    }

    private Path script(String text) throws Exception {
        return Files.writeString(folder.resolve("script" + scripts++ + ".py"), text);
    }

    /** Ends with 7 when there is the file that it is told. */
    private Path endingOn() throws Exception {
        return script(PARENT + """
                import sys, time
                while not os.path.exists(sys.argv[1]): time.sleep(0.005)
                sys.exit(7)
                """);
    }

    private ProcessTree tree(Run run) {
        return ProcessTree.of(run.process.pid(), marker);
    }

    private static boolean isForkedBy(Launchers.Kept kept, Run run) {
        return run.parent() == kept.ready().orElseThrow().pid();
    }

    private Run assertAlike(Path script, String... arguments) throws Exception {
        Run warm = start(ready("json", "logging", "asyncio", "multiprocessing.pool"), script, arguments);
        Run cold = start(null, script, arguments);
        assertThat(warm.exitCode()).isEqualTo(cold.exitCode());
        assertThat(warm.said().replace(warm.output.toString(), "LOG"))
                .isEqualTo(cold.said().replace(cold.output.toString(), "LOG"));
        return warm;
    }

    private void assertForked(Run run) {
        assertThat(run.exitFile).exists();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"all", "thread", "code", "text", "exception", "hook", "_exit", "terminate", "interrupt", "abort"
            })
    void aScriptNoticesNothing(String end) throws Exception {
        assertForked(assertAlike(Setup.SCRIPTS.resolve("tells_all.py"), end, "", "a b", "*'\"$HOME\u00e4"));
    }

    @Test
    void whatIsNoPlainSourceIsRunAsPythonRunsIt() throws Exception {
        Path place = Files.createDirectory(folder.resolve("sources"));
        assertForked(assertAlike(Files.writeString(place.resolve("broken.py"), "print(1)\nif True print(2)\n")));
        assertForked(
                assertAlike(Files.writeString(place.resolve("warned.py"), "assert (1, 'always true')\nreturn 1\n")));
        assertAlike(place.resolve("missing.py"));
        assertAlike(Files.write(place.resolve("bytes.py"), new byte[] {'#', (byte) 0xe4, '\n'}));
        assertAlike(Files.write(
                place.resolve("coding.py"),
                "# coding: latin-1\nprint(ascii('\u00e4'))\n".getBytes(StandardCharsets.ISO_8859_1)));
        assertForked(assertAlike(Files.writeString(place.resolve("mark.py"), "\ufeffprint(__file__)\r\n1 / 0\r\n")));
        assertAlike(Files.writeString(place.resolve("zero.py"), "print(1)\n\0\n"));
        Path main = Files.createDirectory(place.resolve("program")).resolve("__main__.py");
        assertAlike(Files.writeString(main, "print(__file__, __package__)").getParent());
        Path archive = place.resolve("archive");
        try (OutputStream out = Files.newOutputStream(archive);
                ZipOutputStream zip = new ZipOutputStream(out)) {
            zip.putNextEntry(new ZipEntry("__main__.py"));
            zip.write("print(__file__, __package__)".getBytes(StandardCharsets.UTF_8));
        }
        assertAlike(archive);
        Path link =
                Files.createSymbolicLink(folder.resolve("link.py"), Files.writeString(place.resolve("linked.py"), """
                import sys
                print(__file__, sys.argv, sys.path[0])
                """));
        assertForked(assertAlike(link, "x"));
    }

    @Test
    void isSeenByItsArgumentsAsFarAsThereIsRoom() throws Exception {
        Launchers.Kept kept = ready("json");
        String longest = "x".repeat(100_000);

        Run run = start(
                kept,
                script(PARENT + "import sys; print(len(sys.argv[1]), sys.argv[2], open('/proc/self/cmdline').read())"),
                longest,
                "y");

        assertThat(isForkedBy(kept, run)).isTrue();
        assertThat(run.said()).contains("100000 y").containsPattern("-u\0/.*\\.py\0x{1000,99999}\0");
    }

    @Test
    void randomNumbersAreAnotherScriptsOwn() throws Exception {
        Launchers.Kept kept = ready("random");
        Path script = script(PARENT + "import random; print(random.random())");

        Run one = start(kept, script);
        Run other = start(kept, script);

        assertThat(isForkedBy(kept, one)).isTrue();
        assertThat(one.said()).isNotEqualTo(other.said());
    }

    /** Forked twice, in a session of its own, without its parent: nothing but the marker tells whose it is. */
    @Test
    void aDaemonOfAScriptIsFoundAndEndedAndTheLauncherIsNot() throws Exception {
        Launchers.Kept kept = ready("json");
        long launcher = kept.ready().orElseThrow().pid();
        Run run = start(kept, Setup.SCRIPTS.resolve("daemonizes.py"));
        assertThat(run.exitCode()).isZero();

        // made only now, so that nothing was noted before
        ProcessTree tree = new ProcessTree(new ProcessId(run.process.pid(), 0), marker);
        assertThat(tree.alive()).hasSize(1).noneMatch(id -> id.pid() == launcher);
        AbortLadder.Graces graces = new AbortLadder.Graces(Duration.ofMillis(50), Duration.ofMillis(50));
        assertThat(new AbortLadder(tree, graces, signal -> {}).run()).isEmpty();

        assertThat(isForkedBy(kept, start(kept, script(PARENT)))).isTrue();
        assertThat(kept.ready().orElseThrow().pid()).isEqualTo(launcher);
    }

    @Test
    void startsInTheOrdinaryWayWhileModulesAreImported() throws Exception {
        Files.writeString(
                folder.resolve("slow_module.py"),
                "import os, time\nwhile not os.path.exists(__file__ + '.go'): time.sleep(0.005)\n");
        Launchers.Kept kept = use("slow_module");

        Run early = start(kept, script(PARENT));

        assertThat(early.parent()).isEqualTo(ProcessHandle.current().pid());
        assertThat(kept.ready()).isEmpty();
        assertThat(kept.fault()).isEmpty();
        Files.createFile(folder.resolve("slow_module.py.go"));
        awaitReady(kept);
        assertThat(isForkedBy(kept, start(kept, script(PARENT)))).isTrue();
    }

    @Test
    void saysWhichModuleCannotBeImported() throws Exception {
        Launchers.Kept kept = use("json", "no_such_module");

        awaiting().until(() -> kept.fault().isPresent());

        assertThat(kept.fault().orElseThrow())
                .isEqualTo("no_such_module: ModuleNotFoundError: No module named 'no_such_module'");
        assertThat(start(kept, script(PARENT)).parent())
                .isEqualTo(ProcessHandle.current().pid());
        Files.createFile(folder.resolve("no_such_module.py"));
        awaitReady(kept);
        assertThat(kept.fault()).isEmpty();
    }

    @Test
    void tellsWhatAForkDoesNotCopy() throws Exception {
        Files.writeString(folder.resolve("left_behind.py"), """
                import threading
                print("printed during the import")
                threading.Thread(target=threading.Event().wait, daemon=True, name="watcher").start()
                file = open(__file__)
                """);

        Launchers.Ready ready = ready("left_behind").ready().orElseThrow();

        assertThat(ready.threads()).containsExactly("watcher");
        assertThat(ready.descriptors()).singleElement().asString().endsWith("left_behind.py");
        assertThat(ready.tasks()).isZero();
    }

    @Test
    void whatAModuleSetsAtItsImportIsSet() throws Exception {
        Files.writeString(folder.resolve("setting.py"), """
                import os, signal
                os.environ["SET"] = "by a module"
                os.environ["GREETING"] += " and good night"
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                """);
        Path script = script("import setting, os; print(os.environ['SET'], os.environ['GREETING'], os.environ['OWN'])");
        Launchers.Kept kept = ready("setting");

        assertThat(kept.ready().orElseThrow().signals()).containsExactly("SIGINT");
        Map<String, String> all = environment();
        all.put("OWN", "of the session");
        Path output = Files.createFile(folder.resolve("set.log"));
        List<String> words = List.of(Python.interpreter(), "-u", script.toString());
        ProcessGroup process =
                kept.start(words, all, output, folder.resolve("set.exit")).orElseThrow();
        assertThat(process.exit().get(20, TimeUnit.SECONDS)).isZero();
        assertThat(output).hasContent("by a module good evening, ä and good night of the session");
    }

    @Test
    void importsAnewWhatHasChanged() throws Exception {
        Path module = Files.writeString(folder.resolve("changing.py"), "VALUE = 1\n");
        Files.setLastModifiedTime(module, FileTime.fromMillis(1_000_000_000_000L));
        Launchers.Kept kept = ready("changing");
        Path script = script(PARENT + "import changing; print(changing.VALUE)");
        long first = kept.ready().orElseThrow().pid();
        Run held = start(kept, script("import sys, time\nprint(1, flush=True)\ntime.sleep(600)"));
        held.parent();
        Files.writeString(module, "VALUE = 22\n");

        // a look at the files counts for a second
        awaiting().until(() -> start(kept, script).said().endsWith("\n22\n"));
        long second = awaitReady(kept);

        assertThat(second).isNotEqualTo(first);
        assertThat(ProcFiles.SYSTEM.stat(first)).isPresent();
        Run warm = start(kept, script);
        assertThat(isForkedBy(kept, warm)).isTrue();
        assertThat(warm.said()).endsWith("\n22\n");
        tree(held).signal(Signal.TERM);
        assertThat(held.exitCode()).isEqualTo(143);
        awaiting().until(() -> ProcFiles.SYSTEM.stat(first).isEmpty());
    }

    @Test
    void importsAnewWhenItIsTold() throws Exception {
        Launchers.Kept kept = ready("json");
        long first = kept.ready().orElseThrow().pid();

        assertThat(Libc.kill((int) first, 1)).isZero();

        awaiting().until(() -> kept.ready().filter(now -> now.pid() != first).isPresent());
        awaiting().until(() -> ProcFiles.SYSTEM.stat(first).isEmpty());
        assertThat(isForkedBy(kept, start(kept, script(PARENT)))).isTrue();
    }

    /** The script that it had started goes on, and is ended as ever. */
    @Test
    void isMadeAnewWhenItHasDied() throws Exception {
        Launchers.Kept kept = ready("json");
        long first = kept.ready().orElseThrow().pid();
        Run left = start(kept, script(PARENT + "import time; time.sleep(600)"));
        assertThat(isForkedBy(kept, left)).isTrue();
        ProcessTree tree = tree(left);

        Signal.kill(first, Signal.KILL);

        awaiting().until(() -> kept.ready().filter(now -> now.pid() != first).isPresent());
        awaitReady(kept);
        assertThat(isForkedBy(kept, start(kept, script(PARENT)))).isTrue();
        assertThat(tree.isMainAlive()).isTrue();
        assertThat(left.process.exit()).isNotDone();
        AbortLadder.Graces graces = new AbortLadder.Graces(Duration.ofSeconds(20), Duration.ofSeconds(20));
        assertThat(new AbortLadder(tree, graces, signal -> {}).run()).isEmpty();
        // whoever is the parent now may take its time to notice
        assertThat(left.process.exit().get(20, TimeUnit.SECONDS)).isIn(null, 130);
    }

    /** A script that is asked for meanwhile starts once, whatever becomes of the one that does not answer. */
    @Test
    void isReplacedWhenItDoesNotAnswer() throws Exception {
        Launchers.Kept kept = ready("json");
        long hanging = kept.ready().orElseThrow().pid();
        assertThat(Libc.kill((int) hanging, 19)).isZero();
        Path runs = folder.resolve("runs");

        Run run = start(kept, script(PARENT + "import sys; open(sys.argv[1], 'a').write('once\\n')"), runs.toString());

        assertThat(run.parent()).isEqualTo(ProcessHandle.current().pid());
        assertThat(run.exitCode()).isZero();
        // and ended, since no script depends on it
        awaiting().until(() -> ProcFiles.SYSTEM.stat(hanging).isEmpty());
        assertThat(runs).hasContent("once");
        awaitReady(kept);
    }

    /** Or a session would say that it runs until somebody asks the launcher for something else. */
    @Test
    void learnsOfAnEndThatItDoesNotTell() throws Exception {
        Launchers.Kept kept = ready("json");
        long hanging = kept.ready().orElseThrow().pid();
        Path go = folder.resolve("go");
        Run run = start(kept, endingOn(), go.toString());
        assertThat(run.parent()).isEqualTo(hanging);
        assertThat(Libc.kill((int) hanging, 19)).isZero();
        try {
            Files.createFile(go);

            assertThat(run.exitCode()).isEqualTo(7);
        } finally {
            assertThat(Libc.kill((int) hanging, 18)).isZero();
        }
    }

    /** As when the controller dies: the launcher ends with its last script, and leaves its exit code. */
    @Test
    void leavesTheExitCodeOfAScriptThatOutlivesItsController() throws Exception {
        Launchers.Kept kept = ready("json");
        long launcher = kept.ready().orElseThrow().pid();
        Path go = folder.resolve("go");
        Run run = start(kept, endingOn(), go.toString());
        run.parent();
        ProcessId id = tree(run).leader().orElseThrow();
        kept.close();
        used.remove(kept);
        var adopted = ProcessEnd.of(id, run.exitFile);
        assertThat(adopted).isNotDone();
        assertThat(ProcFiles.SYSTEM.stat(launcher)).isPresent();

        Files.createFile(go);

        assertThat(adopted.get(20, TimeUnit.SECONDS)).isEqualTo(7);
        awaiting().until(() -> ProcFiles.SYSTEM.stat(launcher).isEmpty());
    }

    @Test
    void isSharedByThoseWhoWantTheSame() throws Exception {
        Launchers.Kept one = ready("json");
        Launchers.Kept other = use("json");
        assertThat(other).isSameAs(one);
        assertThat(use("json", "logging")).isNotSameAs(one);

        other.close();
        used.remove(other);

        assertThat(isForkedBy(one, start(one, script(PARENT)))).isTrue();
    }

    @Test
    void endsWithItsControllerEvenDuringAnImport() throws Exception {
        Files.writeString(
                folder.resolve("endless.py"),
                "import os, time\nopen(__file__ + '.pid', 'w').write(str(os.getpid()))\ntime.sleep(600)\n");
        Launchers.Kept kept = use("endless");
        Path note = folder.resolve("endless.py.pid");
        awaiting().until(() -> Files.exists(note) && !Files.readString(note).isEmpty());
        long pid = Long.parseLong(Files.readString(note));

        kept.close();
        used.remove(kept);

        awaiting().until(() -> ProcFiles.SYSTEM.stat(pid).isEmpty());
    }
}
