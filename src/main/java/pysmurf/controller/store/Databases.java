package pysmurf.controller.store;

import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;

/** The databases of a process: controllers that use the same one at a server share its pool of connections. */
public final class Databases {

    /** A database, and how many use it. */
    private static final class Shared {

        private final Database database;
        private int users;

        Shared(Database database) {
            this.database = database;
        }
    }

    /** What did not answer just now is not waited for once more by each controller. */
    private static final long FAULT_NANOS = 4_000_000_000L;

    private record Fault(IOException why, long since) {}

    private final Map<List<String>, Shared> open = new HashMap<>();
    private final Map<List<String>, Fault> faults = new HashMap<>();
    private final ScheduledExecutorService housekeeping;

    /** @param housekeeping looks after the pools of connections, seldom and briefly */
    public Databases(ScheduledExecutorService housekeeping) {
        this.housekeeping = housekeeping;
    }

    /**
     * As {@link Database#open}; {@link #close} has to follow.
     *
     * @throws IOException with one line that says why it cannot be used
     */
    Database open(String url, String user, String password) throws IOException {
        return Database.isFile(url) ? Database.open(url, user, password, housekeeping) : share(url, user, password);
    }

    private synchronized Database share(String url, String user, String password) throws IOException {
        List<String> key = List.of(url, user, password);
        Shared shared = open.get(key);
        if (shared == null) {
            shared = new Shared(tryToOpen(key, url, user, password));
            open.put(key, shared);
        }
        shared.users++;
        return shared.database;
    }

    private Database tryToOpen(List<String> key, String url, String user, String password) throws IOException {
        Fault last = faults.get(key);
        if (last != null && System.nanoTime() - last.since() < FAULT_NANOS) {
            throw last.why();
        }
        try {
            return Database.open(url, user, password, housekeeping);
        } catch (IOException e) {
            faults.put(key, new Fault(e, System.nanoTime()));
            throw e;
        }
    }

    /** One user less; the last one closes it. */
    synchronized void close(Database database) {
        Optional<Shared> shared =
                open.values().stream().filter(one -> one.database == database).findFirst();
        shared.ifPresent(one -> one.users--);
        if (shared.map(one -> one.users == 0).orElse(true)) {
            open.values().removeIf(one -> one.database == database);
            database.close();
        }
    }
}
