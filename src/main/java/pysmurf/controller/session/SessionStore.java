package pysmurf.controller.session;

import java.math.BigDecimal;
import java.util.List;
import java.util.Optional;

/**
 * Keeps the sessions. The controller's lock is a property of it: the lock is held exactly while an exclusive session in it
 * is not done, so opening and locking are one step, and so are closing and unlocking. Implementations are thread-safe.
 */
public interface SessionStore {

    /**
     * Opens a session, in one step with the look at command id and lock.
     *
     * @param  startTime when the command was accepted, unix seconds
     * @return           {@link Opening.Opened}, {@link Opening.Busy} or {@link Opening.Repeated}
     */
    Opening open(Session.Draft draft, BigDecimal startTime);

    /** Writes what has changed; it is durable when this returns, as far as the store is. */
    void save(Session session);

    Optional<Session> find(int id);

    /** The session that a command id opened. */
    Optional<Session> findByCommandId(String commandId);

    /** The session that holds the lock. */
    Optional<Session> holder();

    /** The newest session of an operation. */
    Optional<Session> latest(String opName);

    /**
     * Newest first.
     *
     * @param limit   at most so many
     * @param before  only ids below this; null for all
     * @param opName  only this operation; null for all
     * @param outcome only this outcome; null for all
     */
    List<Session> list(int limit, Integer before, String opName, Outcome outcome);
}
