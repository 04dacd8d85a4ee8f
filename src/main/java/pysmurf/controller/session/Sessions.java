package pysmurf.controller.session;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.micrometer.core.instrument.MeterRegistry;
import java.math.BigDecimal;
import java.time.Clock;
import java.time.Duration;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.apache.camel.ExchangeProperty;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.session.LiveSession.AbortRequest;

/**
 * Everything that can happen to a session. Each change goes through {@link #update}, which has it written and then tells the sinks,
 * in the order in which things happened.
 */
public final class Sessions {

    private static final Logger LOG = LoggerFactory.getLogger(Sessions.class);

    /** In so many sessions the last one that held the lock is looked for, at the start. */
    private static final int MAX_LOOK_BACK = 20;

    private final SessionStore store;
    private final SessionEvents events;
    private final Clock clock;
    private final long maxData;
    private final SessionMetrics metrics;
    private final ObjectNode place;
    private BigDecimal since;
    /** Of the last session that held the lock; null if it is not known. */
    private Outcome lastOutcome;

    /** Of a controller that does not say where it is. */
    public Sessions(SessionStore store, SessionEvents events, Clock clock, long maxData, MeterRegistry meters) {
        this(store, events, clock, maxData, meters, Json.object());
    }

    /**
     * @param maxData what the data of a session may take as JSON text
     * @param meters  where sessions are counted and measured
     * @param place   which controller this is and where, as the status topic tells others
     */
    public Sessions(
            SessionStore store,
            SessionEvents events,
            Clock clock,
            long maxData,
            MeterRegistry meters,
            ObjectNode place) {
        this.metrics = new SessionMetrics(meters);
        this.maxData = maxData;
        this.store = store;
        this.events = events;
        this.clock = clock;
        this.place = place;
        this.since = now();
        try (Stream<LiveSession> newest = store.list(MAX_LOOK_BACK, null, null, null)) {
            lastOutcome = newest.filter(session -> session.exclusive() && session.isDone())
                    .findFirst()
                    .map(session -> session.now().outcome())
                    .orElse(null);
        }
    }

    /** Opens a session and, if it is exclusive, takes the lock with it. */
    public Verdict open(Session.Draft draft) {
        Verdict verdict = store.open(draft, now(), false);
        if (verdict.isStarted()) {
            opened(verdict.session());
        }
        return verdict;
    }

    private void opened(LiveSession session) {
        synchronized (session) {
            say(session, statusIs(Status.STARTING));
            store.saveSoon(session);
            publish(session);
        }
        lockChanged(session);
    }

    /**
     * Opens a session that never holds the lock, and closes it at once as failed: what an OCS agent does with a start that
     * it cannot carry out.
     *
     * @param  draft not exclusive and without a command id
     * @param  why   the last line before "done"
     * @return       the session, done
     */
    public LiveSession openFailed(Session.Draft draft, String why) {
        Verdict verdict = open(draft);
        if (!verdict.isStarted()) {
            throw new IllegalArgumentException("exclusive, or with a command id: " + draft);
        }
        running(verdict.session());
        close(verdict.session(), Outcome.FAILED, why);
        return verdict.session();
    }

    /**
     * Opens the session of an abort, and has what runs ended as soon as that session is written down: nobody is told of it before.
     *
     * @param  draft  the abort's own draft, not exclusive
     * @param  chosen the session to abort; null for the one that holds the lock
     * @return        {@link Verdict.Reason#JOINED} if that session is being aborted already,
     *                {@link Verdict.Reason#NOTHING_TO_ABORT} if it is done, or as {@link #open}
     */
    public Verdict openAbort(Session.Draft draft, LiveSession chosen) {
        LiveSession target = chosen != null ? chosen : store.holder().orElse(null);
        if (target == null || target.target() != null) {
            return Verdict.nothingToAbort("nothing to abort");
        }
        Verdict verdict;
        synchronized (target) {
            if (target.abortSession().isPresent()) {
                LiveSession abort = target.abortSession().get();
                return target.isDone() && abort.isDone()
                        ? Verdict.nothingToAbort("nothing to abort")
                        : Verdict.ofJoined(abort);
            }
            if (target.isDone()) {
                return Verdict.nothingToAbort("nothing to abort");
            }
            verdict = store.open(draft.ending(target.id()), now(), true);
            if (!verdict.isStarted()) {
                return verdict;
            }
            target.abortedBy(verdict.session());
            noteAbort(target, draft.requestedBy().toString());
        }
        AbortRequest request = AbortRequest.of(draft.params());
        if (request.force()) {
            target.force();
        }
        target.abortRequested().complete(request);
        opened(verdict.session());
        return verdict;
    }

