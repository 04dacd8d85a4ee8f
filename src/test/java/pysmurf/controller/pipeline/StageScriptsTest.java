package pysmurf.controller.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
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
        Process tests = new ProcessBuilder("python3", "-m", "unittest", "discover", "-s", "src/test/python")
                .directory(new File(System.getProperty("project.root", ".")))
                .redirectErrorStream(true)
                .redirectOutput(report)
                .start();

        assertThat(tests.waitFor(4, TimeUnit.MINUTES)).as("ended in time").isTrue();

        String output = Files.readString(report.toPath());
        assertThat(tests.exitValue()).as(output).isZero();
        assertThat(output).containsPattern("Ran [1-9]\\d+ tests");
    }
}
