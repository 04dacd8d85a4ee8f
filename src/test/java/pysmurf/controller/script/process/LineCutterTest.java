package pysmurf.controller.script.process;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.script.process.OutputFollower.Limits;

class LineCutterTest {

    private static final int LINE_BYTES = 16;
    private static final Limits SMALL = new Limits(1000, 1000, LINE_BYTES, Duration.ofMillis(80), 0);

    private final List<List<String>> batches = new ArrayList<>();

    private LineCutter cutter(Limits limits) {
        return new LineCutter(limits, batches::add);
    }

    private static void feed(LineCutter cutter, byte[] bytes, int from, int to) {
        for (int at = from; at < to; ) {
            ByteBuffer room = cutter.room(to - at);
            int count = room.remaining();
            room.put(bytes, at, count);
            cutter.accept(count);
            at += count;
        }
    }

    private static void feed(LineCutter cutter, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        feed(cutter, bytes, 0, bytes.length);
    }

    private List<String> lines() {
        return batches.stream().flatMap(List::stream).toList();
    }

    @Test
    void cutsTheSameLinesWhateverTheChunks() {
        String text = "one\r\ntwo\n\nvier: äöü\n漢字 und 🚀\nlast, without an end";
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        for (int size = 1; size <= bytes.length; size++) {
            batches.clear();
            LineCutter cutter = cutter(Limits.of(0));
            for (int at = 0; at < bytes.length; at += size) {
                feed(cutter, bytes, at, Math.min(bytes.length, at + size));
            }
            cutter.finish();

            assertThat(lines())
                    .as("chunks of %d", size)
                    .containsExactly("one", "two", "", "vier: äöü", "漢字 und 🚀", "last, without an end");
        }
    }

    @Test
    void putsAReplacementForWhatIsNoUtf8() {
        LineCutter cutter = cutter(Limits.of(0));
        byte[] bytes = {'a', (byte) 0xFF, 'b', '\n', (byte) 0xC3, '\n', (byte) 0xE2, (byte) 0x82, 'x', '\n', 0, '\n'};

        feed(cutter, bytes, 0, bytes.length);
        cutter.finish();

        assertThat(lines()).containsExactly("a\uFFFDb", "\uFFFD", "\uFFFDx", "\0");
    }

