package pysmurf.controller.script;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.config.Leftovers;
import pysmurf.controller.publisher.Inlet;
import pysmurf.controller.script.process.AbortLadder;
import pysmurf.controller.script.process.AbortLadder.Graces;
import pysmurf.controller.script.process.ProcessGroup;
import pysmurf.controller.script.process.ProcessId;
import pysmurf.controller.script.process.ProcessTree;
import pysmurf.controller.script.process.RegularFile;
import pysmurf.controller.script.process.Signal;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.LogMark;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.ScriptMark;
import pysmurf.controller.session.Sessions;

/**
 * One script, from before its start until nothing of it lives and all its output has been read. One thread starts it and waits for
 * it; any thread may end it, even before it has started.
 */
final class RunningScript {

    private static final Logger LOG = LoggerFactory.getLogger(RunningScript.class);

    /** The last lines of a flooding script may come after its end; its watchers have waited long enough by then. */
    private static final Duration OUTPUT_BUDGET = Duration.ofMillis(250);

    /** Python that is still starting would die of SIGINT, with one exit code or another. */
    private static final Duration MIN_AGE = Duration.ofSeconds(1);

    /** 128 and the number of SIGINT: what a shell and Python say of a process that this signal has ended. */
    private static final int ENDED_BY_INTERRUPT = 130;

    /** The last that Python says whom this signal meets as it still starts; it ends with exit code 1 then. */
    private static final String INTERRUPTED = "KeyboardInterrupt";

    private static final Duration MAX_REAPING = Duration.ofSeconds(2);

    private static final int MAX_REPORT_BYTES = 4 * 1024 * 1024;

    /** Another way for a script's process to come to be. */
    @FunctionalInterface
    interface Starter {

        /** There is no other. */
        Starter NONE = (words, environment, output, exitFile) -> Optional.empty();

        /**
         * Starts one.
         *
         * @param  words       the Python, {@code -u}, the script and its arguments
         * @param  environment all of it, with the marker first
         * @param  exitFile    where the exit code may be left by whoever started it, if the controller dies
         * @return             empty if it has to be started in the ordinary way
         */
        Optional<ProcessGroup> start(List<String> words, Map<String, String> environment, Path output, Path exitFile)
                throws IOException;
    }

    private final ScriptCommand command;
    private final Sessions sessions;
    private final LiveSession session;
    private final ScriptLimits limits;
    private final Starter starter;
    private final CompletableFuture<Set<ProcessId>> ladderDone = new CompletableFuture<>();
    private final CompletableFuture<Void> over = new CompletableFuture<>();

    // Of the thread that starts it; the others see them once the tree is there.
    private ScriptMark mark;
    private CompletableFuture<Integer> exit;
    private Inlet inlet;

    // Guarded by this.
    private ProcessTree tree;
    private boolean adopted;
    private AbortLadder ladder;
    private Graces endWithin;
    private boolean forced;
    private long startedAt;
    private Duration stopWithin;
    private Outcome cause;
    private String why;

    RunningScript(ScriptCommand command, Sessions sessions, ScriptLimits limits, Starter starter) {
        this.command = command;
        this.starter = starter;
        this.sessions = sessions;
        this.session = command.session;
        this.limits = limits;
    }

    boolean always() {
        return command.always;
    }

    /** Completes when nothing of the script lives and all is known of it. */
    CompletableFuture<Void> over() {
        return over;
    }

    synchronized boolean isEnding() {
        return endWithin != null;
    }

    synchronized boolean isStopping() {
        return stopWithin != null;
    }

    /** Asks the script to end cleanly, once, and ends it if that takes longer than this; returns at once. */
    synchronized void stop(Duration grace) {
        if (stopWithin == null) {
            stopWithin = grace;
            if (tree != null) {
                askToEnd();
            }
        }
    }

    private void askToEnd() {
        Duration early = MIN_AGE.minusNanos(System.nanoTime() - startedAt);
        Duration wait = early.isNegative() ? Duration.ZERO : early;
        after(wait, () -> {
            tree.signal(Signal.INT);
            message("Sent SIGINT to the script and its children");
        });
        String late = command.name() + " did not end within " + seconds(stopWithin) + " s of the stop";
        after(wait.plus(stopWithin), () -> end(Outcome.FAILED, late));
    }

