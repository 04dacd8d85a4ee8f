package pysmurf.controller.store;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentNavigableMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.camel.support.LRUCacheFactory;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.SessionLog;
import pysmurf.controller.session.SessionStore;
import pysmurf.controller.session.StoreUnavailable;
import pysmurf.controller.session.Verdict;
import pysmurf.controller.store.SessionTables.Extent;

/**
 * Keeps sessions in a database. Those that are not done, and the last ones that are, are objects in memory, too, so that status
 * and abort need no database. When it cannot be written, new commands are refused, and what is under way is written as soon as it
 * can be. Thread-safe; a session's monitor may be held by callers, and is taken before any monitor of this class.
 */
public final class JdbcSessionStore implements SessionStore, AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(JdbcSessionStore.class);

    private static final String UNAVAILABLE = "sessions cannot be kept at the moment: ";
    private static final long WRITE_AFTER_MS = 100;
    private static final long IDLE_THREAD_SECONDS = 10;

    private static final long LOOK_EVERY_MS = 5000;
    /** Done sessions that stay in memory, and what they may take together. */
    private static final int MAX_KEPT = 100;

    private static final long MAX_KEPT_BYTES = 32L * 1024 * 1024;
    private static final Extent WHOLE = new Extent(100_000, LiveSession.MAX_MESSAGE_BYTES, true);

    /** As many as a list may have. */
    private static final int MAX_LISTED = 500;

    private static final Extent LISTED = new Extent(LiveSession.LISTED_MESSAGES, 64 * 1024, false);

    /** A session in memory and what of it the database has; its monitor is held while it is written. */
    private static final class Kept {

        private final LiveSession session;
        private boolean forgotten;
        /** How many messages are there. */
        private int messages;
        /** Whether it is there as done; volatile, since it is looked at without the monitor. */
        private volatile boolean doneWritten;

        private Kept(LiveSession session) {
            this.session = session;
        }
    }

    private final Jdbi durable;
    private final Jdbi quick;
    /** Fair, so that an abort waits for one write at most. */
    private final Semaphore writers;

    private final SessionTables tables;
    /** By id; the newest is the last. */
    private final ConcurrentNavigableMap<Integer, Kept> kept = new ConcurrentSkipListMap<>();

    private final Map<String, Optional<LiveSession>> latest = new ConcurrentHashMap<>();
    /** Of those that are not kept, as a list shows them, as long as there is memory for them. */
    private final Map<Integer, LiveSession> listed = LRUCacheFactory.newLRUSoftCache(MAX_LISTED);

    private final Set<Kept> dirty = ConcurrentHashMap.newKeySet();
    private final ScheduledThreadPoolExecutor writer;
    private final AtomicBoolean writesSoon = new AtomicBoolean();
    private final Object lockGate = new Object();
    private final Object loading = new Object();
    private volatile LiveSession holder;
    private volatile String fault;
    private int nextId;

    /**
     * @param  database   stays the caller's to close, after this
     * @param  controller whose sessions these are
     * @throws StoreUnavailable if it cannot be read
     */
    public JdbcSessionStore(Database database, String controller) {
        durable = database.durable();
        quick = database.quick();
        writers = new Semaphore(database.writers(), true);
        tables = new SessionTables(controller);
        writer = new ScheduledThreadPoolExecutor(
                1,
                task -> {
                    Thread thread = new Thread(task, "session-writer");
                    thread.setDaemon(true);
                    return thread;
                },
                // what is asked for once this is closed has been written by then
                new ThreadPoolExecutor.DiscardPolicy());
        writer.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        writer.setKeepAliveTime(IDLE_THREAD_SECONDS, TimeUnit.SECONDS);
        writer.allowCoreThreadTimeOut(true);
        try {
            transaction(durable, handle -> nextId = tables.nextId(handle));
        } catch (JdbiException e) {
            throw unavailable(e);
        }
        for (int id : reading(tables::unfinished)) {
            LiveSession session = load(id, WHOLE).orElseThrow();
            keep(session);
            if (session.exclusive()) {
                holder = session;
            }
        }
        if (database.isElsewhere()) {
            // it may go while nobody writes, and is to be missed before the next command
            writer.scheduleWithFixedDelay(
                    this::lookWhetherItIsThere, LOOK_EVERY_MS, LOOK_EVERY_MS, TimeUnit.MILLISECONDS);
        }
    }

    private void lookWhetherItIsThere() {
        try {
            if (fault == null) {
                isWritable();
            }
        } catch (RuntimeException e) {
            // a fixed delay ends with the first exception
            LOG.error("It is not known whether sessions can be written", e);
        }
    }

    private void setDirty(Kept changed) {
        dirty.add(changed);
        writeSoon();
    }

    /** Writes what is dirty after a moment, and again while it cannot be written. */
    private void writeSoon() {
        if (writesSoon.compareAndSet(false, true)) {
            writer.schedule(this::writeNow, WRITE_AFTER_MS, TimeUnit.MILLISECONDS);
        }
    }

    private void writeNow() {
        // what gets dirty from here on may be passed by
        writesSoon.set(false);
        try {
            writeDirty();
            forgetOldest();
        } catch (RuntimeException e) {
            LOG.error("Sessions could not be written", e);
        }
        if (fault != null || !dirty.isEmpty()) {
            writeSoon();
        }
    }

    @Override
    public Verdict open(Session.Draft draft, BigDecimal startTime, boolean always) {
        if (!draft.exclusive()) {
            return insert(draft, startTime, always);
        }
        synchronized (lockGate) {
            LiveSession last = holder;
            if (last != null) {
                // a thread that is closing it holds its monitor until that is written
                synchronized (last) {
                    if (!last.isDone()) {
                        return repeated(draft).map(Verdict::duplicate).orElseGet(() -> Verdict.busy(last));
                    }
                }
            }
            Verdict verdict = insert(draft, startTime, always);
            if (verdict.isStarted()) {
                holder = verdict.session();
            }
            return verdict;
        }
    }

    private synchronized Verdict insert(Session.Draft draft, BigDecimal startTime, boolean always) {
        Session.Draft toOpen = draft;
        try {
            Optional<LiveSession> first = repeated(draft);
            if (first.isPresent()) {
                return Verdict.duplicate(first.get());
            }
        } catch (StoreUnavailable e) {
            if (!always) {
                throw e;
            }
            // an id that was used before could never be written, and everything else would wait behind it
            toOpen = draft.withoutCommandId();
        }
        Kept opened = new Kept(new LiveSession(Session.of(nextId, toOpen, startTime)));
        if (always) {
            // an abort waits for no disk: the system has its session when it is answered, the platter a moment later
            saveAtOnce(opened);
        } else {
            try {
                write(durable, opened);
            } catch (JdbiException e) {
                failed(e);
                throw unavailable(e);
            }
        }
        nextId++;
        kept.put(opened.session.id(), opened);
        latest.put(draft.opName(), Optional.of(opened.session));
        return Verdict.ofStarted(opened.session);
    }

    private Optional<LiveSession> repeated(Session.Draft draft) {
        return draft.commandId() == null ? Optional.empty() : findByCommandId(draft.commandId());
    }

    @Override
    public void save(LiveSession session) {
        saveAtOnce(known(session));
    }

    private void saveAtOnce(Kept changed) {
        if (fault != null) {
            setDirty(changed);
        } else {
            tryToWrite(changed);
        }
    }

    @Override
    public void saveSoon(LiveSession session) {
        setDirty(known(session));
    }

    /** One that was forgotten and changes once more is written whole; messages that are there stay. */
    private Kept known(LiveSession session) {
        return kept.computeIfAbsent(session.id(), id -> new Kept(session));
    }

    private void writeDirty() {
        if (fault == null) {
            writeEach();
        } else if (isWritable() && writeEach() && writeEach()) {
            // what changed while the first pass waited for the database may have been passed by it
            LOG.info("Sessions can be written again");
            fault = null;
        }
    }

    /** @return false if one of them could not be written */
    private boolean writeEach() {
        for (Kept changed : dirty) {
            if (!tryToWrite(changed)) {
                return false;
            }
        }
        return true;
    }

    private boolean tryToWrite(Kept changed) {
        try {
            write(quick, changed);
            return true;
        } catch (JdbiException e) {
            failed(e);
            setDirty(changed);
            return false;
        }
    }

    private boolean isWritable() {
        try {
            transaction(durable, tables::tryToWrite);
            return true;
        } catch (JdbiException e) {
            failed(e);
            return false;
        }
    }

    /**
     * Writes it as it is now. It may go on changing meanwhile, since what a script sends does not wait for the disk: this looks at it
     * without its monitor, and after it is said to be clean.
     */
    private void write(Jdbi jdbi, Kept changed) {
        synchronized (changed) {
            dirty.remove(changed);
            if (changed.forgotten) {
                return;
            }
            LiveSession.Snapshot now = changed.session.since(changed.messages);
            transaction(jdbi, handle -> tables.write(handle, now));
            changed.doneWritten = now.session().isDone();
            changed.messages = now.messageCount();
        }
    }

    private void failed(JdbiException e) {
        String why = Database.reason(e);
        if (!why.equals(fault)) {
            LOG.error("Sessions cannot be written for now: {}", why);
        }
        fault = why;
        writeSoon();
    }

    private static StoreUnavailable unavailable(JdbiException e) {
        return new StoreUnavailable(UNAVAILABLE + Database.reason(e), e);
    }

    private void transaction(Jdbi jdbi, Consumer<Handle> work) {
        writers.acquireUninterruptibly();
        try {
            jdbi.useTransaction(work::accept);
        } finally {
            writers.release();
        }
    }

    private <T> T reading(Function<Handle, T> work) {
        try {
            return quick.withHandle(work::apply);
        } catch (JdbiException e) {
            throw unavailable(e);
        }
    }

    private Optional<LiveSession> load(int id, Extent extent) {
        return reading(handle -> tables.read(handle, id, extent));
    }

    /** From memory, or as much of it as a list shows. */
    private Optional<LiveSession> listed(int id) {
        return inMemory(id).or(() -> Optional.ofNullable(listed.get(id))).or(() -> {
            Optional<LiveSession> loaded = load(id, LISTED);
            loaded.ifPresent(session -> listed.put(id, session));
            return loaded;
        });
    }

    private LiveSession keep(LiveSession session) {
        Kept known = new Kept(session);
        known.doneWritten = session.isDone();
        known.messages = session.messageCount();
        Kept earlier = kept.putIfAbsent(session.id(), known);
        return earlier == null ? session : earlier.session;
    }

    /** Of those that are done and written, the oldest, while they are too many. */
    private void forgetOldest() {
        long bytes = 0;
        int count = 0;
        for (Kept one : kept.descendingMap().values()) {
            if (one.doneWritten && !dirty.contains(one)) {
                bytes += one.session.weight();
                count++;
                if (count > 1 && (count > MAX_KEPT || bytes > MAX_KEPT_BYTES)) {
                    // it may have been read before it was changed
                    listed.remove(one.session.id());
                    kept.remove(one.session.id(), one);
                    latest.remove(one.session.opName(), Optional.of(one.session));
                }
            }
        }
    }

    @Override
    public List<LiveSession> unfinished() {
        return kept.values().stream()
                .map(one -> one.session)
                .filter(session -> !session.isDone())
                .toList();
    }

    @Override
    public Optional<String> fault() {
        return Optional.ofNullable(fault);
    }

    /** Why no session can be opened for a client at the moment, in words for the client; empty if one can. */
    public Optional<String> hindrance() {
        return fault().map(UNAVAILABLE::concat);
    }

    @Override
    public Optional<LiveSession> find(int id) {
        Optional<LiveSession> known = inMemory(id);
        if (known.isPresent()) {
            return known;
        }
        // one at a time: each may be as large as a session can be
        synchronized (loading) {
            Optional<LiveSession> loaded = load(id, WHOLE).map(this::keep);
            forgetOldest();
            return loaded;
        }
    }

    @Override
    public Optional<LiveSession> inMemory(int id) {
        return Optional.ofNullable(kept.get(id)).map(known -> known.session);
    }

    @Override
    public Optional<LiveSession> findByCommandId(String commandId) {
        Optional<LiveSession> known = kept.values().stream()
                .map(one -> one.session)
                .filter(session -> commandId.equals(session.now().commandId()))
                .findFirst();
        return known.isPresent()
                ? known
                : reading(handle -> tables.findByCommandId(handle, commandId)).flatMap(this::find);
    }

    @Override
    public Optional<LiveSession> holder() {
        return Optional.ofNullable(holder).filter(session -> !session.isDone());
    }

    @Override
    public Optional<LiveSession> latest(String opName) {
        Optional<LiveSession> known = latest.get(opName);
        if (known != null) {
            return known;
        }
        Optional<LiveSession> loaded =
                reading(handle -> tables.latest(handle, opName)).flatMap(this::listed);
        return Objects.requireNonNullElse(latest.putIfAbsent(opName, loaded), loaded);
    }

    @Override
    public Stream<LiveSession> list(int limit, Integer before, String opName, Outcome outcome) {
        int below = before == null ? Integer.MAX_VALUE : before;
        return reading(handle -> tables.list(handle, limit, below, opName, outcome)).stream()
                .map(this::listed)
                .flatMap(Optional::stream);
    }

    /**
     * Forgets sessions that ended before a time; at most 1000 at a time.
     *
     * @param  time unix seconds
     * @return      where the output of those is that were forgotten, as far as they had any
     */
    List<SessionLog> forgetEndedBefore(BigDecimal time) {
        List<SessionLog> logs = new ArrayList<>();
        for (int id : reading(handle -> tables.endedBefore(handle, time, 1000))) {
            listed(id).ifPresent(session -> {
                forget(known(session));
                if (session.now().log() != null) {
                    logs.add(session.now().log());
                }
            });
        }
        return logs;
    }

    private void forget(Kept one) {
        synchronized (one.session) {
            synchronized (one) {
                transaction(quick, handle -> tables.forget(handle, one.session.id()));
                // or what is still to be written of it would bring it back
                one.forgotten = true;
            }
        }
        dirty.remove(one);
        kept.remove(one.session.id(), one);
        listed.remove(one.session.id());
        latest.remove(one.session.opName());
    }

    /** Writes what is not written yet, and ends. */
    @Override
    public void close() {
        writer.shutdown();
        writeDirty();
        if (!dirty.isEmpty()) {
            LOG.error("{} sessions could not be written before the end: {}", dirty.size(), fault);
        }
    }
}
