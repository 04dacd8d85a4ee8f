package pysmurf.controller.script.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static pysmurf.controller.script.process.Scripts.awaiting;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.driver.Python;

class OutputFollowerTest {

    private static final Duration PATIENCE = Scripts.PATIENCE;
    private static final long NO_MAXIMUM = Long.MAX_VALUE;

    @TempDir
    Path folder;

    private Path file;
    private final List<List<String>> batches = new CopyOnWriteArrayList<>();
    private final AtomicInteger tooMuch = new AtomicInteger();
    private final AtomicInteger ends = new AtomicInteger();
    private OutputFollower follower;

    @BeforeEach
    void makeFile() throws IOException {
        file = Files.createFile(folder.resolve("output.log"));
    }

    @AfterEach
    void close() {
        if (follower != null) {
            follower.close();
        }
    }

    private void follow() throws IOException {
        follow(0, NO_MAXIMUM, batches::add);
    }

    private void follow(long offset, long maxBytes, Consumer<List<String>> consumer) throws IOException {
        follower = new OutputFollower(
                file,
                offset,
                OutputFollower.Limits.of(maxBytes),
                consumer,
                tooMuch::incrementAndGet,
                ends::incrementAndGet);
    }

    private void append(String text) throws IOException {
        Files.writeString(file, text, StandardOpenOption.APPEND);
    }

    private List<String> lines() {
        return batches.stream().flatMap(List::stream).toList();
    }

    private void awaitLines(String... expected) {
        awaiting().untilAsserted(() -> assertThat(lines()).containsExactly(expected));
    }

