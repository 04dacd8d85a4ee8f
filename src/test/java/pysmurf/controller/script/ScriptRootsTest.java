package pysmurf.controller.script;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.session.OperationFailure;

class ScriptRootsTest {

    @TempDir
    Path folder;

    private ScriptRoots roots;

    @BeforeEach
    void setUp() throws Exception {
        Files.createDirectories(folder.resolve("one/deep"));
        Files.createDirectories(folder.resolve("two"));
        Files.createFile(folder.resolve("one/a.py"));
        Files.createFile(folder.resolve("one/deep/b.py"));
        Files.createFile(folder.resolve("two/a.py"));
        Files.createFile(folder.resolve("two/c.py"));
        Files.createFile(folder.resolve("outside.py"));
        roots = new ScriptRoots(List.of(folder.resolve("one"), folder.resolve("two"), folder.resolve("missing")));
    }

    private Path real(String path) throws Exception {
        return folder.resolve(path).toRealPath();
    }

    @Test
    void findsScriptsInItsRootsTheFirstOneFirst() throws Exception {
        assertThat(roots.resolve("a.py")).isEqualTo(real("one/a.py"));
        assertThat(roots.resolve("deep/b.py")).isEqualTo(real("one/deep/b.py"));
        assertThat(roots.resolve("c.py")).isEqualTo(real("two/c.py"));
        assertThat(roots.resolve(folder.resolve("two/a.py").toString())).isEqualTo(real("two/a.py"));
        assertThat(roots.resolve("deep/../a.py")).isEqualTo(real("one/a.py"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "no.py", "../outside.py", "deep/../../outside.py", "deep", ".", "a\0.py"})
    void refuses(String script) {
        assertThatThrownBy(() -> roots.resolve(script)).isInstanceOf(OperationFailure.class);
        assertThat(roots.fault(script)).isPresent();
    }

    @Test
    void refusesAbsolutePathsOutside() {
        assertThat(roots.fault(folder.resolve("outside.py").toString()))
                .get()
                .asString()
                .contains("outside the script roots");
        assertThat(roots.fault("/etc/passwd")).isPresent();
    }

    @Test
    void followsLinksToSeeWhereTheyLead() throws Exception {
        Files.createSymbolicLink(folder.resolve("one/leads-out.py"), folder.resolve("outside.py"));
        Files.createSymbolicLink(folder.resolve("one/leads-in.py"), folder.resolve("two/c.py"));
        Files.createSymbolicLink(folder.resolve("one/dangling.py"), folder.resolve("nothing.py"));
        Files.createSymbolicLink(folder.resolve("link-to-one"), folder.resolve("one"));

        assertThat(roots.fault("leads-out.py")).isPresent();
        assertThat(roots.fault("dangling.py")).isPresent();
        assertThat(roots.resolve("leads-in.py")).isEqualTo(real("two/c.py"));
        assertThat(new ScriptRoots(List.of(folder.resolve("link-to-one"))).resolve("a.py"))
                .isEqualTo(real("one/a.py"));
    }
}
