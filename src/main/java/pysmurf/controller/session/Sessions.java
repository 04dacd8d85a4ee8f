package pysmurf.controller.session;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything that can happen to a session. Each change is written to the store first and then told to the sinks, in the
 * order in which it happened. Thread-safe.
 */
public final class Sessions {

    private static final Logger LOG = LoggerFactory.getLogger(Sessions.class);

    private final SessionStore store;
    private final SessionEvents events;
    private final Clock clock;
    private final long mostData;
    private volatile SessionFigures figures = SessionFigures.NONE;
    private BigDecimal since;

    /** @param mostData what the data of a session may take as JSON text */
    public Sessions(SessionStore store, SessionEvents events, Clock clock, long mostData) {
        this.mostData = mostData;
        this.store = store;
        this.events = events;
        this.clock = clock;
        this.since = now();
    }

    /** Who counts and measures what happens from now on. */
    public void measuredBy(SessionFigures by) {
        figures = by;
    }

    /** Opens a session and, if it is exclusive, takes the lock with it. */
    public Opening open(Session.Draft draft) {
        return open(draft, false);
    }

    private Opening open(Session.Draft draft, boolean always) {
        Opening opening = store.open(draft, now(), always);
        if (opening instanceof Opening.Opened opened) {
            begin(opened.session());
        }
        return opening;
    }

    /**
     * Opens a session that never holds the lock, and closes it at once as failed: what an OCS agent does with a start that
     * it cannot carry out.
     *
     * @param  draft not exclusive and without a command id
     * @param  why   the last line before "done"
     * @return       the session, done
     */
    public Session openFailed(Session.Draft draft, String why) {
        if (!(open(draft) instanceof Opening.Opened opened)) {
            throw new IllegalArgumentException("exclusive, or with a command id: " + draft);
        }
        running(opened.session());
        close(opened.session(), Outcome.FAILED, why);
        return opened.session();
    }

    /**
     * Opens the session of an abort.
     *
     * @param  draft  the abort's own draft, not exclusive
     * @param  target the session to abort; null for the one that holds the lock
     * @return        {@link Opening.Joined} if that session is being aborted already, {@link Opening.Nothing} if it is
     *                done, or as {@link #open}
     */
    public Opening openAbort(Session.Draft draft, Session target) {
        Optional<Session> first = repeated(draft);
        if (first.isPresent()) {
            return new Opening.Repeated(first.get());
        }
        Session victim = target != null ? target : store.holder().orElse(null);
        if (victim == null || !victim.exclusive()) {
            return new Opening.Nothing();
        }
        synchronized (victim) {
            if (victim.abortSession().isPresent()) {
                Session abort = victim.abortSession().get();
                return victim.isDone() && abort.isDone() ? new Opening.Nothing() : new Opening.Joined(abort);
            }
            if (victim.isDone()) {
                return new Opening.Nothing();
            }
            Opening opening = open(draft, true);
            if (opening instanceof Opening.Opened opened) {
                victim.abortedBy(opened.session());
                requestAbort(victim, draft.requestedBy().toString());
            }
            return opening;
        }
    }

    private Optional<Session> repeated(Session.Draft draft) {
        try {
            return draft.commandId() == null ? Optional.empty() : store.findByCommandId(draft.commandId());
        } catch (StoreUnavailable e) {
            // an abort must work whatever else does not, and one too many does no harm
            LOG.warn("Whether the abort {} is a repeated one cannot be told: {}", draft.commandId(), e.getMessage());
            return Optional.empty();
        }
    }

    private void begin(Session session) {
        synchronized (session) {
            say(session, "Status is now \"starting\".");
            store.saveSoon(session);
            publish(session);
        }
        lockChanged(session);
    }

    /** The session's work begins. */
    public void running(Session session) {
        advance(session, Status.RUNNING);
    }

    private void advance(Session session, Status status) {
        synchronized (session) {
            if (session.advance(status)) {
                say(session, "Status is now \"" + status.word() + "\".");
                store.saveSoon(session);
                publish(session);
            }
        }
    }

