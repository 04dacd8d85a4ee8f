package pysmurf.controller.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.Python;

/** The tests of the stage scripts are written in the scripts' own language; here they are part of the build. */
class StageScriptsTest {

    /** Two parts that are run at a time and take about as long; between them they have every name. */
    private static final List<String> PARTS = List.of("test_[!p-z]*.py", "test_[p-z]*.py");

    @TempDir
    Path folder;

    private final List<Process> started = new ArrayList<>();

    @AfterEach
    void end() {
        for (Process tests : started) {
            tests.descendants().forEach(ProcessHandle::destroyForcibly);
            tests.destroyForcibly();
        }
    }

    @Test
    void thePythonTestsPass() throws Exception {
        for (String part : PARTS) {
            start(part);
        }
        for (int i = 0; i < PARTS.size(); i++) {
            boolean ended = started.get(i).waitFor(4, TimeUnit.MINUTES);
            String output = Files.readString(report(i));
            assertThat(ended).as("ended in time; so far: " + output).isTrue();
            assertThat(started.get(i).exitValue()).as(output).isZero();
            assertThat(output).containsPattern("Ran [1-9]\\d+ tests");
        }
    }

    private void start(String part) throws IOException {
        File report = report(started.size()).toFile();
        // a build in the background of a shell has SIGINT ignored and would hand that on to the scripts under test
        // and each stage would compile anew what all of them import, where nothing may be written beside the scripts
        started.add(new ProcessBuilder(
                        "env",
                        "--default-signal=INT",
                        "--unset=PYTHONDONTWRITEBYTECODE",
                        "PYTHONPYCACHEPREFIX=" + folder.resolve("compiled"),
                        Python.interpreter(),
                        "-m",
                        "unittest",
                        "discover",
                        "-s",
                        "src/test/python",
                        "-p",
                        part)
                .directory(new File(System.getProperty("project.root", ".")))
                .redirectErrorStream(true)
                .redirectOutput(report)
                .start());
    }

    private Path report(int part) {
        return folder.resolve("unittest-" + part + ".log");
    }
}