    /** Does something when this time is over, unless the script is by then. */
    private void after(Duration time, Runnable task) {
        if (time.isZero()) {
            task.run();
            return;
        }
        over.copy().orTimeout(time.toNanos(), TimeUnit.NANOSECONDS).exceptionally(timeout -> {
            task.run();
            return null;
        });
    }

    private static String seconds(Duration time) {
        return BigDecimal.valueOf(time.toMillis(), 3).stripTrailingZeros().toPlainString();
    }

    /** As {@link #end(Outcome, String, boolean, Graces)}, by the usual ladder. */
    void end(Outcome outcome, String reason) {
        end(outcome, reason, false, limits.graces());
    }

    /**
     * Begins to end the script, or joins in if that has begun; returns at once.
     *
     * @param outcome what ends it; the first cause counts
     * @param reason  the same in words; null for an abort
     * @param force   SIGKILL now, whatever is under way
     */
    synchronized void end(Outcome outcome, String reason, boolean force, Graces within) {
        forced |= force;
        if (endWithin == null) {
            cause = outcome;
            why = reason;
            endWithin = within;
            if (tree != null) {
                climb();
            }
        } else if (force && ladder != null) {
            ladder.force();
        }
    }

    private void climb() {
        ladder = new AbortLadder(tree, endWithin, signal -> sessions.signalSent(session, signal.name()));
        if (forced) {
            ladder.force();
        }
        exit.thenRun(ladder::wake);
        AbortLadder climbed = ladder;
        Runnable climbing = () -> LogMark.around(session, () -> {
            try {
                ladderDone.complete(climbed.run());
            } catch (RuntimeException e) {
                LOG.error("It is not certain that {} has ended", command, e);
                ladderDone.completeExceptionally(e);
            }
        });
        try {
            new Thread(climbing, "end-of-session-" + session.id()).start();
        } catch (OutOfMemoryError e) {
            LOG.error("There is no thread to end {} on, so this one does it", command, e);
            climbing.run();
        }
    }

    /**
     * Starts the script's process. What marks it is in the database before, so that it is found whatever happens then.
     *
     * @return false if it was not started, since it was to end by then
     */
    boolean start(Path output, Inlet messages, Clock clock) throws IOException {
        Optional<String> kept = session.takeMark();
        String unique = kept.orElseGet(() -> UUID.randomUUID().toString());
        Path reportFile = limits.outputFolder().resolve(session.id() + "-" + unique.substring(0, 8) + ".result.json");
        Map<String, String> environment = new LinkedHashMap<>();
        environment.put(ScriptMark.VARIABLE, unique);
        environment.put("PYSMURF_SESSION_ID", Integer.toString(session.id()));
        environment.put("PYSMURF_RESULT_FILE", reportFile.toString());
        environment.put("SMURFPUB_UDP_PORT", Integer.toString(messages.port()));
        limits.environment().forEach(environment::putIfAbsent);
        BigDecimal until =
                command.limit == null ? null : Json.seconds(clock.instant().plus(command.limit));
        ScriptMark planned = new ScriptMark(
                ScriptMark.marker(unique),
                null,
                null,
                command.script.toString(),
                command.stage,
                until,
                reportFile.toString(),
                messages.port());
        if (kept.isEmpty()) {
            sessions.update(session, now -> now.withScript(planned));
        }
        List<String> words = new ArrayList<>(List.of(command.getExecutable(), "-u", command.script.toString()));
        words.addAll(command.getArgs());
        Optional<ProcessGroup> forked = starter.start(words, environment, output, planned.exitFile());
        // the starter may have taken its time to find out that it cannot
        if (forked.isEmpty() && (isEnding() || isStopping())) {
            sessions.update(session, now -> now.withoutScript(planned));
            return false;
        }
        ProcessGroup process = forked.isPresent() ? forked.get() : ProcessGroup.start(words, environment, output);
        boolean known = false;
        try {
            ProcessTree processes = ProcessTree.of(process.pid(), planned.marker());
            long ticks = processes.leader().map(ProcessId::startTicks).orElse(0L);
            ScriptMark noted = planned.startedAs(process.pid(), ticks);
            // Or after a crash a child of it could be taken for it, or it for nothing, if it has left its environment.
            sessions.update(session, now -> now.withScript(noted));
            started(noted, process.exit(), processes, messages);
            known = true;
        } finally {
            if (!known) {
                endAtOnce(process, planned);
            }
        }
        return true;
    }

