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
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.LogMark;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.ScriptMark;
import pysmurf.controller.session.Sessions;

/**
 * A script from its start until nothing of it lives and everything it said has been heard. One thread waits for it
 * ({@link #await}); any thread may end it.
 */
final class RunningScript {

    private static final Logger LOG = LoggerFactory.getLogger(RunningScript.class);

    /** A flooding script's last lines may come after the end; its other watchers have waited long enough by then. */
    private static final Duration OUTPUT_BUDGET = Duration.ofMillis(250);

    private static final Duration LOOK_FOR_LADDER = Duration.ofMillis(500);
    private static final int UNKNOWN_EXIT_CODE = -1;
    private static final int MOST_REPORT_BYTES = 4 * 1024 * 1024;

    private final ScriptCommand command;
    private final ScriptMark mark;
    private final ScriptProcess process;
    private final long pid;
    private final ProcessTree tree;
    private final Sessions sessions;
    private final Inlet inlet;
    private final Graces graces;
    private final Leftovers leftovers;
    private final Path reportFile;
    private final SessionOutput output;
    private final CompletableFuture<AbortLadder.Result> ladderDone = new CompletableFuture<>();
    private final CompletableFuture<Void> over = new CompletableFuture<>();
    private AbortLadder ladder;
    private Outcome cause;
    private String why;

    RunningScript(
            ScriptCommand command,
            ScriptMark mark,
            ScriptProcess process,
            long pid,
            ProcessTree tree,
            Sessions sessions,
            Inlet inlet,
            Graces graces,
            Leftovers leftovers,
            SessionOutput output) {
        this.command = command;
        this.mark = mark;
        this.process = process;
        this.pid = pid;
        this.tree = tree;
        this.sessions = sessions;
        this.inlet = inlet;
        this.graces = graces;
        this.leftovers = leftovers;
        this.reportFile = Path.of(mark.resultFile());
        this.output = output;
    }

    boolean always() {
        return command.always();
    }

    /** Completes when nothing of the script lives and all is known of it. */
    CompletableFuture<Void> over() {
        return over;
    }

    /** Begins to end the script by the usual ladder, unless that has begun; returns at once. */
    void end(Outcome outcome, String reason) {
        end(outcome, reason, false, graces);
    }

    /**
     * Begins to end the script, or joins in if that has begun; returns at once.
     *
     * @param outcome what ends it; the first cause counts
     * @param reason  the same in words; null for an abort
     * @param force   SIGKILL now, whatever is under way
     */
    synchronized void end(Outcome outcome, String reason, boolean force, Graces within) {
        if (ladder == null) {
            cause = outcome;
            why = reason;
            climb(within, force);
        } else if (force) {
            ladder.force();
        }
    }

    private void climb(Graces within, boolean force) {
        ladder = new AbortLadder(tree, within, signal -> sessions.signalSent(session(), signal.name()));
        if (force) {
            // before it is climbed, or its first rung would come first
            ladder.force();
        }
        process.ended().thenRun(ladder::wake);
        AbortLadder toClimb = ladder;
        Runnable climbing = () -> LogMark.around(session(), () -> {
            try {
                ladderDone.complete(toClimb.run());
            } catch (RuntimeException e) {
                LOG.error("The end of {} could not be made sure of", command, e);
                ladderDone.completeExceptionally(e);
            }
        });
        try {
            new Thread(climbing, "end-of-session-" + session().id()).start();
        } catch (OutOfMemoryError e) {
            LOG.error("There is no thread to end {} on, so this one does it", command, e);
            climbing.run();
        }
    }

    private LiveSession session() {
        return command.session();
    }

    /**
     * Waits until the script has ended, or could not be ended, and everything it left behind is dealt with. Nothing of it lives
     * on where this fails.
     */
    ScriptResult await() {
        boolean known = false;
        try {
            ScriptResult result = awaitEnd();
            known = true;
            return result;
        } finally {
            if (!known) {
                end(Outcome.FAILED, null, true, graces);
                ladderDone.handle((result, fault) -> null).join();
            }
            over.complete(null);
        }
    }

    private ScriptResult awaitEnd() {
        waitForEnd();
        Set<ProcessId> survivors = endOthers();
        // a script that runs whatever happens is not what an abort is about
        if (survivors.isEmpty() && !command.always()) {
            sessions.nothingAlive(session());
        }
        boolean survived = survivors.stream().anyMatch(id -> id.pid() == pid);
        Integer exitCode = survived ? null : process.exitCode();
        if (!output.finish(OUTPUT_BUDGET)) {
            LOG.info("Output of {} is still being read", command);
        }
        inlet.finish();
        if (output.isDiskFull()) {
            sessions.message(
                    session(), "The disk of " + output.file() + " is full; the end of the output may be missing");
        }
        sessions.update(
                session(), now -> now.withoutScript(mark).withExitCode(exitCode).survivedBy(survivors.size()));
        ScriptResult result = result(exitCode, survivors);
        if (result.getStage() == null && result.getDetail() != null) {
            // clients of OCS look for the exit code in the last words before "done"
            sessions.message(session(), result.getDetail());
        }
        if (survived) {
            sessions.message(session(), "Process " + pid + " could not be ended");
        } else if (exitCode == null) {
            sessions.message(
                    session(),
                    "Script has finished; its exit code is not known, since the controller was started anew meanwhile");
        } else {
            sessions.message(session(), "Script has finished with exit code " + exitCode);
        }
        return result;
    }

