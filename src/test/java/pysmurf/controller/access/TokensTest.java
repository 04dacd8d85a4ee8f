package pysmurf.controller.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokensTest {

    /** SHA-256 of "hidden". */
    private static final String HASH = "e564b4081d7a9ea4b00dada53bdae70c99b87b6fce869f0c3dd4d2bfa1e53e1c";

    @TempDir
    Path folder;

    private Tokens read(String... lines) throws Exception {
        return Tokens.read(Files.write(folder.resolve("tokens"), List.of(lines)));
    }

    @Test
    void tellsWhoseATokenIs() throws Exception {
        Tokens tokens =
                read("# role name token", "", "viewer wall plain-1", "operator  ann\tplain-2", "ADMIN root plain-3");

        assertThat(tokens.open()).isFalse();
        assertThat(tokens.holderOf("plain-1")).contains(new Tokens.Holder("wall", Role.VIEWER));
        assertThat(tokens.holderOf("plain-2")).contains(new Tokens.Holder("ann", Role.OPERATOR));
        assertThat(tokens.holderOf("plain-3")).contains(new Tokens.Holder("root", Role.ADMIN));
        assertThat(tokens.holderOf("plain-4")).isEmpty();
        assertThat(tokens.holderOf("")).isEmpty();
    }

    @Test
    void takesHashedTokens() throws Exception {
        Tokens tokens = read("operator ann sha256:" + HASH);

        assertThat(tokens.holderOf("hidden")).isPresent();
        assertThat(tokens.holderOf(HASH)).isEmpty();
        assertThat(tokens.holderOf("sha256:" + HASH)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "operator ann",
                "operator ann secret more",
                "king ann secret",
                "operator ann sha256:secret",
                "operator ann sha256:00",
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
