package pysmurf.controller.session;

import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Keeps the sessions. The controller's lock is a property of it: the lock is held exactly while an exclusive session in it
 * is not done, so opening and locking are one step, and so are closing and unlocking. Implementations are thread-safe; any of
 * their methods that read may throw {@link StoreUnavailable}.
 */
public interface SessionStore {

    /**
     * Opens a session, in one step with the look at command id and lock.
     *
     * @param  startTime when the command was accepted, unix seconds
     * @param  always    whether the session is opened even if that cannot be written at the moment, as for an abort
     * @return           started, busy, or a duplicate
     * @throws StoreUnavailable if it can be neither written nor looked up
     */
    Verdict open(Session.Draft draft, BigDecimal startTime, boolean always);

    /**
     * Writes what has changed. It is durable when this returns; but a store that fails never stops what is under way: then it is
     * written as soon as it can be.
     */
    void save(LiveSession session);

    /** Writes what has changed within 100 ms: for what comes thick and fast. */
    void saveSoon(LiveSession session);

    /** The sessions that are not done; after a start those of the life before. */
    List<LiveSession> unfinished();

    /** Why nothing can be written at the moment; empty if it can be. */
    Optional<String> fault();

    Optional<LiveSession> find(int id);

    /** As {@link #find}, where nothing has to be read for it. */
    Optional<LiveSession> inMemory(int id);

    /** The session that a command id opened. */
    Optional<LiveSession> findByCommandId(String commandId);

    /** The session that holds the lock. */
    Optional<LiveSession> holder();

    /** The newest session of an operation; one that is done and not in memory as {@link #list} gives it. */
    Optional<LiveSession> latest(String opName);

    /**
     * Newest first. One that is not in memory is read when its turn comes, with its newest messages and no more data and
     * parameters than a list can show.
     *
     * @param limit   at most so many
     * @param before  only ids below this; null for all
     * @param opName  only this operation; null for all
     * @param outcome only this outcome; null for all
     */
    Stream<LiveSession> list(int limit, Integer before, String opName, Outcome outcome);
}
