package pysmurf.controller.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.config.FollowedFiles;

class TokensTest {

    /** SHA-256 of "hidden". */
    private static final String HASH = "e564b4081d7a9ea4b00dada53bdae70c99b87b6fce869f0c3dd4d2bfa1e53e1c";

    private static final String PBKDF2_OF_1 =
            "$pbkdf2-sha256$1$c2FsdHNhbHRzYWx0c2FsdA$u0Pwvw2IoiMXB3iOAEs3eQEnmwCmLgKyTfr.zQubEAA";
    private static final String PBKDF2_OF_1000 =
            "$pbkdf2-sha256$1000$c2FsdHNhbHRzYWx0c2FsdA$PjJc9dILs5Hai8EwyP1JkA0eBnBk7FJBt32D3zSCO0g";

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
        assertThat(tokens.holderOf("plain-1").join()).contains(new Holder("wall", Role.VIEWER));
        assertThat(tokens.holderOf("plain-2").join()).contains(new Holder("ann", Role.OPERATOR));
        assertThat(tokens.holderOf("plain-3").join()).contains(new Holder("root", Role.ADMIN));
        assertThat(tokens.holderOf("plain-4").join()).isEmpty();
        assertThat(tokens.holderOf("").join()).isEmpty();
    }

    @Test
    void skipsAByteOrderMark() throws Exception {
        assertThat(read("\uFEFFoperator ann secret").holderOf("secret").join()).isPresent();
    }

    @Test
    void takesHashedTokens() throws Exception {
        Tokens tokens = read("operator ann sha256:" + HASH);

        assertThat(tokens.holderOf("hidden").join()).isPresent();
        assertThat(tokens.holderOf(HASH).join()).isEmpty();
        assertThat(tokens.holderOf("sha256:" + HASH).join()).isEmpty();
    }

    /** The hashes are what Python makes: hashlib.pbkdf2_hmac("sha256", b"hidden", b"saltsaltsaltsalt", rounds). */
    @ParameterizedTest
    @ValueSource(strings = {PBKDF2_OF_1, PBKDF2_OF_1000})
    void takesSlowHashesAsPasslibWritesThem(String hash) throws Exception {
        Tokens tokens = read("operator ann " + hash);

        assertThat(tokens.holderOf("hidden").join()).contains(new Holder("ann", Role.OPERATOR));
        assertThat(tokens.holderOf("Hidden").join()).isEmpty();
        assertThat(tokens.holderOf(hash).join()).isEmpty();
    }

    @Test
    void writesASlowHashThatItTakes() throws Exception {
        String hash = TokenHash.write("hidden");

        assertThat(hash).startsWith("$pbkdf2-sha256$600000$").isNotEqualTo(TokenHash.write("hidden"));
        assertThat(read("operator ann " + hash).holderOf("hidden").join()).isPresent();
    }

    @Test
    void looksUpASlowHashOnlyOnce() throws Exception {
        Tokens tokens = read("operator ann " + PBKDF2_OF_1000);

        assertThat(tokens.holderOf("hidden").join()).isPresent();
        assertThat(tokens.holderOf("wrong").join()).isEmpty();

        assertThat(tokens.holderOf("hidden")).isCompletedWithValueMatching(Optional::isPresent);
        assertThat(tokens.holderOf("wrong")).isCompletedWithValueMatching(Optional::isEmpty);
    }

    @Test
    void takesNoMoreUnknownTokensThanItCanLookAt() throws Exception {
        Tokens tokens = read("operator ann " + PBKDF2_OF_1.replace("$1$", "$20000$"), "viewer wall plain");
        assertThat(tokens.holderOf("plain").join()).isPresent();

        List<CompletableFuture<Optional<Holder>>> guesses = IntStream.range(0, 200)
                .mapToObj(i -> tokens.holderOf("guess-" + i))
                .toList();

        assertThat(guesses).anySatisfy(guess -> assertThat(guess)
                .failsWithin(Duration.ZERO)
                .withThrowableOfType(ExecutionException.class)
                .withCauseInstanceOf(TooManyGuesses.class));
        assertThat(tokens.holderOf("plain")).isCompletedWithValueMatching(Optional::isPresent);
    }

    @Test
    void knowsANameByItsOwnTokenOnly() throws Exception {
        Tokens tokens = read("operator ann secret-a", "viewer bob secret-b");

        assertThat(tokens.holderOf("ann", "secret-a").join()).contains(new Holder("ann", Role.OPERATOR));
        assertThat(tokens.holderOf("ann", "secret-b").join()).isEmpty();
        assertThat(tokens.holderOf(null, "secret-a").join()).isEmpty();
        assertThat(tokens.holderOf("ann", null).join()).isEmpty();
    }

    @Test
    void followsItsFile() throws Exception {
        Tokens tokens = read("operator ann one");
        tokens.holderOf("one").join();

        rewrite("operator ann two", "viewer wall three");
        files.look();
        files.look();

        assertThat(tokens.holderOf("one").join()).isEmpty();
        assertThat(tokens.holderOf("two").join()).isPresent();
        assertThat(tokens.size()).isEqualTo(2);
    }

    @Test
    void takesAChangeOnlyWhenTheFileHasSettled() throws Exception {
        Tokens tokens = read("operator ann one", "operator bob two");

        rewrite("operator ann one");
        files.look();

        assertThat(tokens.holderOf("two").join()).isPresent();
    }

    @ParameterizedTest
    @ValueSource(strings = {"king ann secret", "operator ann", "", "operator ann sha256:secret"})
    void keepsTheOldTokensWhenTheFileIsBroken(String line) throws Exception {
        Tokens tokens = read("operator ann one");

        rewrite(line);
        files.look();
        files.look();

        assertThat(tokens.holderOf("one").join()).isPresent();
        assertThat(tokens.fault()).get().asString().contains("tokens").doesNotContain("secret");

        rewrite("operator ann two");
        files.look();
        files.look();

        assertThat(tokens.fault()).isEmpty();
        assertThat(tokens.holderOf("two").join()).isPresent();
    }

    @Test
    void keepsTheOldTokensWhenTheFileIsGone() throws Exception {
        Tokens tokens = read("operator ann one");

        Files.delete(folder.resolve("tokens"));
        files.look();
        files.look();

        assertThat(tokens.holderOf("one").join()).isPresent();
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
                "operator ann $pbkdf2-sha256$secret",
                "operator ann $pbkdf2-sha256$1$c2VjcmV0$c2VjcmV0",
                "operator ann $pbkdf2-sha256$99999999$c2FsdA$secret",
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
