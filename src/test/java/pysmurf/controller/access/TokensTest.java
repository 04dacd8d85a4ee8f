package pysmurf.controller.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.config.FollowedFiles;

class TokensTest {

    /** SHA-256 of "hidden". */
    private static final String HASH = "e564b4081d7a9ea4b00dada53bdae70c99b87b6fce869f0c3dd4d2bfa1e53e1c";

    private final FollowedFiles files = new FollowedFiles(Clock.systemUTC());

    @TempDir
    Path folder;

    private Tokens read(String... lines) throws Exception {
        Path file = Files.write(folder.resolve("tokens"), List.of(lines));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return Tokens.read(files, file);
    }

    @Test
    void tellsWhoseATokenIs() throws Exception {
        Tokens tokens =
                read("# role name token", "", "viewer wall plain-1", "operator  ann\tplain-2", "ADMIN root plain-3");

        assertThat(tokens.open()).isFalse();
        assertThat(tokens.ownerOf("plain-1")).contains(new TokenOwner("wall", Role.VIEWER));
        assertThat(tokens.ownerOf("plain-2")).contains(new TokenOwner("ann", Role.OPERATOR));
        assertThat(tokens.ownerOf("plain-3")).contains(new TokenOwner("root", Role.ADMIN));
        assertThat(tokens.ownerOf("plain-4")).isEmpty();
        assertThat(tokens.ownerOf("")).isEmpty();
    }

    @Test
    void skipsAByteOrderMark() throws Exception {
        assertThat(read("\uFEFFoperator ann secret").ownerOf("secret")).isPresent();
    }

    @Test
    void takesHashedTokens() throws Exception {
        Tokens tokens = read("operator ann sha256:" + HASH);

        assertThat(tokens.ownerOf("hidden")).isPresent();
        assertThat(tokens.ownerOf(HASH)).isEmpty();
        assertThat(tokens.ownerOf("sha256:" + HASH)).isEmpty();
    }

    /** A file of an earlier version. */
    @Test
    void namesTheLineOfAHashThatIsNoLongerTaken() {
        assertThatThrownBy(() -> read("viewer wall plain", "operator ann $pbkdf2-sha256$1000$c2FsdA$c2VjcmV0"))
                .hasMessageContaining("tokens line 2: PBKDF2 hashes are no longer taken")
                .hasMessageContaining("sha256:")
                .message()
                .doesNotContain("c2VjcmV0");
    }

    @Test
    void knowsANameByItsOwnTokenOnly() throws Exception {
        Tokens tokens = read("operator ann secret-a", "viewer bob secret-b");

        assertThat(tokens.ownerOf("ann", "secret-a")).contains(new TokenOwner("ann", Role.OPERATOR));
        assertThat(tokens.ownerOf("ann", "secret-b")).isEmpty();
        assertThat(tokens.ownerOf(null, "secret-a")).isEmpty();
        assertThat(tokens.ownerOf("ann", null)).isEmpty();
    }

    @Test
    void followsItsFile() throws Exception {
        Tokens tokens = read("operator ann one");
        tokens.ownerOf("one");

        rewrite("operator ann two", "viewer wall three");
        files.look();
        files.look();

        assertThat(tokens.ownerOf("one")).isEmpty();
        assertThat(tokens.ownerOf("two")).isPresent();
        assertThat(tokens.size()).isEqualTo(2);
    }

    @Test
    void takesAChangeOnlyWhenTheFileHasSettled() throws Exception {
        Tokens tokens = read("operator ann one", "operator bob two");

        rewrite("operator ann one");
        files.look();

        assertThat(tokens.ownerOf("two")).isPresent();
    }

    @ParameterizedTest
    @ValueSource(strings = {"king ann secret", "operator ann", "", "operator ann sha256:secret"})
    void keepsTheOldTokensWhenTheFileIsBroken(String line) throws Exception {
        Tokens tokens = read("operator ann one");

        rewrite(line);
        files.look();
        files.look();

        assertThat(tokens.ownerOf("one")).isPresent();
        assertThat(tokens.fault()).get().asString().contains("tokens").doesNotContain("secret");

        rewrite("operator ann two");
        files.look();
        files.look();

        assertThat(tokens.fault()).isEmpty();
        assertThat(tokens.ownerOf("two")).isPresent();
    }

    @Test
    void keepsTheOldTokensWhenTheFileIsGone() throws Exception {
        Tokens tokens = read("operator ann one");

        Files.delete(folder.resolve("tokens"));
        files.look();
        files.look();

        assertThat(tokens.ownerOf("one")).isPresent();
        assertThat(tokens.fault()).get().asString().contains("is not there");
    }

    @Test
    void warnsOfAFileThatOthersCanRead() throws Exception {
        Path file = Files.writeString(folder.resolve("tokens"), "operator ann one");

        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        assertThat(Tokens.read(files, file).warning()).get().asString().contains("rw-r--r--", "chmod 600");

        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
        assertThat(Tokens.read(files, file).warning()).isEmpty();
    }

    private void rewrite(String... lines) throws Exception {
        Files.write(folder.resolve("tokens"), List.of(lines));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "operator ann",
                "operator ann secret more",
                "king ann secret",
                "operator ann sha256:secret",
                "operator ann sha256:00",
                "operator ann sha256:+secret+secret+secret+secret+secret+secret+secret+secret+secret+s",
                "# only a comment"
            })
    void refusesALineItDoesNotUnderstandWithoutRepeatingIt(String line) {
        assertThatThrownBy(() -> read(line))
                .isInstanceOf(IllegalArgumentException.class)
                .message()
                .contains("tokens")
                .doesNotContain("secret");
    }

    @Test
    void isOpenWithoutAnyTokens() {
        assertThat(Tokens.none().open()).isTrue();
    }

    @Test
    void hasRolesThatIncludeEachOther() {
        assertThat(Role.ADMIN.includes(Role.OPERATOR)).isTrue();
        assertThat(Role.OPERATOR.includes(Role.OPERATOR)).isTrue();
        assertThat(Role.VIEWER.includes(Role.OPERATOR)).isFalse();
    }
}