    /** Until the process is gone, or the ladder has given it up. */
    private void waitForEnd() {
        try {
            if (!waitFor(command.limit())) {
                String seconds = Json.seconds(Instant.EPOCH.plus(command.limit()))
                        .stripTrailingZeros()
                        .toPlainString();
                String late = command.script().getFileName() + " took longer than " + seconds + " s";
                end(Outcome.TIMED_OUT, late, false, graces);
                waitFor(null);
            }
        } catch (InterruptedException e) {
            // only a stopping controller interrupts, and it has aborted what runs before
            end(Outcome.ABORTED, null, true, graces);
            CompletableFuture.anyOf(process.ended(), ladderDone).join();
            Thread.currentThread().interrupt();
        }
    }

    /**
     * Waits on the process itself, whose end wakes this thread at once; a ladder that gave up is looked for now and then.
     *
     * @param  limit null for none
     * @return       false if it is over
     */
    private boolean waitFor(Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + (limit == null ? 0 : limit.toNanos());
        while (!ladderDone.isDone()) {
            long left = limit == null ? Long.MAX_VALUE : deadline - System.nanoTime();
            if (process.waitFor(Math.min(left, LOOK_FOR_LADDER.toNanos()))) {
                return true;
            }
            if (limit != null && deadline - System.nanoTime() <= 0) {
                return false;
            }
        }
        return true;
    }

    private synchronized boolean isEnding() {
        return ladder != null;
    }

    /** Sees to it that nothing of the script lives on, and returns what does. */
    private Set<ProcessId> endOthers() {
        if (!isEnding()) {
            Set<ProcessId> left = tree.alive();
            if (left.isEmpty()) {
                return left;
            }
            String names = left.stream().map(id -> Long.toString(id.pid())).collect(Collectors.joining(", "));
            if (leftovers == Leftovers.KEEP) {
                sessions.message(session(), "The script left processes behind, which live on: " + names);
                return Set.of();
            }
            sessions.message(session(), "The script left processes behind, which are ended: " + names);
            end(null, null, false, graces);
        }
        try {
            return Set.copyOf(ladderDone.join().survivors());
        } catch (RuntimeException e) {
            LOG.error("Survivors of {} are not known", command, e);
            return tree.alive();
        }
    }

    private ScriptResult result(Integer exitCode, Set<ProcessId> survivors) {
        int code = exitCode == null ? UNKNOWN_EXIT_CODE : exitCode;
        ObjectNode report = report();
        Outcome ended;
        String reason;
        synchronized (this) {
            ended = cause;
            reason = why;
        }
        if (!survivors.isEmpty()) {
            String names = survivors.stream().map(id -> Long.toString(id.pid())).collect(Collectors.joining(", "));
            sessions.message(session(), "ALARM: processes outlived SIGKILL: " + names);
        }
        if (ended == Outcome.ABORTED) {
            return new ScriptResult(command, code, ended, "Aborted", report);
        }
        if (ended != null) {
            return new ScriptResult(command, code, ended, reason, report);
        }
        if (exitCode == null && output.endedInTraceback()) {
            String said = command.script().getFileName() + " ended in a traceback: " + output.lastLine();
            return new ScriptResult(command, code, Outcome.FAILED, said, report);
        }
        // what is not known does not count against it: the gates decide, as ever
        return code == 0 || exitCode == null
                ? new ScriptResult(command, code, Outcome.SUCCEEDED, null, report)
                : new ScriptResult(command, code, Outcome.FAILED, failure(code), report);
    }

    /** A script that fails usually says why in its last line. */
    private String failure(int code) {
        String said = output.lastLine();
        return command.script().getFileName() + " ended with exit code " + code + (said.isEmpty() ? "" : ": " + said);
    }

    private ObjectNode report() {
        try (RegularFile file = RegularFile.at(reportFile);
                InputStream in = Files.newInputStream(file.path())) {
            byte[] bytes = in.readNBytes(MOST_REPORT_BYTES + 1);
            if (bytes.length > MOST_REPORT_BYTES) {
                sessions.message(session(), "The script's result file is over 4 MiB and was not read");
                return Json.object();
            }
            JsonNode json = Json.readLenient(bytes);
            return json instanceof ObjectNode object ? object : Json.object();
        } catch (NoSuchFileException e) {
            return Json.object();
        } catch (JsonProcessingException e) {
            sessions.message(session(), "The script's result file is no JSON: " + e.getOriginalMessage());
            return Json.object();
        } catch (IOException e) {
            sessions.message(session(), "The script's result file cannot be read: " + e);
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