    /** No thread will wait for this script, so it must not live on. Needs no file descriptor, as none may be left. */
    private static void endAtOnce(ProcessGroup process, ScriptMark planned) {
        Signal.kill(-process.pid(), Signal.KILL);
        exitCode(process.exit());
        try {
            Graces none = new Graces(Duration.ZERO, Duration.ZERO);
            new AbortLadder(ProcessTree.of(process.pid(), planned.marker()), none, signal -> {}).run();
        } catch (UncheckedIOException e) {
            LOG.error("What process {} left behind, if anything, cannot be looked for", process.pid(), e);
        }
        delete(planned.exitFile());
    }

    /** Of a process that is dead, which its parent, a launcher that hangs, may never notice; null then. */
    private static Integer exitCode(CompletableFuture<Integer> exit) {
        return exit.copy()
                .completeOnTimeout(null, MAX_REAPING.toMillis(), TimeUnit.MILLISECONDS)
                .join();
    }

    private static void delete(Path file) {
        try {
            // most scripts leave none, and to be told so by an exception takes longer
            if (Files.exists(file)) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            LOG.warn("{} is left behind: {}", file, e.toString());
        }
    }

    /**
     * The script's process runs since an earlier life of the controller.
     *
     * @param end as for {@link #started}
     */
    synchronized void adopted(ScriptMark as, CompletableFuture<Integer> end, ProcessTree processes, Inlet messages) {
        adopted = true;
        started(as, end, processes, messages);
    }

    /** @param end completes when it has ended, with its exit code; null if that cannot be known */
    private synchronized void started(
            ScriptMark as, CompletableFuture<Integer> end, ProcessTree processes, Inlet messages) {
        mark = as;
        exit = end;
        inlet = messages;
        tree = processes;
        startedAt = System.nanoTime();
        if (endWithin != null) {
            climb();
        } else if (stopWithin != null) {
            askToEnd();
        }
    }

    /**
     * Waits until the started script has ended, or could not be ended, and everything it left behind is dealt with. If this fails,
     * nothing of it lives on.
     */
    ScriptResult await(SessionOutput output) {
        boolean known = false;
        try {
            ScriptResult result = awaitEnd(output);
            known = true;
            return result;
        } finally {
            if (!known) {
                end(Outcome.FAILED, null, true, limits.graces());
                ladderDone.handle((result, fault) -> null).join();
            }
        }
    }

    private ScriptResult awaitEnd(SessionOutput output) {
        waitForEnd();
        Set<ProcessId> survivors = endOthers();
        // A safeguard is not what an abort is about.
        if (survivors.isEmpty() && !command.always) {
            sessions.nothingAlive(session);
        }
        boolean survived = survivors.stream().anyMatch(id -> id.pid() == mark.pid());
        // A process that is dead for /proc may still have to be reaped.
        Integer exitCode = survived ? null : exitCode(exit);
        if (!output.finish(OUTPUT_BUDGET)) {
            LOG.info("Output of {} is still being read", command);
        }
        inlet.finish();
        if (output.isDiskFull()) {
            message("The disk of " + output.file() + " is full; the end of the output may be missing");
        }
        sessions.update(
                session, now -> now.withoutScript(mark).withExitCode(exitCode).survivedBy(survivors.size()));
        delete(mark.exitFile());
        if (!survivors.isEmpty()) {
            message("ALARM: processes outlived SIGKILL: " + pids(survivors));
        }
        ScriptResult result = result(exitCode, output, report(Path.of(mark.resultFile())));
        if (result.getStage() == null && result.getDetail() != null) {
            // Clients of OCS look for the exit code in the last words before "done".
            message(result.getDetail());
        }
        if (survived) {
            message("Process " + mark.pid() + " could not be ended");
        } else if (exitCode == null) {
            message("Script has finished; its exit code is not known, since its parent died meanwhile");
        } else {
            message("Script has finished with exit code " + exitCode);
        }
        return result;
    }