    /** Notes that the session is to be aborted; whoever runs its scripts has to look at {@link Session#abort}. */
    public void requestAbort(Session session, String by) {
        synchronized (session) {
            if (session.requestAbort(by, now(session))) {
                say(session, "Abort requested by " + by);
                advance(session, Status.STOPPING);
            }
        }
    }

    /** A signal went to the session's processes. */
    public void signalSent(Session session, String signal) {
        synchronized (session) {
            session.signalSent(signal);
            say(session, "Sent SIG" + signal + " to the script and its children");
            store.saveSoon(session);
        }
    }

    /** Nothing of the session's script is alive any more. */
    public void nothingAlive(Session session) {
        AbortRecord abort = session.abort();
        if (abort != null) {
            figures.abortTook(session, between(abort.at(), now(session)));
        }
    }

    private static Duration between(BigDecimal from, BigDecimal to) {
        return Duration.ofNanos(
                to.subtract(from).max(BigDecimal.ZERO).movePointRight(9).longValue());
    }

    /** The session's script has written so many bytes more. */
    public void written(Session session, long bytes) {
        figures.written(session, bytes);
    }

    /** How many processes lived on after the whole ladder. */
    public void survivors(Session session, int count) {
        session.survivors(count);
    }

    /** A line for the people who look at the session; it also goes out over UDP. */
    public void message(Session session, String text) {
        synchronized (session) {
            say(session, text);
            store.saveSoon(session);
        }
    }

    private void say(Session session, String text) {
        LogMark.around(session, () -> LOG.info("{}:{} {}", session.opName(), session.id(), text));
        session.addMessage(now(session), text);
        events.publish(SessionEvent.of(SessionEvent.Type.MESSAGE, session, text));
    }

    /** A Publisher message of type {@code session_log}; it is not sent out again, since its datagram is. */
    public void scriptMessage(Session session, String text) {
        session.addMessage(now(session), text);
        store.saveSoon(session);
    }

    /** Merges into the session's data, top level only, as OCS does. */
    public void mergeData(Session session, ObjectNode more) {
        synchronized (session) {
            notKept(session, session.merge(more, mostData));
        }
        store.saveSoon(session);
    }

    /** The first time is told; from then on it is counted. */
    private void notKept(Session session, int count) {
        if (count > 0 && session.notKept() == count) {
            say(session, "The session is full: some of what its scripts report is not kept (publisher.not_kept)");
        }
    }

    /**
     * Tells the sinks of a Publisher message.
     *
     * @param message not to be changed any more
     * @param bytes   how long its datagram was
     */
    public void published(Session session, JsonNode message, int bytes) {
        events.publish(SessionEvent.data(session, message, bytes));
    }

    /** Registers a file; one with the same path is replaced. */
    public void register(Session session, RegisteredFile file) {
        synchronized (session) {
            if (!session.add(file)) {
                notKept(session, 1);
                store.saveSoon(session);
                return;
            }
            store.save(session);
            ObjectNode payload = Json.tree(file);
            payload.put("session_id", session.id());
            events.publish(SessionEvent.of(SessionEvent.Type.FILE, session, payload));
        }
    }

    /** Hands a datagram of the session's script to the sinks as it is. */
    public void relay(Session session, byte[] datagram) {
        events.publish(SessionEvent.datagram(session, datagram));
    }

    /** Hands output lines to the sinks. */
    public void output(Session session, SessionEvent.Output output) {
        events.publish(SessionEvent.output(session, output));
    }

    /** Where the session's output is. */
    public void log(Session session, SessionLog log) {
        session.log(log);
        store.saveSoon(session);
    }

    /** A script of the session is about to be started; written first, so that it is found whatever happens then. */
    public void starting(Session session, ScriptMark mark) {
        session.script(mark);
        store.save(session);
    }

    /** A script of the session has started; written at once, or a child of it could be taken for it after a crash. */
    public void started(Session session, ScriptMark mark) {
        synchronized (session) {
            session.script(mark);
            session.process(mark.pid());
        }
        store.save(session);
    }

    /**
     * A script of the session has ended.
     *
     * @param exitCode null if it is not known
     */
    public void exited(Session session, Integer exitCode) {
        synchronized (session) {
            session.script(null);
            session.exit(exitCode);
        }
        store.saveSoon(session);
    }

