package pysmurf.controller.script;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.camel.ExchangeProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.access.Requester;
import pysmurf.controller.command.Admission;
import pysmurf.controller.config.RecoveryPolicy;
import pysmurf.controller.script.process.AbortLadder;
import pysmurf.controller.script.process.AbortLadder.Graces;
import pysmurf.controller.script.process.ProcessEnd;
import pysmurf.controller.script.process.ProcessId;
import pysmurf.controller.script.process.ProcessTree;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.ScriptMark;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.SessionCloser;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.Verdict;

/**
 * Puts in order what the controller left behind when it was killed: sessions that never ended, and scripts that may still run. No
 * command is taken before {@link #begin} has returned.
 */
public final class Recovery {

    private static final Logger LOG = LoggerFactory.getLogger(Recovery.class);

    private static final String SAFE_STATE = "safe_state";
    /** 0 to 3 on bay 0 of a carrier card, 4 to 7 on bay 1. */
    private static final List<Integer> ALL_BANDS = List.of(0, 1, 2, 3, 4, 5, 6, 7);

    private static final String BEGINNING = "direct:operation";

    private static final String DIED = "The controller died while this session ran; ";

    private final Sessions sessions;
    private final SessionCloser closer;
    private final ScriptExecutor scripts;
    private final Admission admission;
    private final RecoveryPolicy policy;
    private final Graces graces;
    private final Predicate<String> resumed;

    /** @param resumed whether sessions of an operation begin again in place of ending with the controller */
    public Recovery(
            Sessions sessions,
            SessionCloser closer,
            ScriptExecutor scripts,
            Admission admission,
            RecoveryPolicy policy,
            Graces graces,
            Predicate<String> resumed) {
        this.sessions = sessions;
        this.closer = closer;
        this.scripts = scripts;
        this.admission = admission;
        this.policy = policy;
        this.graces = graces;
        this.resumed = resumed;
    }

    /**
     * Closes what cannot go on.
     *
     * @return the sessions that go on and the route that each goes through: {@code recovery}, or {@code operation} for what begins
     *         again, and for a new one of {@code safe_state} if one was interrupted
     */
    public Map<LiveSession, String> begin() {
        // All at once, since commands wait for the last of them, and a stubborn script takes the ladder's whole time.
        Executor threads = task -> new Thread(task, "recovery").start();
        Map<LiveSession, CompletableFuture<Boolean>> adopted = new LinkedHashMap<>();
        Map<LiveSession, String> next = new LinkedHashMap<>();
        for (LiveSession session : sessions.unfinished()) {
            List<ProcessTree> trees = trees(session.now());
            if (trees.isEmpty() && resumed.test(session.opName())) {
                sessions.message(session, "The controller died and was restarted; this session goes on");
                next.put(session, BEGINNING);
            } else {
                adopted.put(session, CompletableFuture.supplyAsync(() -> adopt(session, trees), threads));
            }
        }
        List<LiveSession> interrupted = new ArrayList<>();
        adopted.forEach((session, goesOn) -> {
            if (goesOn.join()) {
                next.put(session, "direct:recovery");
            } else if (session.exclusive()) {
                interrupted.add(session);
            }
        });
        if (!interrupted.isEmpty()) {
            makeSafe(interrupted).ifPresent(session -> next.put(session, BEGINNING));
        }
        return next;
    }

    /** @return false if the session is closed now */
    private boolean adopt(LiveSession session, List<ProcessTree> trees) {
        List<ScriptMark> marks = session.now().scripts();
        if (trees.isEmpty()) {
            closer.close(session, Outcome.INTERRUPTED, DIED + "no script of it was running at that moment");
            return false;
        }
        // Of several at a time, none is all of its operation.
        boolean goesOn = marks.size() == 1
                && trees.size() == 1
                && trees.get(0).isMainAlive()
                && policy == RecoveryPolicy.ADOPT
                && session.now().abort() == null;
        if (goesOn) {
            try {
                ProcessId leader = trees.get(0).leader().orElseThrow();
                ScriptMark mark = marks.get(0).startedAs(leader.pid(), leader.startTicks());
                sessions.update(session, now -> now.withScript(mark));
                scripts.adopt(session, mark, trees.get(0));
                sessions.message(
                        session,
                        "The controller died and was restarted; process " + leader.pid() + " goes on as this session");
                return true;
            } catch (IOException | RuntimeException e) {
                LOG.error("Session {} cannot go on", session.id(), e);
                sessions.message(session, "The output cannot be followed any more: " + e);
            }
        }
        end(session, trees);
        return false;
    }

