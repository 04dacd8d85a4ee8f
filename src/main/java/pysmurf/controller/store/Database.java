package pysmurf.controller.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.jdbi.v3.core.Jdbi;

/** A connection pool onto SQLite or PostgreSQL whose tables are those of this version. */
public final class Database implements AutoCloseable {

    private static final String SQLITE = "jdbc:sqlite:";

    /** How long to wait for another program that has the file locked. */
    private static final String BUSY_MILLIS = "500";

    private static final long CONNECT_MILLIS = 2000;

    /** A stopped server or a locked table holds up an abort no longer than this. */
    private static final String SERVER_OPTIONS = "-c lock_timeout=500 -c statement_timeout=10000";

    private static final String SOCKET_SECONDS = "12";
    private static final int CONNECTIONS = 4;
    /** All controllers of a process share them. */
    private static final int CONNECTIONS_TO_SERVER = 8;

    private static final int FLYWAY_NEEDS = 2;

    private final HikariDataSource durable;
    private final HikariDataSource quick;
    private final int writers;

    private Database(HikariDataSource durable, HikariDataSource quick, int writers) {
        this.durable = durable;
        this.quick = quick;
        this.writers = writers;
    }

    /**
     * Connects and brings the tables to this version.
     *
     * @param  url          {@code jdbc:sqlite:FILE} or {@code jdbc:postgresql://...}
     * @param  user         for PostgreSQL; else empty
     * @param  housekeeping looks after the pools of connections; null for a thread of their own
     * @throws IOException  with one line that says why it cannot be used
     */
    static Database open(String url, String user, String password, ScheduledExecutorService housekeeping)
            throws IOException {
        boolean file = isFile(url);
        if (file) {
            Files.createDirectories(
                    Path.of(url.substring(SQLITE.length())).toAbsolutePath().getParent());
        }
        HikariDataSource durable = null;
        HikariDataSource quick = null;
        try {
            // what is promised to a client is on the disk before he reads it; the rest survives our own death, but the
            // last moment before a power cut may be missing from it
            durable = pool(
                    "durable",
                    url,
                    user,
                    password,
                    housekeeping,
                    file ? Map.of("synchronous", "FULL") : Map.of(),
                    FLYWAY_NEEDS);
            quick = file
                    ? pool("quick", url, user, password, housekeeping, Map.of("synchronous", "NORMAL"), CONNECTIONS)
                    : durable;
            Flyway.configure()
                    .dataSource(durable)
                    .locations("classpath:db/migration")
                    .javaMigrations(new V3__Documents())
                    .loggers("slf4j")
                    .load()
                    .migrate();
            return new Database(durable, quick, file ? 1 : CONNECTIONS);
        } catch (FlywayException | com.zaxxer.hikari.pool.HikariPool.PoolInitializationException e) {
            close(durable, quick);
            throw new IOException(reason(e), e);
        }
    }

    /** Whether it is a file, and no server. */
    static boolean isFile(String url) {
        return url.startsWith(SQLITE);
    }

    private static HikariDataSource pool(
            String name,
            String url,
            String user,
            String password,
            ScheduledExecutorService housekeeping,
            Map<String, String> more,
            int connections) {
        HikariConfig config = new HikariConfig();
        config.setPoolName("sessions-" + name);
        config.setJdbcUrl(url);
        config.setConnectionTimeout(CONNECT_MILLIS);
        config.setScheduledExecutor(housekeeping);
        config.setMinimumIdle(1);
        config.setMaximumPoolSize(isFile(url) ? connections : CONNECTIONS_TO_SERVER);
        if (isFile(url)) {
            config.addDataSourceProperty("journal_mode", "WAL");
            config.addDataSourceProperty("busy_timeout", BUSY_MILLIS);
            config.addDataSourceProperty("foreign_keys", "true");
            // a transaction that begins by reading could not become a writing one while another writes
            config.addDataSourceProperty("transaction_mode", "IMMEDIATE");
            more.forEach(config::addDataSourceProperty);
        } else {
            config.setUsername(user);
            config.setPassword(password);
            config.addDataSourceProperty("options", SERVER_OPTIONS);
            config.addDataSourceProperty("socketTimeout", SOCKET_SECONDS);
            config.addDataSourceProperty("tcpKeepAlive", "true");
        }
        return new HikariDataSource(config);
    }

    /** What a database has to say itself, in one line: libraries wrap it in words of their own. */
    static String reason(Throwable fault) {
        Throwable cause = fault;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return String.valueOf(cause.getMessage()).strip().replaceAll("\\s+", " ");
    }

    /** For what must not be lost by a power cut either. */
    Jdbi durable() {
        return Jdbi.create(durable);
    }

    /** For everything else. */
    Jdbi quick() {
        return Jdbi.create(quick);
    }

    /**
     * How many may write at the same time. SQLite takes one: the others would ask again and again, each after a longer pause, and
     * be told at last that the file is locked.
     */
    int writers() {
        return writers;
    }

    /** Whether it is at a server, which may go while nobody writes. */
    boolean isElsewhere() {
        return durable == quick;
    }

    @Override
    public void close() {
        close(durable, quick);
    }

    private static void close(HikariDataSource... pools) {
        for (HikariDataSource pool : pools) {
            if (pool != null) {
                pool.close();
            }
        }
    }
}
