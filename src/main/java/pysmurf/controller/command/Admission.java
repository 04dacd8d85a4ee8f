package pysmurf.controller.command;

import java.time.Clock;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.command.Verdict.Reason;
import pysmurf.controller.routing.Operation;
import pysmurf.controller.routing.Operations;
import pysmurf.controller.session.Opening;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.StoreUnavailable;

/**
 * Decides about each command, whichever way it came: fresh, once, known, valid, and nothing else running. An admitted
 * command has its session, and with it the lock, before anybody is answered. Thread-safe.
 */
public final class Admission {

    private static final Logger LOG = LoggerFactory.getLogger(Admission.class);

    private final Operations operations;
    private final Sessions sessions;
    private final Clock clock;
    private final List<Supplier<Optional<String>>> hindrances;
    private volatile boolean stopping;
    private volatile Session heldFor;

    /** @param hindrances each says why nothing can be taken on at the moment, or nothing; an abort is taken on all the same */
    public Admission(
            Operations operations, Sessions sessions, Clock clock, List<Supplier<Optional<String>>> hindrances) {
        this.hindrances = List.copyOf(hindrances);
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
    public void hold(Session session) {
        heldFor = session;
    }

    /** Why no command but an abort can be taken on now, whichever it is; empty if one can. A held lock is no such reason. */
    public Optional<String> unavailable() {
        return stopping ? Optional.of("the controller is stopping") : hindrance();
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
            return Verdict.invalid(errors);
        }
        boolean needLock = operation.get().parameters().needLock(command.params());
        Session.Draft draft = new Session.Draft(
                command.operation(), command.params(), command.commandId(), command.requestedBy(), needLock);
        try {
            return abort ? openAbort(command, draft) : open(command, draft);
        } catch (StoreUnavailable e) {
            LOG.warn("{} cannot be accepted", command.operation(), e);
            return Verdict.refused(Reason.UNAVAILABLE, e.getMessage());
        }
    }

    private Verdict open(Command command, Session.Draft draft) {
        // whoever asks again is told what came of it, even where nothing new could be begun
        Optional<Session> first =
                command.commandId() == null ? Optional.empty() : sessions.findByCommandId(command.commandId());
        if (first.isPresent()) {
            return verdict(new Opening.Repeated(first.get()), command);
        }
        Session held = heldFor;
        if (draft.exclusive() && held != null) {
            return Verdict.refused(
                    Reason.BUSY, "session " + held.id() + " of " + held.opName() + " is being recovered", held);
        }
        Optional<String> hindrance = hindrance();
        return hindrance.isPresent()
                ? Verdict.refused(Reason.UNAVAILABLE, hindrance.get())
                : verdict(sessions.open(draft), command);
    }

    private Optional<String> hindrance() {
        return hindrances.stream().map(Supplier::get).flatMap(Optional::stream).findFirst();
    }

    private Verdict openAbort(Command command, Session.Draft draft) {
        Session target = null;
        if (command.abortTarget() != null) {
            target = sessions.find(command.abortTarget()).orElse(null);
            if (target == null) {
                return Verdict.refused(Reason.UNKNOWN_SESSION, "no session " + command.abortTarget());
            }
        }
        return verdict(sessions.openAbort(draft, target), command);
    }

    private static Verdict verdict(Opening opening, Command command) {
        if (opening instanceof Opening.Opened opened) {
            return Verdict.ofStarted(opened.session());
        }
        if (opening instanceof Opening.Joined joined) {
            return Verdict.ofJoined(joined.abort());
        }
        if (opening instanceof Opening.Repeated repeated) {
            Session first = repeated.first();
            boolean same =
                    first.opName().equals(command.operation()) && first.params().equals(command.params());
            return same
                    ? Verdict.refused(Reason.DUPLICATE, "the command started session " + first.id() + " before", first)
                    : Verdict.refused(
                            Reason.CONFLICT,
                            "command id \"" + command.commandId() + "\" was used for another command",
                            first);
        }
        if (opening instanceof Opening.Busy busy) {
            Session holder = busy.holder();
            return Verdict.refused(
                    Reason.BUSY,
                    "session " + holder.id() + " of " + holder.opName() + " is running since " + holder.startTime(),
                    holder);
        }
        return Verdict.refused(Reason.NOTHING_TO_ABORT, "nothing to abort");
    }
}