    private static List<ProcessTree> trees(Session session) {
        Stream<ProcessTree> noted = session.scripts().stream().map(Recovery::tree);
        // it may have died between the start of the first script and the note of it, a millisecond later
        Stream<ProcessTree> first = Stream.ofNullable(session.mark())
                .map(mark -> new ProcessTree(ProcessId.NONE, ScriptMark.marker(mark)))
                .filter(tree -> !tree.alive().isEmpty());
        return Stream.concat(noted, first).toList();
    }

    private static ProcessTree tree(ScriptMark mark) {
        // the controller may have died before it noted the pid
        return mark.pid() == null
                ? ProcessTree.of(mark.marker())
                : new ProcessTree(new ProcessId(mark.pid(), mark.startTicks()), mark.marker());
    }

    private void end(LiveSession session, List<ProcessTree> trees) {
        Outcome outcome = session.now().abort() == null ? Outcome.INTERRUPTED : Outcome.ABORTED;
        if (trees.stream().allMatch(tree -> tree.alive().isEmpty())) {
            noteExitCodes(session, trees);
            closer.close(session, outcome, DIED + "nothing of its script was left");
            return;
        }
        sessions.requestAbort(session, "the controller, which was restarted");
        List<ProcessId> survivors = new ArrayList<>();
        for (ProcessTree tree : trees) {
            survivors.addAll(
                    new AbortLadder(tree, graces, signal -> sessions.signalSent(session, signal.name())).run());
        }
        sessions.update(session, now -> now.survivedBy(survivors.size()));
        noteExitCodes(session, trees);
        closer.close(
                session,
                outcome,
                DIED + "what was left of its script "
                        + (survivors.isEmpty() ? "was ended" : "outlived SIGKILL: " + survivors));
    }

    /** As far as they were left by launchers. */
    private void noteExitCodes(LiveSession session, List<ProcessTree> trees) {
        List<ScriptMark> marks = session.now().scripts();
        for (int i = 0; i < marks.size(); i++) {
            ProcessTree tree = trees.get(i);
            if (!tree.isMainAlive()) {
                Integer exitCode = ProcessEnd.exitCode(
                        tree.leader().orElseThrow(), marks.get(i).exitFile());
                sessions.update(session, now -> now.withExitCode(exitCode == null ? now.exitCode() : exitCode));
            }
        }
    }

    /** Of scripts that nobody waits for any more. */
    void deleteExitFiles(Path folder) {
        Set<Path> awaited = sessions.unfinished().stream()
                .flatMap(session -> session.now().scripts().stream())
                .map(ScriptMark::exitFile)
                .collect(Collectors.toSet());
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*.{exit,exit.new}")) {
            for (Path file : files) {
                // one that is still being written has .new behind its name
                if (!awaited.contains(Path.of(file.toString().replaceFirst("\\.new$", "")))) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            LOG.warn("Exit codes of former scripts are left behind in {}", folder, e);
        }
    }

    public ScriptResult resume(@ExchangeProperty(ScriptBinding.SESSION) LiveSession session) {
        return scripts.resume(session);
    }

    /** While an adopted session ends, no other may take the lock that safe_state needs. */
    public void hold(@ExchangeProperty(ScriptBinding.SESSION) LiveSession session) {
        if (session.exclusive()) {
            admission.hold(session);
        }
    }

    /**
     * @return the session of safe_state that has to follow an adopted one; null if the crate need not be made safe
     */
    public LiveSession makeSafe(@ExchangeProperty(ScriptBinding.SESSION) LiveSession session) {
        if (!session.exclusive()) {
            return null;
        }
        try {
            Session ended = session.now();
            boolean safe = ended.outcome() == Outcome.SUCCEEDED
                    || ended.outcome() != Outcome.INTERRUPTED && ended.stages().isEmpty();
            return safe ? null : makeSafe(List.of(session)).orElse(null);
        } finally {
            admission.hold(null);
        }
    }

    private Optional<LiveSession> makeSafe(List<LiveSession> after) {
        ObjectNode params = Json.object().set("bands", Json.tree(ALL_BANDS));
        Session.Draft draft = new Session.Draft(SAFE_STATE, params, null, Requester.of("controller", "recovery"), true);
        Verdict verdict = sessions.open(draft);
        if (verdict.isStarted()) {
            LiveSession session = verdict.session();
            after.forEach(one -> sessions.message(
                    session, "The controller died during " + one.opName() + " of session " + one.id()));
            return Optional.of(session);
        }
        LOG.error("The crate could not be brought to a safe state after the crash: another session is running");
        return Optional.empty();
    }
}