    /**
     * Opens the session of a stop.
     *
     * @param draft   the stop's own draft, not exclusive
     * @param process the session to stop
     * @return        {@link Verdict.Reason#NOTHING_TO_ABORT} if that is done, or as {@link #open}
     */
    public Verdict openStop(Session.Draft draft, LiveSession process) {
        synchronized (process) {
            if (process.isDone()) {
                return Verdict.nothingToAbort("session " + process.id() + " is over");
            }
            Verdict verdict = open(draft.ending(process.id()));
            if (verdict.isStarted()) {
                verdict.session().stops(process);
                if (process.now().status() != Status.STOPPING) {
                    say(process, "Stop requested by " + draft.requestedBy());
                    update(process, now -> now.advanced(Status.STOPPING));
                }
            }
            return verdict;
        }
    }

    /**
     * Changes a session: swaps its document, has it written, and tells the sinks.
     *
     * @param change makes the new document of the present one; returns that one itself where nothing changes
     */
    public void update(LiveSession session, UnaryOperator<Session> change) {
        boolean ends;
        boolean moves;
        synchronized (session) {
            Session before = session.now();
            Session after = change.apply(before);
            if (after == before) {
                return;
            }
            session.set(after);
            boolean advanced = after.status() != before.status();
            boolean staged = !after.stages().equals(before.stages());
            if (advanced) {
                say(session, statusIs(after.status()));
            }
            if (before.publisher().notKept() == 0 && after.publisher().notKept() > 0) {
                say(session, "The session is full: some of what its scripts report is not kept (publisher.not_kept)");
            }
            ends = after.isDone() && advanced;
            moves = staged && !after.runningStage().equals(before.runningStage());
            // a stop that is answered holds after a crash, too; an abort waits for no disk
            boolean stops = advanced && after.isStopping();
            boolean atOnce = ends
                    || stops
                    || staged
                    || after.files() != before.files()
                    || !before.scripts().containsAll(after.scripts());
            if (atOnce) {
                store.save(session);
            } else {
                store.saveSoon(session);
            }
            if (advanced || staged) {
                publish(session);
            }
            if (after.files() != before.files()) {
                tellFiles(session, before.files());
            }
            if (ends) {
                events.publish(SessionEvent.of(SessionEvent.Type.RESULT, session, Json.text(result(after))));
            }
        }
        if (ends) {
            lockChanged(session);
            metrics.ended(session, lasted(session));
            session.ended().complete(session);
        } else if (moves && session.exclusive()) {
            publishStatus();
        }
    }

    private static String statusIs(Status status) {
        return "Status is now \"" + status.word() + "\".";
    }

    private void tellFiles(LiveSession session, List<RegisteredFile> before) {
        // a file that is registered again is told of again, though nothing else of it has changed
        Set<RegisteredFile> known = Collections.newSetFromMap(new IdentityHashMap<>());
        known.addAll(before);
        for (RegisteredFile file : session.now().files()) {
            if (!known.contains(file)) {
                ObjectNode payload = Json.tree(file);
                payload.put("session_id", session.id());
                events.publish(SessionEvent.of(SessionEvent.Type.FILE, session, Json.text(payload)));
            }
        }
    }

    private static ObjectNode result(Session session) {
        return Json.object()
                .put("session_id", session.id())
                .put("op_name", session.opName())
                .put("outcome", session.outcome().word())
                .put("exit_code", session.exitCode())
                .set("data", session.data());
    }

    private void publish(LiveSession session) {
        events.publish(sessionEvent(session));
    }

    public void running(@ExchangeProperty("session") LiveSession session) {
        update(session, now -> now.advanced(Status.RUNNING));
    }

    /** As {@link #requestAbort(LiveSession, String, Duration)}, in as much time as the configuration says. */
    public void requestAbort(LiveSession session, String by) {
        requestAbort(session, by, null);
    }

    /**
     * Has a session aborted that is not done, and is not being aborted.
     *
     * @param atMost the time that its scripts have before they are killed
     */
    public void requestAbort(LiveSession session, String by, Duration atMost) {
        noteAbort(session, by);
        if (session.now().abort() != null) {
            session.abortRequested().complete(new AbortRequest(false, atMost));
        }
    }

