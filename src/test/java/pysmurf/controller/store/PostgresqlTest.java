package pysmurf.controller.store;

import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import pysmurf.controller.driver.TestPostgresql;

/** In a server. */
@Tag("postgresql")
class PostgresqlTest extends SessionStoreTests {

    private static TestPostgresql server;

    @BeforeAll
    static void startServer() throws IOException {
        server = TestPostgresql.start();
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @Override
    Database open() throws IOException {
        return Database.open(server.url(), TestPostgresql.USER, "", null);
    }

    @Override
    String emptyDatabase() throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE empty");
        }
        return server.url().replaceFirst("/postgres$", "/empty");
    }

    @Override
    String user() {
        return TestPostgresql.USER;
    }

    @Override
    Connection connect() throws SQLException {
        return DriverManager.getConnection(server.url(), TestPostgresql.USER, "");
    }

    @Override
    void lock(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement statement = connection.createStatement()) {
            statement.execute("LOCK TABLE session IN ACCESS EXCLUSIVE MODE");
        }
    }
}
