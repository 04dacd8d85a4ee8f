package pysmurf.controller;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.Settings;
import pysmurf.controller.store.Database;
import pysmurf.controller.store.DiskSpace;
import pysmurf.controller.store.FolderLock;
import pysmurf.controller.store.JdbcSessionStore;
import pysmurf.controller.store.ScratchFolder;

/** What a controller keeps its sessions in, as long as it runs. */
record Storage(FolderLock lock, Database database, JdbcSessionStore sessions, DiskSpace disk) implements AutoCloseable {

    /** @throws StartFailure if another controller uses the data folder, or the database cannot be used */
    static Storage open(Configuration configuration) throws StartFailure {
        Path folder = configuration.dataDir();
        FolderLock lock = StartFailure.named(Settings.DATA_DIR, () -> {
            Files.createDirectories(folder.resolve("output"));
            FolderLock taken = FolderLock.take(folder);
            ScratchFolder.clear(folder);
            return taken;
        });
        try {
            return StartFailure.named(Settings.STORE_URL, () -> open(configuration, lock));
        } catch (StartFailure e) {
            close(lock);
            throw e;
        }
    }

    private static Storage open(Configuration configuration, FolderLock lock) throws IOException {
        Database database = Database.open(
                configuration.get(Settings.STORE_URL),
                configuration.get(Settings.STORE_USERNAME),
                configuration.get(Settings.STORE_PASSWORD));
        return new Storage(
                lock,
                database,
                new JdbcSessionStore(database, configuration.get(Settings.CONTROLLER_ID)),
                new DiskSpace(configuration.dataDir(), configuration.get(Settings.STORE_MIN_FREE)));
    }

    @Override
    public void close() {
        sessions.close();
        database.close();
        close(lock);
    }

    private static void close(FolderLock lock) {
        try {
            lock.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