    private void noteAbort(LiveSession session, String by) {
        synchronized (session) {
            if (session.now().abort() == null && !session.isDone()) {
                say(session, "Abort requested by " + by);
                update(session, now -> now.aborted(by, now(session)));
            }
        }
    }

    /**
     * A script may start in the session's name; {@link #leave} has to follow. The session stays open until then.
     *
     * @param  always whether it is a safeguard, which runs in a session that is being aborted, too
     * @return        why no script may start; empty if one may
     */
    public Optional<String> enter(LiveSession session, boolean always) {
        synchronized (session) {
            if (session.isDone()) {
                return Optional.of("session " + session.id() + " is over");
            }
            if (session.exclusive() && store.holder().orElse(null) != session) {
                return Optional.of("session " + session.id() + " does not hold the lock");
            }
            if (session.now().status() == Status.STOPPING && !always) {
                String how = session.now().isStopping() ? "stopped" : "aborted";
                return Optional.of("session " + session.id() + " is being " + how);
            }
            return session.enter() ? Optional.empty() : Optional.of("session " + session.id() + " is over");
        }
    }

    /** Nothing of a script that {@link #enter} let in is left. */
    public void leave(LiveSession session) {
        session.leave();
    }

    /** The session's exchange is over: it is closed by this when its last script is over, too. Only the first call counts. */
    public void conclude(LiveSession session, Runnable closing) {
        session.conclude(closing);
    }

    public void signalSent(LiveSession session, String signal) {
        synchronized (session) {
            update(session, now -> now.signalled(signal));
            message(session, "Sent SIG" + signal + " to the script and its children");
        }
    }

    /** Nothing of the session's script is alive any more. */
    public void nothingAlive(LiveSession session) {
        AbortRecord abort = session.now().abort();
        if (abort != null) {
            metrics.abortTook(session, between(abort.at(), now(session)));
        }
    }

    private static Duration between(BigDecimal from, BigDecimal to) {
        return Duration.ofNanos(
                to.subtract(from).max(BigDecimal.ZERO).movePointRight(9).longValue());
    }

    /** The session's script has written so many bytes more. */
    public void written(LiveSession session, long bytes) {
        metrics.written(session, bytes);
    }

    /** A line for the people who look at the session; it also goes out over UDP. */
    public void message(LiveSession session, String text) {
        synchronized (session) {
            say(session, text);
            store.saveSoon(session);
        }
    }

    private void say(LiveSession session, String text) {
        LogMark.around(session, () -> LOG.info("{}:{} {}", session.opName(), session.id(), text));
        session.add(new Message(now(session), text));
        events.publish(SessionEvent.of(SessionEvent.Type.MESSAGE, session, Json.text(text)));
    }

    /**
     * Takes in Publisher messages of the session's script that have arrived together, and hands them to the sinks.
     *
     * @return false if they come too late: the session is done
     */
    public boolean published(LiveSession session, Published messages) {
        synchronized (session) {
            if (session.isDone()) {
                return false;
            }
            update(session, now -> now.received(messages.datagrams().size()).merged(messages.data(), maxData));
            // lines are not sent out again, since their datagrams are
            if (!messages.lines().isEmpty()) {
                scriptMessages(session, messages.lines());
            }
            events.publish(SessionEvent.ofDatagrams(session, messages.datagrams()));
            if (!messages.told().isEmpty()) {
                events.publish(SessionEvent.ofMessages(session, messages.told()));
            }
            return true;
        }
    }

    /** Lines of the session's script for the people who look at the session. */
    public void scriptMessages(LiveSession session, List<String> lines) {
        BigDecimal time = now(session);
        session.add(lines.stream().map(line -> new Message(time, line)).toList());
        store.saveSoon(session);
    }

    /** Merges into the session's data, top level only, as OCS does. */
    public void mergeData(LiveSession session, ObjectNode more) {
        update(session, now -> now.merged(List.of(more), maxData));
    }

    /** Registers a file; one with the same path is replaced. */
    public void register(LiveSession session, RegisteredFile file) {
        update(session, now -> now.withFile(file));
    }

    /** The checksum of a registered file is known; the session may be done, or forgotten. */
    void digested(int id, String path, long size, String sha256) {
        store.find(id).ifPresent(session -> update(session, now -> now.withDigest(path, size, sha256)));
    }

