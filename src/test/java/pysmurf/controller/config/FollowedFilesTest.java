package pysmurf.controller.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Whatever is done to files and folders, what is found at a fresh look is what is known of those that are followed. */
class FollowedFilesTest {

    private final FollowedFiles files = new FollowedFiles(Clock.systemUTC());
    private final Map<String, String> known = new TreeMap<>();

    @TempDir
    Path folder;

    private Path root;

    /** Something that is done in the folder. */
    @FunctionalInterface
    interface Deed {
        void in(Path folder) throws Exception;
    }

    @BeforeEach
    void begin() throws Exception {
        root = Files.createDirectories(folder.resolve("routes"));
        Files.createDirectories(root.resolve("operations"));
        write(root.resolve("operations/a.yaml"), "one");
        write(root.resolve("b.yaml"), "two");
    }

    private void follow() {
        note(files.follow(root, file -> file.toString().endsWith(".yaml"), this::note));
    }

    private void note(Map<Path, FollowedFiles.Content> changes) {
        changes.forEach((file, content) -> {
            String name = root.relativize(file).toString();
            if (content.isGone()) {
                known.remove(name);
            } else {
                known.put(name, content.fault() == null ? content.text() : "! " + content.fault());
            }
        });
    }

    private static void write(Path file, String text) throws Exception {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    private static void swap(Path link, String target) throws Exception {
        Path beside = link.resolveSibling("beside");
        Files.createSymbolicLink(beside, Path.of(target));
        Files.move(beside, link, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
    }

    private static void run(Path folder, String... command) throws Exception {
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .inheritIO()
                .start();
        assertThat(process.waitFor()).isZero();
    }

    private static Arguments deed(String name, Deed deed, Map<String, String> expected) {
        return Arguments.of(org.junit.jupiter.api.Named.of(name, deed), expected);
    }

    static Stream<Arguments> deeds() {
        Map<String, String> unchanged = Map.of("b.yaml", "two", "operations/a.yaml", "one");
        Map<String, String> other = Map.of("b.yaml", "two", "operations/a.yaml", "two");
        return Stream.of(
                deed("written in place", in -> write(in.resolve("operations/a.yaml"), "two"), other),
                deed(
                        "written in place, with the time it had",
                        in -> {
                            Path file = in.resolve("operations/a.yaml");
                            FileTime time = Files.getLastModifiedTime(file);
                            Files.writeString(file, "two", StandardOpenOption.WRITE);
                            Files.setLastModifiedTime(file, time);
                        },
                        other),
                deed(
                        "put in its place, with the time it had",
                        in -> {
                            Path file = in.resolve("operations/a.yaml");
                            write(in.resolve(".a.yaml.Xy1"), "two");
                            Files.setLastModifiedTime(in.resolve(".a.yaml.Xy1"), Files.getLastModifiedTime(file));
                            Files.move(in.resolve(".a.yaml.Xy1"), file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
                        },
                        other),
                deed(
                        "the folder moved away, another in its place",
                        in -> {
                            write(in.resolveSibling("new/a.yaml"), "two");
                            Files.move(in.resolve("operations"), in.resolveSibling("old"));
                            Files.move(in.resolveSibling("new"), in.resolve("operations"));
                        },
                        other),
                deed(
                        "the whole moved away, another in its place",
                        in -> {
                            write(in.resolveSibling("new/operations/a.yaml"), "two");
                            write(in.resolveSibling("new/b.yaml"), "two");
                            Files.move(in, in.resolveSibling("old"));
                            Files.move(in.resolveSibling("new"), in);
                        },
                        other),
                deed(
                        "the folder a link that is swapped",
                        in -> {
                            write(in.resolveSibling("v1/a.yaml"), "one");
                            write(in.resolveSibling("v2/a.yaml"), "two");
                            run(in, "rm", "-r", "operations");
                            swap(in.resolve("operations"), "../v1");
                            swap(in.resolve("operations"), "../v2");
                        },
                        other),
                deed(
                        "the whole a link that is swapped",
                        in -> {
                            write(in.resolveSibling("v2/operations/a.yaml"), "two");
                            write(in.resolveSibling("v2/b.yaml"), "two");
                            Files.move(in, in.resolveSibling("v1"));
                            swap(in, "v2");
                        },
                        other),
                deed(
                        "a volume of Kubernetes, updated",
                        in -> {
                            Path volume = in.resolve("operations");
                            Files.delete(volume.resolve("a.yaml"));
                            write(volume.resolve("..2026_1/a.yaml"), "one");
                            swap(volume.resolve("..data"), "..2026_1");
                            swap(volume.resolve("a.yaml"), "..data/a.yaml");
                            write(volume.resolve("..2026_2/a.yaml"), "two");
                            swap(volume.resolve("..data"), "..2026_2");
                            run(volume, "rm", "-r", "..2026_1");
                        },
                        other),
                deed(
                        "a file a link, and what it leads to is changed",
                        in -> {
                            Files.delete(in.resolve("operations/a.yaml"));
                            write(in.resolveSibling("elsewhere"), "one");
                            swap(
                                    in.resolve("operations/a.yaml"),
                                    in.resolveSibling("elsewhere").toString());
                            write(in.resolveSibling("elsewhere"), "two");
                        },
                        other),
                deed(
                        "a new folder in a new folder",
                        in -> write(in.resolve("site/more/c.yaml"), "three"),
                        Map.of("b.yaml", "two", "operations/a.yaml", "one", "site/more/c.yaml", "three")),
                deed(
                        "renamed",
                        in -> Files.move(in.resolve("b.yaml"), in.resolve("c.yaml")),
                        Map.of("c.yaml", "two", "operations/a.yaml", "one")),
                deed("deleted", in -> Files.delete(in.resolve("b.yaml")), Map.of("operations/a.yaml", "one")),
                deed("a lock of Emacs", in -> swap(in.resolve("operations/.#a.yaml"), "me@host.123:1"), unchanged),
                deed(
                        "backups",
                        in -> {
                            for (String name : new String[] {".b", "b~", "b.bak", "b.orig", "b.disabled"}) {
                                write(in.resolve(name).resolve("b.yaml"), "x");
                                write(
                                        in.resolve(name + ".yaml" + (name.startsWith(".") ? "" : name.substring(1))),
                                        "x");
                            }
                        },
                        unchanged),
                deed("a link to where it is in", in -> swap(in.resolve("operations/loop"), ".."), unchanged),
                deed(
                        "a link to nothing",
                        in -> swap(in.resolve("c.yaml"), "nowhere"),
                        Map.of("b.yaml", "two", "operations/a.yaml", "one", "c.yaml", "! is a link to nothing")),
                deed(
                        "a pipe",
                        in -> run(in, "mkfifo", "c.yaml"),
                        Map.of("b.yaml", "two", "operations/a.yaml", "one", "c.yaml", "! is no regular file")),
                deed(
                        "no text",
                        in -> Files.write(in.resolve("c.yaml"), new byte[] {(byte) 0xff}),
                        Map.of("b.yaml", "two", "operations/a.yaml", "one", "c.yaml", "! is not text in UTF-8")),
                deed("a byte order mark", in -> write(in.resolve("operations/a.yaml"), "\uFEFFtwo"), other),
                deed(
                        "all gone, which may be a volume that is not mounted",
                        in -> Files.move(in, in.resolveSibling("old")),
                        Map.of("b.yaml", "two", "operations/a.yaml", "one", "", "! is not there")));
    }

    @ParameterizedTest
    @MethodSource("deeds")
    void knowsWhatIsThere(Deed deed, Map<String, String> expected) throws Exception {
        follow();

        deed.in(root);
        files.look();
        files.look();

        assertThat(known).isEqualTo(expected);
    }

    @ParameterizedTest
    @MethodSource("deeds")
    void findsTheSameAtTheStart(Deed deed, Map<String, String> expected) throws Exception {
        deed.in(root);

        follow();

        Map<String, String> found = new TreeMap<>(expected);
        if (found.containsKey("")) {
            // there was nothing before that could stay
            found.keySet().retainAll(java.util.Set.of(""));
        }
        assertThat(known).isEqualTo(found);
    }

    @Test
    void takesAChangeWhenItIsFoundTwice() throws Exception {
        follow();

        write(root.resolve("b.yaml"), "half");
        files.look();
        write(root.resolve("b.yaml"), "whole");
        files.look();
        assertThat(known).containsEntry("b.yaml", "two");

        files.look();
        assertThat(known).containsEntry("b.yaml", "whole");
    }

    /** A look that meets a folder on its way finds some of its files, and the next one none. */
    @Test
    void losesNoFileOfAFolderThatIsTakenAwayDuringALook() throws Exception {
        follow();

        Files.delete(root.resolve("b.yaml"));
        files.look();
        Files.move(root, root.resolveSibling("away"));
        files.look();
        files.look();
        assertThat(known).containsEntry("b.yaml", "two");

        Files.move(root.resolveSibling("away"), root);
        files.look();
        files.look();
        assertThat(known).doesNotContainKey("b.yaml");
    }

    @Test
    void goesOnWhenAChangeCannotBeTaken() throws Exception {
        files.follow(root, file -> true, changes -> {
            throw new IllegalStateException("expected by the test");
        });
        follow();

        write(root.resolve("b.yaml"), "three");
        files.start();

        await().atMost(Duration.ofSeconds(5)).until(() -> "three".equals(known.get("b.yaml")));
        files.close();
        assertThat(files.fault()).isEmpty();
        assertThat(files.lookedAt())
                .isCloseTo(
                        java.time.Instant.now(),
                        org.assertj.core.api.Assertions.within(5, java.time.temporal.ChronoUnit.SECONDS));
    }
}
