package pysmurf.controller.script;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.config.Leftovers;
import pysmurf.controller.publisher.Inlet;
import pysmurf.controller.script.process.AbortLadder;
import pysmurf.controller.script.process.AbortLadder.Graces;
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
 * A script from before its start until nothing of it lives and all its output has been read. One thread waits for it
 * ({@link #await}); any thread may end it, even before it has started.
 */
final class RunningScript {

    private static final Logger LOG = LoggerFactory.getLogger(RunningScript.class);

    /** The last lines of a flooding script may come after its end; its watchers have waited long enough by then. */
    private static final Duration OUTPUT_BUDGET = Duration.ofMillis(250);

    static final int UNKNOWN_EXIT_CODE = -1;
    private static final int MAX_REPORT_BYTES = 4 * 1024 * 1024;

    /**
     * The started script.
     *
     * @param exit completes when it has ended, with its exit code; null if that cannot be known
     */
    record Started(ScriptMark mark, CompletableFuture<Integer> exit, ProcessTree tree, Inlet inlet) {}

    private final ScriptCommand command;
    private final Sessions sessions;
    private final LiveSession session;
    private final ScriptLimits limits;
    private final CompletableFuture<Set<ProcessId>> ladderDone = new CompletableFuture<>();
    private final CompletableFuture<Void> over = new CompletableFuture<>();

    /** Whether SIGKILL was sent. */
    private volatile boolean killed;

    // Guarded by this.
    private Started started;
    private AbortLadder ladder;
    private Graces endWithin;
    private boolean forced;
    private Outcome cause;
    private String why;

    RunningScript(ScriptCommand command, Sessions sessions, ScriptLimits limits) {
        this.command = command;
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
            if (started != null) {
                climb();
            }
        } else if (force && ladder != null) {
            ladder.force();
        }
    }

    synchronized boolean isEnding() {
        return endWithin != null;
    }

    boolean isKilled() {
        return killed;
    }

    synchronized void started(Started script) {
        started = script;
        if (endWithin != null) {
            climb();
        }
    }

    private void climb() {
        AbortLadder climbed = new AbortLadder(started.tree, endWithin, signal -> {
            killed |= signal == Signal.KILL;
            sessions.signalSent(session, signal.name());
        });
        ladder = climbed;
        if (forced) {
            climbed.force();
        }
        started.exit.thenRun(climbed::wake);
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
        long pid = started.mark.pid();
        boolean survived = survivors.stream().anyMatch(id -> id.pid() == pid);
        // A process that is dead for /proc may still have to be reaped.
        Integer exitCode = survived ? null : started.exit.join();
        if (!output.finish(OUTPUT_BUDGET)) {
            LOG.info("Output of {} is still being read", command);
        }
        started.inlet.finish();
        if (output.isDiskFull()) {
            message("The disk of " + output.file() + " is full; the end of the output may be missing");
        }
        sessions.update(
                session,
                now -> now.withoutScript(started.mark).withExitCode(exitCode).survivedBy(survivors.size()));
        ScriptResult result = result(exitCode, survivors, output);
        if (result.getStage() == null && result.getDetail() != null) {
            // Clients of OCS look for the exit code in the last words before "done".
            message(result.getDetail());
        }
        if (survived) {
            message("Process " + pid + " could not be ended");
        } else if (exitCode == null) {
            message("Script has finished; its exit code is not known, since the controller was restarted meanwhile");
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
        CompletableFuture<?> end = CompletableFuture.anyOf(started.exit, ladderDone.handle((result, fault) -> null));
        try {
            if (command.limit != null
                    && !end.thenApply(any -> true)
                            .completeOnTimeout(false, command.limit.toNanos(), TimeUnit.NANOSECONDS)
                            .get()) {
                String seconds = Json.seconds(Instant.EPOCH.plus(command.limit))
                        .stripTrailingZeros()
                        .toPlainString();
                end(Outcome.TIMED_OUT, command.name() + " took longer than " + seconds + " s");
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

    /** Sees to it that nothing of the script lives on, and returns what does. */
    private Set<ProcessId> endOthers() {
        if (!isEnding()) {
            Set<ProcessId> left = started.tree.alive();
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
            return started.tree.alive();
        }
    }

    private static String pids(Set<ProcessId> processes) {
        return processes.stream().map(id -> Long.toString(id.pid())).collect(Collectors.joining(", "));
    }

    private ScriptResult result(Integer exitCode, Set<ProcessId> survivors, SessionOutput output) {
        int code = exitCode == null ? UNKNOWN_EXIT_CODE : exitCode;
        ObjectNode report = report(Path.of(started.mark.resultFile()));
        Outcome ended;
        String reason;
        synchronized (this) {
            ended = cause;
            reason = cause == Outcome.ABORTED ? "Aborted" : why;
        }
        if (!survivors.isEmpty()) {
            message("ALARM: processes outlived SIGKILL: " + pids(survivors));
        }
        if (ended != null) {
            return new ScriptResult(command, code, ended, reason, report);
        }
        if (exitCode == null && output.endedInTraceback()) {
            String said = command.name() + " ended in a traceback: " + output.lastLine();
            return new ScriptResult(command, code, Outcome.FAILED, said, report);
        }
        // An unknown exit code does not count against it: the gates decide, as ever.
        return code == 0 || exitCode == null
                ? new ScriptResult(command, code, Outcome.SUCCEEDED, null, report)
                : new ScriptResult(command, code, Outcome.FAILED, failure(code, output.lastLine()), report);
    }

    private String failure(int code, String lastLine) {
        return command.name() + " ended with exit code " + code + (lastLine.isEmpty() ? "" : ": " + lastLine);
    }

    private ObjectNode report(Path reportFile) {
        try (RegularFile file = RegularFile.at(reportFile);
                InputStream in = Files.newInputStream(file.path())) {
            byte[] bytes = in.readNBytes(MAX_REPORT_BYTES + 1);
            if (bytes.length > MAX_REPORT_BYTES) {
                message("The script's result file is over 4 MiB and was not read");
                return Json.object();
            }
            JsonNode json = Json.readLenient(bytes);
            return json instanceof ObjectNode object ? object : Json.object();
        } catch (NoSuchFileException e) {
            return Json.object();
        } catch (JsonProcessingException e) {
            message("The script's result file is no JSON: " + e.getOriginalMessage());
            return Json.object();
        } catch (IOException e) {
            message("The script's result file cannot be read: " + e);
            return Json.object();
        } finally {
            try {
                Files.deleteIfExists(reportFile);
            } catch (IOException e) {
                LOG.warn("{} is left behind: {}", reportFile, e.toString());
            }
        }
    }
}