    public void output(LiveSession session, SessionEvent.Output output) {
        events.publish(SessionEvent.ofOutput(session, output));
    }

    /**
     * The stages that the session will go through, none of them run yet.
     *
     * @param skipped which of them will be left out
     */
    public void planStages(LiveSession session, List<String> names, Predicate<String> skipped) {
        List<Stage> stages = names.stream()
                .map(name -> skipped.test(name) ? Stage.skipped(name) : Stage.notRun(name))
                .toList();
        update(session, now -> now.withStages(stages));
    }

    public void stageStarted(LiveSession session, String name) {
        update(session, now -> now.withStage(name, stage -> stage.started(now(session))));
    }

    public void stageEnded(LiveSession session, String name, Stage.State state, ObjectNode numbers, String why) {
        update(session, now -> now.withStage(name, stage -> stage.ended(state, now(session), numbers, why)));
    }

    /** The stages that still run have ended, since the session ends like this. */
    public void endStages(LiveSession session, Outcome outcome) {
        update(session, now -> now.withStagesEnded(outcome, now(session)));
    }

    /**
     * Closes the session, and with it the lock.
     *
     * @param finalText the last line before "done"; null for none
     */
    public void close(LiveSession session, Outcome outcome, String finalText) {
        update(session, now -> {
            if (now.isDone()) {
                return now;
            }
            if (finalText != null) {
                say(session, finalText);
            }
            return now.ended(outcome, now(session));
        });
    }

    private synchronized void lockChanged(LiveSession session) {
        if (session.exclusive()) {
            since = now();
            lastOutcome = session.isDone() ? session.now().outcome() : lastOutcome;
            publishStatus();
        }
    }

    /** One after the other, so that the last that is told is how it is. */
    private synchronized void publishStatus() {
        events.publish(statusEvent());
    }

    /** Whether the controller is busy, and with what, as an event for the sinks. */
    public synchronized SessionEvent statusEvent() {
        return SessionEvent.of(SessionEvent.Type.STATUS, null, Json.text(statusJson(true)));
    }

    /** The payload of the status topic. One that is offline says nothing of a session: it may be long over by then. */
    public synchronized ObjectNode statusJson(boolean online) {
        Optional<LiveSession> holder = online ? store.holder() : Optional.empty();
        ObjectNode status = Json.object()
                .put("online", online)
                .put("busy", holder.isPresent())
                .put("session_id", holder.map(LiveSession::id).orElse(null))
                .put("op_name", holder.map(LiveSession::opName).orElse(null))
                .put("since", since);
        status.setAll(place);
        status.putNull("stage").putNull("stage_number").putNull("stages");
        holder.ifPresent(session -> status.setAll(session.now().progress()));
        return status.put("last_outcome", lastOutcome == null ? null : lastOutcome.word());
    }

    /** The session as an event, for a sink that missed it. */
    public SessionEvent sessionEvent(LiveSession session) {
        return SessionEvent.of(
                SessionEvent.Type.SESSION,
                session,
                session.view(LiveSession.LISTED_MESSAGES).text());
    }

    public Optional<LiveSession> find(int id) {
        return store.find(id);
    }

    /** One that is found without waiting for the store. */
    public Optional<LiveSession> inMemory(int id) {
        return store.inMemory(id);
    }

    /**
     * The session that a command id opened.
     *
     * @throws StoreUnavailable if that cannot be told at the moment
     */
    public Optional<LiveSession> findByCommandId(String commandId) {
        return store.findByCommandId(commandId);
    }

    public Optional<LiveSession> holder() {
        return store.holder();
    }

    public List<LiveSession> unfinished() {
        return store.unfinished();
    }

    public Optional<LiveSession> latest(String opName) {
        return store.latest(opName);
    }

    /** See {@link SessionStore#list}. */
    public Stream<LiveSession> list(int limit, Integer before, String opName, Outcome outcome) {
        return store.list(limit, before, opName, outcome);
    }

    /** How long a session has lasted so far, or did until it was done. */
    public Duration lasted(LiveSession session) {
        BigDecimal end = session.now().endTime();
        return between(session.now().startTime(), end == null ? now(session) : end);
    }

    /** A session's own times never go back, though the clock may: clients take one from another. */
    public BigDecimal now(LiveSession session) {
        return session.time(now());
    }

    private BigDecimal now() {
        return Json.seconds(clock.instant());
    }
}