    private void message(String text) {
        sessions.message(session, text);
    }

    /** Until the process is gone, or the ladder has given it up. */
    private void waitForEnd() {
        CompletableFuture<?> end = CompletableFuture.anyOf(exit, ladderDone.handle((result, fault) -> null));
        try {
            if (!isDoneInTime(end)) {
                end(Outcome.TIMED_OUT, command.name() + " took longer than " + seconds(command.limit) + " s");
            }
            end.get();
        } catch (InterruptedException e) {
            // Only a stopping controller interrupts, and it has aborted what runs before.
            end(Outcome.ABORTED, null, true, limits.graces());
            end.join();
            Thread.currentThread().interrupt();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    private boolean isDoneInTime(CompletableFuture<?> end) throws InterruptedException, ExecutionException {
        try {
            end.get(command.limit == null ? Long.MAX_VALUE : command.limit.toNanos(), TimeUnit.NANOSECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        }
    }

    /** Sees to it that nothing of the script lives on, and returns what does. */
    private Set<ProcessId> endOthers() {
        if (!isEnding()) {
            Set<ProcessId> left = tree.alive();
            if (left.isEmpty()) {
                return left;
            }
            if (limits.leftovers() == Leftovers.KEEP) {
                message("The script left processes behind, which live on: " + pids(left));
                return Set.of();
            }
            message("The script left processes behind, which are ended: " + pids(left));
            end(null, null);
        }
        try {
            return ladderDone.join();
        } catch (RuntimeException e) {
            LOG.error("Survivors of {} are not known", command, e);
            return tree.alive();
        }
    }

    private static String pids(Set<ProcessId> processes) {
        return processes.stream().map(id -> Long.toString(id.pid())).collect(Collectors.joining(", "));
    }

    private synchronized ScriptResult result(Integer exitCode, SessionOutput output, ObjectNode report) {
        Outcome outcome = Outcome.FAILED;
        String detail;
        if (cause != null) {
            outcome = cause;
            detail = cause == Outcome.ABORTED ? "Aborted" : why;
        } else if (exitCode == null && output.endedInTraceback()) {
            detail = command.name() + " ended in a traceback: " + output.lastLine();
        } else if (exitCode == null && !adopted) {
            detail = command.name() + " has ended, and its exit code is not known: what had started it died";
        } else if (exitCode == null || exitCode == 0 || stopWithin != null && endedByInterrupt(exitCode, output)) {
            // The unknown exit code of an adopted one does not count against it: the gates decide, as ever. Nor does an
            // end by the very
            // signal that asks for it: Python may still have been starting.
            outcome = Outcome.SUCCEEDED;
            detail = null;
        } else {
            String said = output.lastLine().isEmpty() ? "" : ": " + output.lastLine();
            detail = command.name() + " ended with exit code " + exitCode + said;
        }
        return new ScriptResult(command, exitCode, outcome, detail, report);
    }

    private static boolean endedByInterrupt(int exitCode, SessionOutput output) {
        return exitCode == ENDED_BY_INTERRUPT || output.lastLine().equals(INTERRUPTED);
    }

    private ObjectNode report(Path file) {
        if (!Files.exists(file)) {
            return Json.object();
        }
        try (RegularFile regular = RegularFile.at(file);
                InputStream in = Files.newInputStream(regular.path())) {
            byte[] bytes = in.readNBytes(MAX_REPORT_BYTES + 1);
            if (bytes.length > MAX_REPORT_BYTES) {
                throw new IOException("it is over 4 MiB");
            }
            return Json.readLenient(bytes) instanceof ObjectNode object ? object : Json.object();
        } catch (JsonProcessingException e) {
            message("The script's result file is no JSON: " + e.getOriginalMessage());
            return Json.object();
        } catch (IOException e) {
            message("The script's result file cannot be read: " + e.getMessage());
            return Json.object();
        } finally {
            delete(file);
        }
    }
}