    @Test
    void leavesOutWhatACarriageReturnTakesBack() {
        LineCutter cutter = cutter(Limits.of(0));

        feed(cutter, "10%\r20%\r\r\n\r 5%\r 9%\n\r\n\rend\r");
        cutter.finish();

        assertThat(lines()).containsExactly("20%", " 9%", "", "end");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\r%d%%", "%d%%\r"})
    void givesStatesOfALineThatIsWrittenOver(String update) {
        LineCutter cutter = cutter(SMALL);
        for (int percent = 0; percent < 100; percent++) {
            feed(cutter, update.formatted(percent));
            if (percent % 50 == 20) {
                assertThat(cutter.holds()).isTrue();
                cutter.flushHeld();
                assertThat(cutter.holds()).isFalse();
                cutter.flushHeld();
            }
        }
        feed(cutter, "\nnext\n");
        cutter.finish();

        assertThat(lines()).containsExactly("20%\r", "70%\r", "99%", "next");
    }

    @Test
    void givesALineOnceMoreWhenItsLastStateWasItsEnd() {
        LineCutter cutter = cutter(SMALL);
        feed(cutter, "\r100%");
        cutter.flushHeld();
        feed(cutter, "\n\rdone");
        cutter.flushHeld();
        cutter.finish();

        assertThat(lines()).containsExactly("100%\r", "100%", "done\r", "done");
    }

    @Test
    void givesALongLineInPieces() {
        LineCutter cutter = cutter(SMALL);

        feed(cutter, "0123456789abcdef0123456789abcdef0123\nnext\n");
        cutter.finish();

        assertThat(lines()).containsExactly("0123456789abcdef", "0123456789abcdef", "0123", "next");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\n", "\r\n"})
    void givesALineOfJustTheLimitOnce(String end) {
        LineCutter cutter = cutter(SMALL);

        feed(cutter, "0123456789abcdef" + end + "next" + end);
        cutter.finish();

        assertThat(lines()).containsExactly("0123456789abcdef", "next");
    }

    @ParameterizedTest
    @ValueSource(strings = {"ä", "漢", "🚀"})
    void doesNotTearACharacterAtTheLimit(String character) {
        for (int shift = 0; shift < 4; shift++) {
            batches.clear();
            LineCutter cutter = cutter(SMALL);
            String line = "x".repeat(shift) + character.repeat(50);

            feed(cutter, line + "\n");
            cutter.finish();

            assertThat(lines()).hasSizeGreaterThan(1).noneMatch(piece -> piece.contains("\uFFFD"));
            assertThat(String.join("", lines())).isEqualTo(line);
            assertThat(lines()).allMatch(piece -> piece.getBytes(StandardCharsets.UTF_8).length <= LINE_BYTES);
        }
    }

    @Test
    void goesOnThroughBytesThatLookLikeOneEndlessCharacter() {
        for (byte b : new byte[] {(byte) 0x80, (byte) 0xC3, (byte) 0xF0, (byte) 0xFF, 0}) {
            batches.clear();
            LineCutter cutter = cutter(SMALL);
            byte[] bytes = new byte[10_000];
            Arrays.fill(bytes, b);

            feed(cutter, bytes, 0, bytes.length);
            assertThat(cutter.held()).isLessThanOrEqualTo(LINE_BYTES);
            cutter.finish();

            assertThat(lines()).allMatch(piece -> !piece.isEmpty() && piece.length() <= LINE_BYTES);
            assertThat(lines().stream().mapToInt(String::length).sum()).isBetween(2_500, 10_000);
        }
    }

    @Test
    void boundsABatchByLinesAndByBytes() {
        LineCutter cutter = cutter(new Limits(3, 20, 16, Duration.ZERO, 0));

        feed(cutter, "a\nb\nc\nd\n0123456789\n0123456789\n");
        cutter.deliver();
        cutter.deliver();

        assertThat(batches).containsExactly(List.of("a", "b", "c"), List.of("d", "0123456789"), List.of("0123456789"));
    }

    @Test
    void givesWhatIsHeldAndTheRestAsAnEntryOfItsOwn() {
        LineCutter cutter = cutter(Limits.of(0));
        feed(cutter, "name? ");
        assertThat(cutter.holds()).isTrue();
        cutter.flushHeld();
        assertThat(cutter.holds()).isFalse();
        feed(cutter, "\nok");
        cutter.flushHeld();
        feed(cutter, "ay\n\n");
        cutter.finish();

        assertThat(lines()).containsExactly("name? ", "ok", "ay", "");
    }

    @Test
    void holdsBackHalfACharacterAndHalfALineEnd() {
        byte[] rocket = "🚀".getBytes(StandardCharsets.UTF_8);
        LineCutter cutter = cutter(Limits.of(0));
        for (int i = 0; i < rocket.length; i++) {
            assertThat(cutter.holds()).isFalse();
            feed(cutter, rocket, i, i + 1);
        }
        cutter.flushHeld();
        feed(cutter, "\r");
        assertThat(cutter.holds()).isFalse();
        cutter.flushHeld();
        feed(cutter, "\n");
        cutter.finish();

        assertThat(lines()).containsExactly("🚀");
    }

    @Test
    void countsALastLineThatWasGivenAlready() {
        LineCutter cutter = cutter(Limits.of(0));
        feed(cutter, "...");
        cutter.flushHeld();
        cutter.finish();
        cutter.finish();

        assertThat(lines()).containsExactly("...");
    }

    @Test
    void keepsNothingOfAnEndlessLineThatIsWrittenOver() {
        LineCutter cutter = cutter(SMALL);
        for (String update : List.of("\r", "\r\r1", "0123456789\r")) {
            feed(cutter, update.repeat(10_000));

            assertThat(cutter.held()).isLessThanOrEqualTo(LINE_BYTES);
        }

        assertThat(lines()).isEmpty();
    }

    /** Any bytes, any chunks, any moments of flushing: the text comes out whole, but for line ends. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void losesNothing(long seed) {
        Random random = new Random(seed);
        List<String> alphabet = List.of("a", "b", "\n", "\r\n", "ä", "漢", "🚀", "0123456789abcdef");
        for (int round = 0; round < 200; round++) {
            String text = feedAtRandom(random, alphabet, true);

            // half a line end looks like the first state of a progress bar
            assertThat(lines().stream().filter(line -> !line.endsWith("\r")).collect(Collectors.joining()))
                    .as("seed %d, round %d", seed, round)
                    .isEqualTo(text.replace("\r\n", "").replace("\n", ""));
        }
    }

    /** Without the states in between the lines are those that a terminal shows in the end, but for what is longer than the last. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void givesEachLineThatIsWrittenOverOnceAsItEnds(long seed) {
        Random random = new Random(seed);
        List<String> alphabet = List.of("a", "ä", "\n", "\r", "\r", "\r\n");
        for (int round = 0; round < 200; round++) {
            String text = feedAtRandom(random, alphabet, false);

            assertThat(lines().stream().filter(line -> !line.endsWith("\r")).toList())
                    .as("seed %d, round %d: %s", seed, round, text)
                    .isEqualTo(terminalLines(text));
        }
    }

    private static List<String> terminalLines(String text) {
        List<String> lines = new ArrayList<>(List.of(text.split("\n", -1)));
        if (lines.get(lines.size() - 1).replace("\r", "").isEmpty()) {
            lines.remove(lines.size() - 1);
        }
        lines.replaceAll(line -> line.replaceAll("\r+$", "").replaceAll("(?s).*\r", ""));
        return lines;
    }

    private String feedAtRandom(Random random, List<String> alphabet, boolean flushAnywhere) {
        batches.clear();
        StringBuilder text = new StringBuilder();
        for (int i = random.nextInt(60); i > 0; i--) {
            text.append(alphabet.get(random.nextInt(alphabet.size())));
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        LineCutter cutter = cutter(flushAnywhere ? SMALL : Limits.of(0));
        for (int at = 0; at < bytes.length; ) {
            int to = Math.min(bytes.length, at + 1 + random.nextInt(5));
            feed(cutter, bytes, at, to);
            at = to;
            if (random.nextInt(4) == 0 && (flushAnywhere || cutter.isOverwritten())) {
                cutter.flushHeld();
            }
        }
        cutter.finish();
        return text.toString();
    }
}
