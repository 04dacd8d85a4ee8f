package pysmurf.controller.script.process;

import static org.assertj.core.api.Assertions.assertThat;
import static pysmurf.controller.script.process.Scripts.awaiting;
import static pysmurf.controller.script.process.Signal.INT;
import static pysmurf.controller.script.process.Signal.KILL;
import static pysmurf.controller.script.process.Signal.TERM;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The ladder under real Python scripts. */
class AbortLadderOfScriptTest {

    private static final Duration LONG = Duration.ofMinutes(1);
    private static final Duration SHORT = Duration.ofMillis(200);

    /** Ends a script's set-up: the file that the test waits for. */
    private static final String READY = """

            def ready():
                open(sys.argv[1], "w").close()

            def wait():
                ready()
                while True:
                    time.sleep(100)
            """;

    @TempDir
    Path folder;

    private final Scripts scripts = new Scripts();

    @AfterEach
    void endAll() {
        scripts.close();
    }

    private Result abort(String program, Duration interrupt, Duration terminate, Path... more) throws Exception {
        Path ready = folder.resolve("ready");
        Path[] arguments = new Path[more.length + 1];
        arguments[0] = ready;
        System.arraycopy(more, 0, arguments, 1, more.length);
        Process process = scripts.python("import os, signal, subprocess, sys, time\n" + READY + program, arguments);
        ProcessTree tree = scripts.tree(process);
        Scripts.awaitFile(ready);
        AbortLadder ladder = new AbortLadder(tree, new AbortLadder.Graces(interrupt, terminate), signal -> {});
        process.onExit().thenRun(ladder::wake);

        Result result = Result.of(ladder);

        assertThat(process.waitFor(Scripts.PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .isTrue();
        assertThat(tree.alive()).isEmpty();
        assertThat(result.survivors()).isEmpty();
        return result;
    }

    @Test
    void aFinallyGetsItsChance() throws Exception {
        Path cleaned = folder.resolve("cleaned");

        Result result = abort("""
                try:
                    wait()
                except KeyboardInterrupt:
                    sys.exit(0)
                finally:
                    time.sleep(0.05)
                    open(sys.argv[2], "w").write("safe")
                """, LONG, LONG, cleaned);

        assertThat(result.signals()).containsExactly(INT);
        assertThat(cleaned).hasContent("safe");
    }

    @Test
    void oneThatIgnoresInt() throws Exception {
        Result result = abort("""
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                wait()
                """, SHORT, LONG);

        assertThat(result.signals()).containsExactly(INT, TERM);
    }

    @Test
    void oneThatIgnoresIntAndTerm() throws Exception {
        Result result = abort("""
                signal.signal(signal.SIGINT, signal.SIG_IGN)
                signal.signal(signal.SIGTERM, signal.SIG_IGN)
                wait()
                """, SHORT, SHORT);

        assertThat(result.signals()).containsExactly(INT, TERM, KILL);
    }

    @Test
    void aChildThatIgnoresTermAndOutlivesItsParent() throws Exception {
        Result result = abort("""
                trapped = sys.argv[2]
                subprocess.Popen(["sh", "-c", "trap '' INT TERM; : > \\"$0\\"; sleep 100", trapped])
                while not os.path.exists(trapped):
                    time.sleep(0.01)
                signal.signal(signal.SIGINT, lambda *_: sys.exit(1))
                wait()
                """, SHORT, SHORT, folder.resolve("trapped"));

        assertThat(result.signals()).containsExactly(INT, TERM, KILL);
    }

    @Test
    void whatTheCleaningUpStartedInASessionOfItsOwn() throws Exception {
        Result result = abort("""
                try:
                    wait()
                finally:
                    subprocess.Popen(["sh", "-c", "trap '' INT; sleep 100"], start_new_session=True)
                """, SHORT, LONG);

        assertThat(result.signals()).containsExactly(INT, TERM);
    }

    @Test
    void aForkBombInSessionsOfItsOwn() throws Exception {
        Result result = abort("""
                for s in (signal.SIGINT, signal.SIGTERM):
                    signal.signal(s, signal.SIG_IGN)
                ready()
                # One at a time, over and over a new one in a new session; for 10 s, should the test fail to end it.
                end = time.monotonic() + 10
                while time.monotonic() < end:
                    if os.fork():
                        os._exit(0)
                    os.setsid()
                    time.sleep(0.02)
                """, SHORT, SHORT);

        assertThat(result.signals()).endsWith(KILL);
    }

    @Test
    void forceWhileAScriptTakesItsTime() throws Exception {
        Path ready = folder.resolve("ready");
        Process process = scripts.python("import sys, time\n" + READY + """
                        try:
                            wait()
                        finally:
                            time.sleep(100)
                        """, ready);
        ProcessTree tree = scripts.tree(process);
        Scripts.awaitFile(ready);
        AbortLadder ladder = new AbortLadder(tree, new AbortLadder.Graces(LONG, LONG), signal -> {});
        CompletableFuture<Result> result = CompletableFuture.supplyAsync(() -> Result.of(ladder));
        awaiting().until(() -> ladder.signals().contains(INT));

        ladder.force();

        assertThat(result.get(Scripts.PATIENCE.toSeconds(), TimeUnit.SECONDS))
                .isEqualTo(new Result(List.of(INT, KILL), Set.of()));
    }
}
