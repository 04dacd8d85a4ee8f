package pysmurf.controller.routing;

import java.util.Set;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * What must not happen at the same time: routes being replaced, and something being handed to them. Thread-safe.
 */
public final class Replacement {

    private final ReadWriteLock lock = new ReentrantReadWriteLock();
    private volatile Set<String> routes = Set.of();

    /** Held by whoever hands something to a route, for as long as that takes; many may hold it. */
    public Lock handover() {
        return lock.readLock();
    }

    /** Held while it is looked whether routes are in use, and while they are replaced or removed. */
    Lock alone() {
        return lock.writeLock();
    }

    /**
     * Replaces routes: each of them is missing for a moment, and comes back.
     *
     * @param routes their ids
     * @param action replaces them; what it throws is thrown
     */
    void run(Set<String> routes, Runnable action) {
        this.routes = Set.copyOf(routes);
        try {
            action.run();
        } finally {
            this.routes = Set.of();
        }
    }

    /** Whether a route that is missing is so for a moment only. */
    boolean isOf(String route) {
        return routes.contains(route);
    }
}
