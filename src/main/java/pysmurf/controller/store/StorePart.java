package pysmurf.controller.store;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.Settings;
import pysmurf.controller.config.StartFailure;
import pysmurf.controller.observe.Health.Check;
import pysmurf.controller.session.SessionStore;
import pysmurf.controller.session.StoreUnavailable;

/** What a controller keeps its sessions in. */
public final class StorePart implements AutoCloseable {

    private final Path folder;
    private final FolderLock lock;
    private final DiskSpace disk;
    private final Databases databases;
    private Database database;
    private JdbcSessionStore sessions;

    private StorePart(Configuration configuration, Databases databases) throws StartFailure {
        this.databases = databases;
        folder = configuration.dataDir();
        lock = StartFailure.named(Settings.DATA_DIR, () -> {
            Files.createDirectories(outputFolder());
            FolderLock taken = FolderLock.take(folder);
            ScratchFolder.clear(folder);
            return taken;
        });
        disk = new DiskSpace(folder, configuration.get(Settings.STORE_MIN_FREE));
    }

    /**
     * Opens it; nothing of Camel is needed for that.
     *
     * @param databases those that controllers of this process share
     * @throws StartFailure if another controller uses the data folder, or the database cannot be used
     */
    public static StorePart open(Configuration configuration, Databases databases) throws StartFailure {
        StorePart part = new StorePart(configuration, databases);
        try {
            return StartFailure.named(Settings.STORE_URL, () -> part.openDatabase(configuration));
        } catch (StartFailure e) {
            StartFailure.named(Settings.DATA_DIR, () -> {
                part.close();
                return part;
            });
            throw e;
        }
    }

    private StorePart openDatabase(Configuration configuration) throws IOException {
        database = databases.open(
                configuration.get(Settings.STORE_URL),
                configuration.get(Settings.STORE_USERNAME),
                configuration.get(Settings.STORE_PASSWORD));
        try {
            sessions = new JdbcSessionStore(database, configuration.get(Settings.CONTROLLER_ID));
        } catch (StoreUnavailable e) {
            throw new IOException(e.getMessage(), e);
        }
        return this;
    }

    /** Makes it a part of the controller. */
    public void join(Assembly assembly) {
        assembly.bind(
                "retention",
                new Retention(
                        sessions,
                        outputFolder(),
                        assembly.configuration().get(Settings.RETENTION_AGE),
                        assembly.configuration().get(Settings.RETENTION_LOGS_SIZE),
                        assembly.clock()));
        assembly.health().add("store", () -> Check.downBy(sessions.fault(), Map.of()));
        assembly.health().add("disk", () -> Check.downBy(disk.fault(), Map.of("free_bytes", disk.free())));
        assembly.metrics()
                .gauge(
                        "pysmurf.store.fault",
                        "1 while sessions cannot be written.",
                        () -> sessions.fault().isPresent() ? 1 : 0)
                .gauge("pysmurf.disk.free.bytes", "Free space below data.dir.", disk::free);
    }

    private Path outputFolder() {
        return folder.resolve("output");
    }

    public SessionStore sessions() {
        return sessions;
    }

    /** Why no session can be opened for a client at the moment; empty if one can. */
    public Optional<String> hindrance() {
        return disk.fault().or(sessions::hindrance);
    }

    @Override
    public void close() throws IOException {
        if (sessions != null) {
            sessions.close();
        }
        if (database != null) {
            databases.close(database);
        }
        lock.close();
    }
}
