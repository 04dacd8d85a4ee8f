package pysmurf.controller.script.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static pysmurf.controller.script.process.Scripts.awaiting;
import static pysmurf.controller.script.process.Signal.INT;
import static pysmurf.controller.script.process.Signal.KILL;
import static pysmurf.controller.script.process.Signal.TERM;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The rungs, on processes that are made up. */
class AbortLadderTest {

    private static final Duration LONG = Duration.ofMinutes(10);
    private static final Duration SHORT = Duration.ofMillis(30);
    private static final ProcessId MAIN = new ProcessId(100, 1);
    private static final ProcessId CHILD = new ProcessId(101, 1);
    private static final ProcessId LATE = new ProcessId(102, 1);

    private final FakeTarget target = new FakeTarget();
    private final List<Signal> told = new CopyOnWriteArrayList<>();

    private AbortLadder ladder(Duration interrupt, Duration terminate, Duration kill) {
        return new AbortLadder(target, new AbortLadder.Graces(interrupt, terminate, kill), told::add);
    }

    @Test
    void sendsNothingWhereNothingLives() {
        target.processes.clear();

        Result result = Result.of(ladder(LONG, LONG, LONG));

        assertThat(result).isEqualTo(new Result(List.of(), Set.of()));
        assertThat(told).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Signal.class)
    void stopsAtTheRungThatEndsTheLast(Signal last) {
        target.ends(last, MAIN, CHILD);
        AbortLadder ladder = ladder(last == INT ? LONG : SHORT, last == TERM ? LONG : SHORT, LONG);

        Result result = Result.of(ladder);

        List<Signal> expected = List.of(INT, TERM, KILL).subList(0, last.ordinal() + 1);
        assertThat(result.signals()).isEqualTo(expected);
        assertThat(result.survivors()).isEmpty();
        assertThat(ladder.signals()).isEqualTo(expected);
        assertThat(told).isEqualTo(expected);
    }

    @Test
    void goesOnForAChildThatOutlivesTheMainProcess() {
        target.ends(INT, MAIN);
        target.ends(TERM, CHILD);

        assertThat(Result.of(ladder(SHORT, LONG, LONG)).signals()).containsExactly(INT, TERM);
    }

    @Test
    void climbsForChildrenAloneToo() {
        target.processes.remove(MAIN);
        target.ends(INT, CHILD);

        assertThat(Result.of(ladder(LONG, LONG, LONG)).signals()).containsExactly(INT);
    }

    @Test
    void waitsAsLongAsTheGracesSay() {
        target.ends(KILL, MAIN, CHILD);
        Duration grace = Duration.ofMillis(60);

        ladder(grace, grace, LONG).run();

        assertThat(Duration.ofNanos(target.times.get(1) - target.times.get(0))).isGreaterThanOrEqualTo(grace);
        assertThat(Duration.ofNanos(target.times.get(2) - target.times.get(1))).isGreaterThanOrEqualTo(grace);
    }

    @Test
    void namesSurvivors() {
        target.ends(KILL, MAIN);

        Result result = Result.of(ladder(SHORT, SHORT, SHORT));

        assertThat(result.signals()).containsExactly(INT, TERM, KILL);
        assertThat(result.survivors()).containsExactly(CHILD);
    }

    @Test
    void includesAtEachRungWhatAppearedMeanwhile() {
        target.ends(INT, MAIN, CHILD);
        target.appears(INT, LATE);
        target.ends(TERM, LATE);

        assertThat(Result.of(ladder(SHORT, LONG, LONG)).signals()).containsExactly(INT, TERM);
    }

    @Test
    void repeatsKillWhileAnythingLivesAndTellsItOnce() {
        target.ends(KILL, MAIN, CHILD);
        target.appears(KILL, LATE);
        target.endsAtTheSecondKill = LATE;

        Result result = Result.of(ladder(SHORT, SHORT, LONG));

        assertThat(result.signals()).containsExactly(INT, TERM, KILL);
        assertThat(told).containsExactly(INT, TERM, KILL);
        assertThat(target.sent).startsWith(INT, TERM, KILL, KILL);
        assertThat(result.survivors()).isEmpty();
    }

    @Test
    void forceBeforeTheStartMeansKillAtOnce() {
        target.ends(KILL, MAIN, CHILD);
        AbortLadder ladder = ladder(LONG, LONG, LONG);
        ladder.force();

        assertThat(Result.of(ladder).signals()).containsExactly(KILL);
    }

