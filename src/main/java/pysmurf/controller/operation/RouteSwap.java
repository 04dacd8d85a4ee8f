package pysmurf.controller.operation;

import java.util.Set;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * What must not happen at the same time: routes being replaced, and something being handed to them.
 */
public final class RouteSwap {

    private final ReadWriteLock sessions = new ReentrantReadWriteLock();
    private volatile Set<String> routes = Set.of();
    /** Odd while routes are replaced. */
    private volatile long stamp;

    /** Held while a session is handed to its operation's route; many may hold it. */
    public Lock handover() {
        return sessions.readLock();
    }

    /** Held while it is looked whether routes are in use, and while they are replaced or removed. */
    Lock alone() {
        return sessions.writeLock();
    }

    /**
     * Replaces routes: each of them is missing for a moment, and comes back. To be called with {@link #alone} held.
     *
     * @param routes their ids
     * @param action replaces them; what it throws is thrown
     */
    void run(Set<String> routes, Runnable action) {
        this.routes = Set.copyOf(routes);
        stamp++;
        try {
            action.run();
        } finally {
            this.routes = Set.of();
            stamp++;
        }
    }

    /** Whether a route that is missing is so for a moment only. */
    boolean isOf(String route) {
        return routes.contains(route);
    }

    /** Says, given to {@link #isSince}, whether routes have been replaced meanwhile. */
    public long stamp() {
        return stamp;
    }

    /** Whether routes are being replaced, or have been since a stamp: one that was missing may be there now. */
    public boolean isSince(long earlier) {
        long now = stamp;
        return now % 2 != 0 || now != earlier;
    }
}
