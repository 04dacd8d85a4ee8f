package pysmurf.controller.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.condition.JRE.JAVA_18;
import static org.junit.jupiter.api.condition.JRE.JAVA_19;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.io.TempDir;

/** Which archive of classes a machine is given. */
class RelaunchTest {

    private static final FileTime BUILT = FileTime.fromMillis(1_700_000_000_000L);

    @TempDir
    Path archives;

    private Path archive;
    private String use;

    @BeforeEach
    void nameArchive() {
        archive = archives.resolve(Relaunch.archiveName());
        use = "-XX:SharedArchiveFile=" + archive;
    }

    private void make(FileTime made) throws Exception {
        Files.setLastModifiedTime(Files.createFile(archive), made);
    }

    @Test
    void usesTheArchiveThatWasMadeOfTheJar() throws Exception {
        make(BUILT);

        assertThat(Relaunch.options(archives, BUILT)).contains(use).doesNotContain("-XX:+AutoCreateSharedArchive");
    }

    /** The machine would complain on standard error, and never make another. */
    @Test
    void usesNoArchiveOfAnOlderJar() throws Exception {
        make(FileTime.fromMillis(BUILT.toMillis() - 1));

        if (Relaunch.options(archives, BUILT).contains(use)) {
            assertThat(archive).doesNotExist();
        }
    }

    @Test
    @EnabledForJreRange(max = JAVA_18)
    void asksForNoArchiveThatIsNotThere() throws Exception {
        assertThat(Relaunch.options(archives, BUILT)).doesNotContain(use);
    }

    @Test
    @EnabledForJreRange(min = JAVA_19)
    void hasTheMachineMakeOne() throws Exception {
        assertThat(Relaunch.options(archives, BUILT)).contains(use, "-XX:+AutoCreateSharedArchive");
    }
}
