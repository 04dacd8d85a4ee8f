package pysmurf.controller.command;

import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.access.Requester;
import pysmurf.controller.operation.Operation;
import pysmurf.controller.operation.Operations;
import pysmurf.controller.operation.Parameters;
import pysmurf.controller.session.FieldError;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.StoreUnavailable;
import pysmurf.controller.session.Verdict;
import pysmurf.controller.session.Verdict.Reason;

/**
 * Decides about each command, whichever way it came: fresh, once, known, valid, and nothing else running. An admitted
 * command has its session, and with it the lock, before anybody is answered.
 */
public final class Admission {

    private static final Logger LOG = LoggerFactory.getLogger(Admission.class);

    private final Operations operations;
    private final Sessions sessions;
    private final Clock clock;
    private final Supplier<Optional<String>> hindrance;
    private final Object processes = new Object();
    private volatile boolean stopping;
    private volatile LiveSession heldFor;

    /** @param hindrance why nothing can be taken on at the moment; an abort is taken on all the same */
    public Admission(Operations operations, Sessions sessions, Clock clock, Supplier<Optional<String>> hindrance) {
        this.hindrance = hindrance;
        this.operations = operations;
        this.sessions = sessions;
        this.clock = clock;
    }

    /** From now on every command but an abort is refused. */
    public void stop() {
        stopping = true;
    }

    /**
     * From now on every command that needs the lock is refused, whether the lock is free or not.
     *
     * @param session in whose name; null for no longer
     */
    public void hold(LiveSession session) {
        heldFor = session;
    }

    /** Why no command but an abort can be taken on now, whichever it is; empty if one can. A held lock is no such reason. */
    public Optional<String> unavailable() {
        return stopping ? Optional.of("the controller is stopping") : hindrance.get();
    }

    /** For routes: the command by which the controller itself starts an operation. */
    public Command byItself(String operation) {
        return new Command(operation, Json.object(), null, null, false, false, Requester.of("controller", "autostart"));
    }

    /** Decides, and opens the session if the answer is yes. */
    public Verdict admit(Command command) {
        Verdict verdict = decide(command);
        if (!verdict.isAccepted()) {
            LOG.info(
                    "Refused {} from {}: {} ({})",
                    command.operation(),
                    command.requestedBy(),
                    verdict.reason().word(),
                    verdict.detail());
        }
        return verdict;
    }

    private Verdict decide(Command command) {
        if (command.retained()) {
            return Verdict.refused(Reason.RETAINED, "a retained command is never executed");
        }
        if (command.expiresAt() != null && !clock.instant().isBefore(command.expiresAt())) {
            return Verdict.refused(Reason.EXPIRED, "the command expired at " + command.expiresAt());
        }
        Optional<Operation> operation = operations.find(command.operation());
        if (operation.isEmpty()) {
            return Verdict.refused(Reason.UNKNOWN_OPERATION, "no operation called \"" + command.operation() + "\"");
        }
        boolean abort = command.operation().equals(Command.ABORT);
        if (stopping && !abort) {
            return Verdict.refused(Reason.STOPPING, "the controller is stopping");
        }
        List<FieldError> errors = operation.get().parameters().check(command.params(), command.lenient());
        if (!errors.isEmpty()) {
            return repeated(command).orElseGet(() -> Verdict.invalid(errors));
        }
        Parameters parameters = operation.get().parameters();
        Session.Draft draft = new Session.Draft(
                command.operation(),
                command.params(),
                command.commandId(),
                command.requestedBy(),
                parameters.needLock(command.params()),
                parameters.firstData());
        try {
            if (command.isEnding()) {
                // an abort must work whatever else does not, and one too many does no harm
                return repeated(command).orElseGet(() -> told(openEnding(command, draft), command));
            }
            return parameters.isProcess() ? openProcess(command, draft) : open(command, draft);
        } catch (StoreUnavailable e) {
            LOG.warn("{} cannot be accepted", command.operation(), e);
            return Verdict.refused(Reason.UNAVAILABLE, e.getMessage());
        }
    }

    /** What came of the command that had this id, if one had: it may be that its script is gone by now. */
    private Optional<Verdict> repeated(Command command) {
        try {
            return Optional.ofNullable(command.commandId())
                    .flatMap(sessions::findByCommandId)
                    .map(first -> told(Verdict.duplicate(first), command));
        } catch (StoreUnavailable e) {
            LOG.warn("Whether {} was given before cannot be told: {}", command.commandId(), e.getMessage());
            return Optional.empty();
        }
    }

    private Verdict open(Command command, Session.Draft draft) {
        // a repeated command is answered even where nothing new can be begun
        Optional<LiveSession> first =
                command.commandId() == null ? Optional.empty() : sessions.findByCommandId(command.commandId());
        if (first.isPresent()) {
            return told(Verdict.duplicate(first.get()), command);
        }
        LiveSession held = heldFor;
        if (draft.exclusive() && held != null) {
            return Verdict.refused(
                    Reason.BUSY, "session " + held.id() + " of " + held.opName() + " is being recovered", held);
        }
        Optional<String> why = hindrance.get();
        return why.isPresent() ? Verdict.refused(Reason.UNAVAILABLE, why.get()) : told(sessions.open(draft), command);
    }

    /** A process runs once at a time, with the lock or without. */
    private Verdict openProcess(Command command, Session.Draft draft) {
        synchronized (processes) {
            Optional<LiveSession> running = sessions.unfinished().stream()
                    .filter(session -> session.opName().equals(command.operation()))
                    .findFirst();
            return running.isPresent()
                    ? repeated(command).orElseGet(() -> Verdict.busy(running.get()))
                    : open(command, draft);
        }
    }

    private Verdict openEnding(Command command, Session.Draft draft) {
        LiveSession target = null;
        if (command.target() != null) {
            target = sessions.find(command.target()).orElse(null);
            if (target == null) {
                return Verdict.refused(Reason.UNKNOWN_SESSION, "no session " + command.target());
            }
        }
        return command.operation().equals(Command.ABORT)
                ? sessions.openAbort(draft, target)
                : openStop(draft, target == null ? sessions.holder().orElse(null) : target);
    }

    private Verdict openStop(Session.Draft draft, LiveSession target) {
        if (target == null) {
            return Verdict.nothingToAbort("nothing to stop");
        }
        boolean process = operations
                .find(target.opName())
                .filter(operation -> operation.parameters().isProcess())
                .isPresent();
        return process
                ? sessions.openStop(draft, target)
                : Verdict.nothingToAbort("session " + target.id() + " of " + target.opName()
                        + " is no process, so it cannot be stopped; it can be aborted");
    }

    /** A command that was given before is told what came of it, unless it is another one with the same id. */
    private static Verdict told(Verdict verdict, Command command) {
        if (verdict.reason() != Reason.DUPLICATE) {
            return verdict;
        }
        LiveSession first = verdict.session();
        boolean same =
                first.opName().equals(command.operation()) && first.params().equals(command.params());
        return same
                ? verdict
                : Verdict.refused(
                        Reason.CONFLICT,
                        "command id \"" + command.commandId() + "\" was used for another command",
                        first);
    }
}