    private Process python(String program) throws IOException {
        return new ProcessBuilder(Python.interpreter(), "-u", "-c", program)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(file.toFile()))
                .start();
    }

    @Test
    void givesALineWhenItIsWrittenAndWaitsForTheNext() throws Exception {
        follow();
        append("first\n");
        awaitLines("first");
        append("second\nthird\n");
        awaitLines("first", "second", "third");

        assertThat(follower.finish(PATIENCE)).isTrue();
        assertThat(follower.failure()).isEmpty();
    }

    @Test
    void followsThroughRushAndQuiet() throws Exception {
        follow();
        int[] next = {0};
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 300; i++) {
                append(next[0] + "\n");
                next[0]++;
            }
            awaiting().until(() -> lines().size() == next[0]);
            append(next[0] + "\n");
            next[0]++;
            awaiting().until(() -> lines().size() == next[0]);
        }

        assertThat(lines())
                .containsExactlyElementsOf(
                        IntStream.range(0, next[0]).mapToObj(Integer::toString).toList());
    }

    @Test
    void givesTwoHundredThousandLinesInOrderOnce() throws Exception {
        int count = 200_000;
        follow();
        Process process = python("for i in range(%d): print(i)".formatted(count));
        assertThat(process.waitFor()).isZero();

        assertThat(follower.finish(PATIENCE)).isTrue();

        List<String> lines = lines();
        assertThat(lines).hasSize(count);
        assertThat(IntStream.range(0, count).filter(i -> !lines.get(i).equals(Integer.toString(i))))
                .isEmpty();
        assertThat(batches).allMatch(batch -> !batch.isEmpty() && batch.size() <= 1000);
    }

    @Test
    void givesTheEndAtOnceWithoutALineEnd() throws Exception {
        follow();
        append("done\nno line end");

        assertThat(follower.finish(PATIENCE)).isTrue();

        assertThat(lines()).containsExactly("done", "no line end");
    }

    @Test
    void givesEachOfManyShortScriptsWhole() throws Exception {
        for (int i = 0; i < 200; i++) {
            batches.clear();
            Files.writeString(file, "");
            follow();
            append(i + "\nend");

            assertThat(follower.finish(PATIENCE)).isTrue();

            assertThat(lines()).containsExactly(Integer.toString(i), "end");
        }
    }

    @Test
    void givesAPromptWithoutItsLineEnd() throws Exception {
        follow();
        append("continue? ");
        awaitLines("continue? ");
        append("\nyes");
        awaitLines("continue? ", "yes");
        append(", really\n");
        awaitLines("continue? ", "yes", ", really");

        assertThat(follower.finish(PATIENCE)).isTrue();
    }

    @Test
    void givesDotsThoughTheyNeverPause() throws Exception {
        follow();
        // Without a pause as long as the time for which the beginning of a line is held back.
        awaiting().pollInterval(Duration.ofMillis(20)).until(() -> {
            append(".");
            return lines().size() >= 3;
        });

        assertThat(lines()).allMatch(entry -> entry.matches("[.]+"));
    }

    /** As tqdm does it, and as print(..., end="\r") does, faster than a line without its end is held back. */
    @ParameterizedTest
    @ValueSource(strings = {"'\\r%d%%' % i", "'%d%%\\r' % i"})
    void givesAProgressBarAsOneLineThatChanges(String update) throws Exception {
        follow();
        Process process = python("""
                import sys, time
                print('begin')
                for i in range(101):
                    sys.stdout.write(%s)
                    time.sleep(0.015)
                print('\\nend')
                """.formatted(update));
        assertThat(process.waitFor()).isZero();
        assertThat(follower.finish(PATIENCE)).isTrue();

        List<String> lines = lines();
        assertThat(lines).filteredOn(line -> !line.endsWith("\r")).containsExactly("begin", "100%", "end");
        // 1.5 s: at once, and after a second
        assertThat(lines).filteredOn(line -> line.endsWith("\r")).hasSizeBetween(1, 3);
    }

    @Test
    void joinsALineThatIsWrittenInHaste() throws Exception {
        follow();
        try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.APPEND)) {
            for (byte b : "ein schöner Tag 🚀\r\n".getBytes(StandardCharsets.UTF_8)) {
                out.write(b);
            }
        }

        awaitLines("ein schöner Tag 🚀");
    }

    @Test
    void beginsAtTheScriptsPartOfTheFile() throws Exception {
        append("of another script\n");
        long offset = Files.size(file);
        append("of this\n");

        follow(offset, NO_MAXIMUM, batches::add);
        assertThat(follower.finish(PATIENCE)).isTrue();

        assertThat(lines()).containsExactly("of this");
    }

    @Test
    void doesNotGiveWhatComesAfterTheEnd() throws Exception {
        CountDownLatch inConsumer = new CountDownLatch(1);
        CountDownLatch goOn = new CountDownLatch(1);
        follow(0, NO_MAXIMUM, batch -> {
            inConsumer.countDown();
            awaitQuietly(goOn);
            batches.add(batch);
        });
        append("mine\n");
        assertThat(inConsumer.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(follower.finish(Duration.ofMillis(20))).isFalse();
        assertThat(ends).hasValue(0);
        append("of the next script\n");
        goOn.countDown();

        assertThat(follower.finish(PATIENCE)).isTrue();
        assertThat(lines()).containsExactly("mine");
        assertThat(ends).hasValue(1);
    }

    @Test
    void aSlowConsumerNeitherStopsTheScriptNorHoldsUpTheEnd() throws Exception {
        CountDownLatch goOn = new CountDownLatch(1);
        follow(0, NO_MAXIMUM, batch -> {
            awaitQuietly(goOn);
            batches.add(batch);
        });
        Process process = python("for i in range(100_000): print('%080d' % i)");
        assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();

        assertThat(follower.finish(Duration.ofMillis(50))).isFalse();
        assertThat(batches).isEmpty();
        goOn.countDown();

        // Goes on by itself.
        awaiting().until(() -> lines().size() == 100_000);
        assertThat(follower.finish(PATIENCE)).isTrue();
        assertThat(lines()).hasSize(100_000);
    }

    @Test
    void goesOnAfterAConsumerThatThrew() throws Exception {
        CountDownLatch lost = new CountDownLatch(1);
        follow(0, NO_MAXIMUM, batch -> {
            if (batch.contains("lost")) {
                lost.countDown();
                throw new IllegalStateException("consumer");
            }
            batches.add(batch);
        });
        append("lost\n");
        assertThat(lost.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        append("taken\n");

        awaitLines("taken");
    }

    @Test
    void callsOnceWhenThereIsTooMuch() throws Exception {
        follow(0, 1_000, batches::add);
        append("x".repeat(999) + "\n");
        awaiting().until(() -> lines().size() == 1);
        assertThat(tooMuch).hasValue(0);

        append("x\n");
        awaiting().until(() -> tooMuch.get() == 1);
        append("y\n".repeat(5_000));

        assertThat(follower.finish(PATIENCE)).isTrue();
        assertThat(tooMuch).hasValue(1);
        assertThat(lines()).hasSize(5_002);
    }

    @Test
    void givesAMegabyteLineInPieces() throws Exception {
        String line = "0123456789äbcdef".repeat(65_536);
        follow();
        append(line + "\nend\n");

        assertThat(follower.finish(PATIENCE)).isTrue();

        assertThat(String.join("", lines())).isEqualTo(line + "end");
        assertThat(lines()).hasSizeGreaterThan(16).noneMatch(piece -> piece.contains("\uFFFD"));
        assertThat(batches)
                .allMatch(batch -> batch.stream()
                                .mapToInt(entry -> entry.getBytes(StandardCharsets.UTF_8).length)
                                .sum()
                        <= 256 * 1024);
    }

    @Test
    void givesTheLinesOfWhatIsNoText() throws Exception {
        follow();
        byte[] noise = new byte[1_000_000];
        new Random(1).nextBytes(noise);
        Files.write(file, noise, StandardOpenOption.APPEND);

        assertThat(follower.finish(PATIENCE)).isTrue();

        // The pieces between carriage returns are not given.
        assertThat(lines())
                .hasSizeGreaterThan((int) IntStream.range(0, noise.length)
                                .filter(i -> noise[i] == '\n')
                                .count()
                        - 1);
    }

    @Test
    void followsAFileThatWasEmptied() throws Exception {
        append("a long line that is there before\n");
        follow();
        awaitLines("a long line that is there before");

        Files.writeString(file, "", StandardOpenOption.TRUNCATE_EXISTING);
        append("new\n");

        awaitLines("a long line that is there before", "new");
        assertThat(follower.finish(PATIENCE)).isTrue();
    }

    @Test
    void followsAFileThatWasDeleted() throws Exception {
        follow();
        try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.APPEND)) {
            out.write("one\n".getBytes(StandardCharsets.UTF_8));
            awaitLines("one");
            Files.delete(file);
            out.write("two\n".getBytes(StandardCharsets.UTF_8));
            awaitLines("one", "two");
            out.write("three\n".getBytes(StandardCharsets.UTF_8));
            awaitLines("one", "two", "three");
        }

        assertThat(follower.finish(PATIENCE)).isTrue();
    }

    @Test
    void stopsWhenClosed() throws Exception {
        follow();
        append("one\n");
        awaitLines("one");

        follower.close();

        awaiting().until(OutputFollowerTest::nobodyFollows);
        append("two\n");
        assertThat(follower.finish(PATIENCE)).isFalse();
        assertThat(lines()).containsExactly("one");
        follower.close();
    }

    @Test
    void leavesNoThreadAndNoFileBehind() throws Exception {
        long before = openFiles();
        for (int i = 0; i < 50; i++) {
            follow();
            append("x\n");
            assertThat(follower.finish(PATIENCE)).isTrue();
        }

        awaiting().until(OutputFollowerTest::nobodyFollows);
        // Some slack for what the JVM opens meanwhile; 50 leaks of 3 would show.
        assertThat(openFiles()).isLessThan(before + 20);
    }

    @Test
    void needsAFile() throws Exception {
        Files.delete(file);

        assertThatThrownBy(this::follow).isInstanceOf(NoSuchFileException.class);
    }

    private static boolean nobodyFollows() {
        return Thread.getAllStackTraces().values().stream()
                .flatMap(Arrays::stream)
                .noneMatch(frame -> frame.getClassName().equals(OutputFollower.class.getName()));
    }

    private static long openFiles() throws IOException {
        try (var files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            assertThat(latch.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException("nobody interrupts a follower", e);
        }
    }
}
