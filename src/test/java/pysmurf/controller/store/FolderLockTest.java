package pysmurf.controller.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.Python;

/** One controller a folder, seen from the same process and from another. */
class FolderLockTest {

    private static final String TAKE = """
            import fcntl, sys
            try:
                fcntl.lockf(open(sys.argv[1], 'w'), fcntl.LOCK_EX | fcntl.LOCK_NB)
                print('taken')
            except OSError:
                print('refused')
            """;

    @TempDir
    Path folder;

    private String anotherProcess() {
        return Python.print(TAKE, folder.resolve("controller.lock").toString());
    }

    @Test
    void staysTakenWhateverOthersTry() throws Exception {
        try (FolderLock lock = FolderLock.take(folder)) {
            assertThat(lock).isNotNull();
            assertThat(anotherProcess()).isEqualTo("refused");
            assertThatThrownBy(() -> FolderLock.take(folder)).isInstanceOf(IOException.class);
            assertThat(anotherProcess()).isEqualTo("refused");
        }
        assertThat(anotherProcess()).isEqualTo("taken");
    }
}