    /**
     * The stages that the session will go through, none of them run yet.
     *
     * @param skipped which of them will be left out
     */
    public void planStages(Session session, List<String> names, Predicate<String> skipped) {
        synchronized (session) {
            names.forEach(name -> session.put(skipped.test(name) ? Stage.skipped(name) : Stage.notRun(name)));
            store.save(session);
            publish(session);
        }
    }

    /** A stage begins. */
    public void stageStarted(Session session, String name) {
        synchronized (session) {
            session.put(session.stage(name).orElse(Stage.notRun(name)).started(now(session)));
            store.save(session);
            publish(session);
        }
    }

    /** A stage has ended. */
    public void stageEnded(Session session, String name, Stage.State state, ObjectNode numbers, String why) {
        synchronized (session) {
            session.put(session.stage(name).orElse(Stage.notRun(name)).ended(state, now(session), numbers, why));
            store.save(session);
            publish(session);
        }
    }

    /**
     * Closes the session, and with it the lock.
     *
     * @param finalText the last line before "done"; null for none
     */
    public void close(Session session, Outcome outcome, String finalText) {
        synchronized (session) {
            if (session.isDone()) {
                return;
            }
            if (finalText != null) {
                say(session, finalText);
            }
            session.end(outcome, now(session));
            session.advance(Status.DONE);
            say(session, "Status is now \"done\".");
            store.save(session);
            publish(session);
            events.publish(SessionEvent.of(SessionEvent.Type.RESULT, session, result(session)));
        }
        lockChanged(session);
        figures.ended(session, lasted(session));
        session.ended().complete(session);
    }

    private static ObjectNode result(Session session) {
        ObjectNode json = session.toJson(0);
        ObjectNode result = Json.object();
        for (String field : List.of("session_id", "op_name", "outcome", "exit_code", "data")) {
            result.set(field, json.get(field));
        }
        return result;
    }

    private void publish(Session session) {
        events.publish(SessionEvent.of(SessionEvent.Type.SESSION, session, session.toJson()));
    }

    private synchronized void lockChanged(Session session) {
        if (session.exclusive()) {
            since = now();
            events.publish(statusEvent());
        }
    }

    /** Whether the controller is busy, as an event for the sinks. */
    public synchronized SessionEvent statusEvent() {
        return SessionEvent.status(Json.text(statusJson(true)));
    }

    /** The payload of the status topic. */
    public synchronized ObjectNode statusJson(boolean online) {
        Optional<Session> holder = store.holder();
        return Json.object()
                .put("online", online)
                .put("busy", holder.isPresent())
                .put("session_id", holder.map(Session::id).orElse(null))
                .put("op_name", holder.map(Session::opName).orElse(null))
                .put("since", since);
    }

    /** The session as an event, for a sink that missed it. */
    public SessionEvent sessionEvent(Session session) {
        return SessionEvent.of(SessionEvent.Type.SESSION, session, session.toJson());
    }

    public Optional<Session> find(int id) {
        return store.find(id);
    }

    /**
     * The session that a command id opened.
     *
     * @throws StoreUnavailable if that cannot be told at the moment
     */
    public Optional<Session> findByCommandId(String commandId) {
        return store.findByCommandId(commandId);
    }

    /** The session that holds the lock. */
    public Optional<Session> holder() {
        return store.holder();
    }

    /** The sessions that are not done. */
    public List<Session> unfinished() {
        return store.unfinished();
    }

    /** The newest session of an operation. */
    public Optional<Session> latest(String opName) {
        return store.latest(opName);
    }

    /** See {@link SessionStore#list}. */
    public Stream<Session> list(int limit, Integer before, String opName, Outcome outcome) {
        return store.list(limit, before, opName, outcome);
    }

    /** How long a session has lasted so far, or did until it was done. */
    public Duration lasted(Session session) {
        BigDecimal end = session.endTime();
        return between(session.startTime(), end == null ? now(session) : end);
    }

    /** A session's own times never go back, though the clock may: clients take one from another. */
    private BigDecimal now(Session session) {
        return session.time(now());
    }

    private BigDecimal now() {
        return Json.seconds(clock.instant());
    }
}