    @ParameterizedTest
    @EnumSource(names = {"INT", "TERM"})
    void forceEndsTheWaitAfter(Signal waiting) throws Exception {
        target.ends(KILL, MAIN, CHILD);
        AbortLadder ladder = ladder(waiting == INT ? LONG : SHORT, LONG, LONG);
        CompletableFuture<Result> result = CompletableFuture.supplyAsync(() -> Result.of(ladder));
        awaiting().until(() -> ladder.signals().contains(waiting));

        ladder.force();

        assertThat(get(result).signals()).isEqualTo(waiting == INT ? List.of(INT, KILL) : List.of(INT, TERM, KILL));
    }

    @Test
    void forceAfterKillChangesNothing() throws Exception {
        AbortLadder ladder = ladder(SHORT, SHORT, Duration.ofMillis(300));
        CompletableFuture<Result> result = CompletableFuture.supplyAsync(() -> Result.of(ladder));
        awaiting().until(() -> ladder.signals().contains(KILL));

        ladder.force();
        ladder.force();

        assertThat(get(result).survivors()).containsExactlyInAnyOrder(MAIN, CHILD);
        assertThat(get(result).signals()).containsExactly(INT, TERM, KILL);
    }

    @Test
    void isNotStoppedByAnInterrupt() throws Exception {
        target.ends(TERM, MAIN, CHILD);
        AbortLadder ladder = ladder(Duration.ofMillis(200), LONG, LONG);
        CompletableFuture<List<Signal>> signals = new CompletableFuture<>();
        CompletableFuture<Boolean> pending = new CompletableFuture<>();
        Thread thread = new Thread(() -> {
            signals.complete(Result.of(ladder).signals());
            pending.complete(Thread.currentThread().isInterrupted());
        });
        thread.start();
        awaiting().until(() -> ladder.signals().contains(INT));

        thread.interrupt();

        assertThat(get(signals)).containsExactly(INT, TERM);
        assertThat(get(pending)).isTrue();
    }

    @Test
    void isNotStoppedByItsListener() {
        target.ends(TERM, MAIN, CHILD);
        AbortLadder ladder = new AbortLadder(target, new AbortLadder.Graces(SHORT, LONG), signal -> {
            throw new IllegalStateException("listener");
        });

        assertThat(Result.of(ladder).signals()).containsExactly(INT, TERM);
    }

    @Test
    void sendsAllItsSignalsThoughItSeesNothingAndSaysSo() {
        target.blind = true;

        AbortLadder ladder = ladder(SHORT, SHORT, SHORT);

        assertThatThrownBy(() -> Result.of(ladder)).isInstanceOf(UncheckedIOException.class);
        assertThat(ladder.signals()).containsExactly(INT, TERM, KILL);
    }

    @Test
    void wakingItDoesNoHarm() throws Exception {
        target.ends(TERM, MAIN, CHILD);
        AbortLadder ladder = ladder(Duration.ofMillis(100), LONG, LONG);
        ladder.wake();
        CompletableFuture<Result> result = CompletableFuture.supplyAsync(() -> Result.of(ladder));
        awaiting().until(() -> {
            ladder.wake();
            return ladder.signals().contains(TERM);
        });

        assertThat(get(result).signals()).containsExactly(INT, TERM);
    }

    private static <T> T get(CompletableFuture<T> future)
            throws InterruptedException, ExecutionException, TimeoutException {
        return future.get(Scripts.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    private static final class FakeTarget implements AbortLadder.Target {

        private final Set<ProcessId> processes = new LinkedHashSet<>(List.of(MAIN, CHILD));
        private final Map<Signal, List<ProcessId>> ends = new EnumMap<>(Signal.class);
        private final Map<Signal, ProcessId> appears = new EnumMap<>(Signal.class);
        private final List<Signal> sent = new ArrayList<>();
        private final List<Long> times = new ArrayList<>();
        private ProcessId endsAtTheSecondKill;
        private boolean blind;

        void ends(Signal signal, ProcessId... ids) {
            ends.put(signal, List.of(ids));
        }

        void appears(Signal signal, ProcessId id) {
            appears.put(signal, id);
        }

        @Override
        public synchronized Set<ProcessId> alive() {
            failIfBlind();
            return new LinkedHashSet<>(processes);
        }

        private void failIfBlind() {
            if (blind) {
                throw new UncheckedIOException(new IOException("too many open files"));
            }
        }

        @Override
        public synchronized boolean signal(Signal signal) {
            boolean reached = !processes.isEmpty();
            if (signal == KILL && sent.contains(KILL)) {
                processes.remove(endsAtTheSecondKill);
            }
            ends.getOrDefault(signal, List.of()).forEach(processes::remove);
            if (!sent.contains(signal) && appears.containsKey(signal)) {
                processes.add(appears.get(signal));
            }
            sent.add(signal);
            times.add(System.nanoTime());
            return reached;
        }
    }
}
