package pysmurf.controller.store;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.io.TempDir;

/** In a file. */
class SqliteTest extends SessionStoreTests {

    @TempDir
    Path folder;

    private String url() {
        return "jdbc:sqlite:" + folder.resolve("sessions.db");
    }

    @Override
    Database open() throws IOException {
        return Database.open(url(), "", "", null);
    }

    @Override
    String emptyDatabase() {
        return "jdbc:sqlite:" + folder.resolve("empty.db");
    }

    @Override
    String user() {
        return "";
    }

    @Override
    Connection connect() throws SQLException {
        return DriverManager.getConnection(url());
    }

    @Override
    void lock(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("UPDATE controller SET next_id = next_id");
        }
    }
}
