package pysmurf.controller.session;

import java.math.BigDecimal;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Keeps the last sessions in memory, for tests of what stands before the store. */
public final class MemorySessionStore implements SessionStore {

    private static final int MOST_SESSIONS = 10_000;

    private final TreeMap<Integer, Session> sessions = new TreeMap<>();
    private final Map<String, Session> byCommandId = new HashMap<>();
    private final Map<String, Session> latest = new HashMap<>();
    private Session holder;
    private int nextId;

    @Override
    public synchronized Opening open(Session.Draft draft, BigDecimal startTime, boolean always) {
        Session first = draft.commandId() == null ? null : byCommandId.get(draft.commandId());
        if (first != null) {
            return new Opening.Repeated(first);
        }
        if (draft.exclusive() && holder().isPresent()) {
            return new Opening.Busy(holder);
        }
        Session session = new Session(nextId++, draft, startTime);
        sessions.put(session.id(), session);
        latest.put(session.opName(), session);
        if (draft.commandId() != null) {
            byCommandId.put(draft.commandId(), session);
        }
        if (draft.exclusive()) {
            holder = session;
        }
        forgetOldest();
        return new Opening.Opened(session);
    }

    private void forgetOldest() {
        while (sessions.size() > MOST_SESSIONS
                && sessions.firstEntry().getValue().isDone()) {
            Session oldest = sessions.pollFirstEntry().getValue();
            if (oldest.commandId() != null) {
                byCommandId.remove(oldest.commandId());
            }
            latest.remove(oldest.opName(), oldest);
        }
    }

    @Override
    public void save(Session session) {
        // the session object itself is what is kept
    }

    @Override
    public void saveSoon(Session session) {
        // as above
    }

    @Override
    public synchronized List<Session> unfinished() {
        return sessions.values().stream().filter(session -> !session.isDone()).toList();
    }

    @Override
    public Optional<String> fault() {
        return Optional.empty();
    }

    @Override
    public synchronized Optional<Session> find(int id) {
        return Optional.ofNullable(sessions.get(id));
    }

    @Override
    public synchronized Optional<Session> findByCommandId(String commandId) {
        return Optional.ofNullable(byCommandId.get(commandId));
    }

    @Override
    public synchronized Optional<Session> holder() {
        return Optional.ofNullable(holder).filter(session -> !session.isDone());
    }

    @Override
    public synchronized Optional<Session> latest(String opName) {
        return Optional.ofNullable(latest.get(opName));
    }

    @Override
    public synchronized Stream<Session> list(int limit, Integer before, String opName, Outcome outcome) {
        return sessions.headMap(before == null ? Integer.MAX_VALUE : before, false).descendingMap().values().stream()
                .filter(session -> opName == null || session.opName().equals(opName))
                .filter(session -> outcome == null || session.outcome() == outcome)
                .limit(limit);
    }
}
