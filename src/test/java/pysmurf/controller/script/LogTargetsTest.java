package pysmurf.controller.script;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogTargetsTest {

    @TempDir
    Path folder;

    private LogTargets targets;

    @BeforeEach
    void setUp() throws Exception {
        Files.createDirectories(folder.resolve("second"));
        // the first root is made when it is first written to
        targets = new LogTargets(List.of(folder.resolve("first"), folder.resolve("second")));
    }

    @Test
    void takesPathsBelowItsRoots() {
        assertThat(targets.fault("a.log")).isEmpty();
        assertThat(targets.fault("deep/er/a.log")).isEmpty();
        assertThat(targets.fault("deep/../a.log")).isEmpty();
        assertThat(targets.fault(folder.resolve("second/a.log").toString())).isEmpty();
        assertThat(targets.resolve("a.log")).isEqualTo(folder.resolve("first/a.log"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"../a.log", "deep/../../a.log", "/etc/passwd", "/tmp/a.log", "a\0.log"})
    void refusesPathsOutside(String target) {
        assertThat(targets.fault(target)).isPresent();
    }

    /** The root is a folder, also as long as it is not there. */
    @ParameterizedTest
    @ValueSource(strings = {"", ".", "deep/.."})
    void refusesTheRootItself(String target) {
        assertThat(targets.fault(target)).isPresent();
    }

    @Test
    void refusesFolders() throws Exception {
        Files.createDirectories(folder.resolve("first/deep"));

        assertThat(targets.fault("deep")).isPresent();
        assertThat(targets.fault(folder.resolve("second").toString())).isPresent();
    }

    @Test
    void refusesWhatIsNoRegularFile() throws Exception {
        Path root = Files.createDirectories(folder.resolve("first"));
        assertThat(new ProcessBuilder("mkfifo", root.resolve("fifo").toString())
                        .start()
                        .waitFor())
                .isZero();
        Files.createSymbolicLink(root.resolve("link"), root.resolve("fifo"));
        Files.createFile(root.resolve("a.log"));

        assertThat(targets.fault("a.log")).isEmpty();
        assertThat(targets.fault("fifo")).contains("is no regular file: fifo");
        assertThat(targets.fault("link")).contains("is no regular file: link");
        assertThat(targets.fault("a.log/b.log")).contains("is below a file: a.log/b.log");
        assertThat(targets.fault("fifo/deep/b.log")).contains("is below a file: fifo/deep/b.log");
    }

    @Test
    void followsLinksToSeeWhereTheyLead() throws Exception {
        Files.createDirectories(folder.resolve("elsewhere"));
        Files.createDirectories(folder.resolve("first"));
        Files.createSymbolicLink(folder.resolve("first/out"), folder.resolve("elsewhere"));
        Files.createSymbolicLink(folder.resolve("first/dangling.log"), folder.resolve("elsewhere/new.log"));
        Files.createSymbolicLink(folder.resolve("first/in"), folder.resolve("second"));

        assertThat(targets.fault("out/a.log")).isPresent();
        assertThat(targets.fault("dangling.log")).isPresent();
        assertThat(targets.fault("in/a.log")).isEmpty();
    }
}
