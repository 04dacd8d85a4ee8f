package pysmurf.controller.session;

import java.math.BigDecimal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Keeps the last sessions in memory, for tests of what stands before the store. */
public class MemorySessionStore implements SessionStore {

    private static final int MOST_SESSIONS = 10_000;

    private final TreeMap<Integer, LiveSession> sessions = new TreeMap<>();
    private final Map<String, LiveSession> byCommandId = new HashMap<>();
    private final Map<String, LiveSession> latest = new HashMap<>();
    private LiveSession holder;
    private int nextId;

    @Override
    public synchronized Verdict open(Session.Draft draft, BigDecimal startTime, boolean always) {
        LiveSession first = draft.commandId() == null ? null : byCommandId.get(draft.commandId());
        if (first != null) {
            return Verdict.duplicate(first);
        }
        if (draft.exclusive() && holder().isPresent()) {
            return Verdict.busy(holder);
        }
        LiveSession session = new LiveSession(Session.of(nextId++, draft, startTime));
        sessions.put(session.id(), session);
        latest.put(session.opName(), session);
        if (draft.commandId() != null) {
            byCommandId.put(draft.commandId(), session);
        }
        if (draft.exclusive()) {
            holder = session;
        }
        forgetOldest();
        return Verdict.ofStarted(session);
    }

    private void forgetOldest() {
        while (sessions.size() > MOST_SESSIONS
                && sessions.firstEntry().getValue().isDone()) {
            LiveSession oldest = sessions.pollFirstEntry().getValue();
            if (oldest.now().commandId() != null) {
                byCommandId.remove(oldest.now().commandId());
            }
            latest.remove(oldest.opName(), oldest);
        }
    }

    @Override
    public void save(LiveSession session) {
        // the session object itself is what is kept
    }

    @Override
    public void saveSoon(LiveSession session) {
        // as above
    }

    @Override
    public synchronized List<LiveSession> unfinished() {
        return sessions.values().stream().filter(session -> !session.isDone()).toList();
    }

    @Override
    public Optional<String> fault() {
        return Optional.empty();
    }

    @Override
    public Optional<LiveSession> inMemory(int id) {
        return find(id);
    }

    @Override
    public synchronized Optional<LiveSession> find(int id) {
        return Optional.ofNullable(sessions.get(id));
    }

    @Override
    public synchronized Optional<LiveSession> findByCommandId(String commandId) {
        return Optional.ofNullable(byCommandId.get(commandId));
    }

    @Override
    public synchronized Optional<LiveSession> holder() {
        return Optional.ofNullable(holder).filter(session -> !session.isDone());
    }

    @Override
    public synchronized Optional<LiveSession> latest(String opName) {
        return Optional.ofNullable(latest.get(opName));
    }

    @Override
    public synchronized Stream<LiveSession> list(int limit, Integer before, String opName, Outcome outcome) {
        return sessions.headMap(before == null ? Integer.MAX_VALUE : before, false).descendingMap().values().stream()
                .filter(session -> opName == null || session.opName().equals(opName))
                .filter(session -> outcome == null || session.now().outcome() == outcome)
                .limit(limit);
    }
}
