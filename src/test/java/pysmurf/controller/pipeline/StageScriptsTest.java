package pysmurf.controller.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tests of the stage scripts are written in the scripts' own language; here they are part of the build. */
class StageScriptsTest {

    @TempDir
    Path folder;

    @Test
    void thePythonTestsPass() throws Exception {
        File report = folder.resolve("unittest.log").toFile();
        // a build in the background of a shell has SIGINT ignored and would hand that on to the scripts under test
        List<String> command = List.of(
                "env", "--default-signal=INT", "python3", "-m", "unittest", "discover", "-s", "src/test/python");
        Process tests = new ProcessBuilder(command)
                .directory(new File(System.getProperty("project.root", ".")))
                .redirectErrorStream(true)
                .redirectOutput(report)
                .start();

        boolean ended = tests.waitFor(4, TimeUnit.MINUTES);
        tests.descendants().forEach(ProcessHandle::destroyForcibly);
        tests.destroyForcibly();
        assertThat(ended)
                .as("ended in time; so far: " + Files.readString(report.toPath()))
                .isTrue();

        String output = Files.readString(report.toPath());
        assertThat(tests.exitValue()).as(output).isZero();
        assertThat(output).containsPattern("Ran [1-9]\\d+ tests");
    }
}
