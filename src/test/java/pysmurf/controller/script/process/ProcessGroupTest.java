package pysmurf.controller.script.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import pysmurf.controller.driver.Python;

/** Both ways to start a process, which have to come to the same. */
class ProcessGroupTest {

    /** One of the ways. */
    interface Way {
        ProcessGroup start(List<String> command, Map<String, String> environment, RegularFile output)
                throws IOException;
    }

    @TempDir
    Path folder;

    private Path output;

    static Stream<Arguments> ways() {
        return Stream.of(arguments("posix_spawn", (Way) ProcessGroup::spawn), arguments("setsid and env", (Way)
                ProcessGroup::startByCommands));
    }

    private ProcessGroup start(Way way, String... command) throws IOException {
        output = folder.resolve("output");
        if (!Files.exists(output)) {
            Files.createFile(output);
        }
        Map<String, String> environment = new HashMap<>(Map.of("GREETING", "good evening, \u00e4", "EMPTY", ""));
        environment.put("PATH", System.getenv("PATH"));
        try (RegularFile file = RegularFile.toAppendTo(output)) {
            return way.start(List.of(command), environment, file);
        }
    }

    private String said(ProcessGroup process) throws Exception {
        assertThat(process.exit().get(20, TimeUnit.SECONDS)).isZero();
        return Files.readString(output).strip();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ways")
    void leadsASessionAndAGroupOfItsOwn(String name, Way way) throws Exception {
        ProcessGroup process =
                start(way, Python.interpreter(), "-c", "import os; print(os.getpid(), os.getsid(0), os.getpgrp())");

        assertThat(said(process).split(" ")).containsOnly(Long.toString(process.pid()));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ways")
    void hasItsStandardStreamsOpenAndNothingElse(String name, Way way) throws Exception {
        try (var inherited = Files.newInputStream(Files.createFile(folder.resolve("open")))) {
            assertThat(inherited.available()).isZero();
            ProcessGroup process = start(way, "sh", "-c", "readlink /proc/$$/fd/*; cat");

            assertThat(said(process).lines()).containsExactly("/dev/null", output.toString(), output.toString());
        }
    }

    /** In the order in which it was written, behind what is there. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("ways")
    void appendsBothOutputsToTheFile(String name, Way way) throws Exception {
        Files.writeString(folder.resolve("output"), "before\n");

        ProcessGroup process = start(way, "sh", "-c", "echo out; echo err >&2; echo out");

        assertThat(said(process).lines()).containsExactly("before", "out", "err", "out");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ways")
    void getsItsArgumentsAndItsEnvironmentAsTheyAre(String name, Way way) throws Exception {
        ProcessGroup process = start(
                way,
                Python.interpreter(),
                "-c",
                "import os, sys; print(sys.argv[1:], os.environ['GREETING'], [os.environ['EMPTY']], 'HOME' in os.environ)",
                "",
                "a b",
                "*'\"$HOME");

        assertThat(said(process)).isEqualTo("['', 'a b', '*\\'\"$HOME'] good evening, \u00e4 [''] False");
    }

    /** Whatever this process itself ignores or blocks. */
    @ParameterizedTest(name = "{0}")
    @MethodSource("ways")
    void canBeInterrupted(String name, Way way) throws Exception {
        ProcessGroup process = start(way, Python.interpreter(), "-uc", """
                import signal, time
                try:
                    print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)
                    time.sleep(100)
                except KeyboardInterrupt:
                    print("interrupted")
                """);
        Scripts.awaiting().until(() -> Files.readString(output).contains("\n"));

        Signal.kill(-process.pid(), Signal.INT);

        assertThat(said(process).lines()).containsExactly("True", "interrupted");
    }

    @Test
    void hasNoSignalBlocked() throws Exception {
        ProcessGroup process = start(ProcessGroup::spawn, "grep", "SigBlk", "/proc/self/status");

        assertThat(said(process)).endsWith("0000000000000000");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("ways")
    void tellsHowItEnded(String name, Way way) throws Exception {
        assertThat(start(way, "sh", "-c", "exit 7").exit().get(20, TimeUnit.SECONDS))
                .isEqualTo(7);
        assertThat(start(way, "sh", "-c", "kill -KILL $$").exit().get(20, TimeUnit.SECONDS))
                .isEqualTo(137);
    }

    @Test
    void saysAtOnceWhatCannotBeStarted() throws Exception {
        assertThatThrownBy(() -> start(ProcessGroup::spawn, "no-such-program"))
                .isInstanceOf(IOException.class)
                .hasMessage("cannot run no-such-program: No such file or directory");
        output = folder.resolve("no/such/folder");
        assertThatThrownBy(() -> ProcessGroup.start(List.of("true"), Map.of(), output))
                .isInstanceOf(IOException.class);
    }
}
