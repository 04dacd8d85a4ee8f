package pysmurf.controller.driver;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Debian's PostgreSQL as a process of the test's own, its data in a temporary folder. It asks nobody for a password. */
public final class TestPostgresql implements AutoCloseable {

    public static final String USER = "controller";

    private static final Path INSTALLED = Path.of("/usr/lib/postgresql");
    private static final long STOP_S = 10;

    private final Path folder;
    private final int port = FreePort.tcp();
    private final Process process;

    private TestPostgresql(Path folder) throws IOException {
        this.folder = folder;
        Path data = folder.resolve("data");
        run(command(
                "initdb", "-D", data.toString(), "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"));
        process = builder(command(
                        "postgres",
                        "-D",
                        data.toString(),
                        "-p",
                        Integer.toString(port),
                        "-h",
                        "127.0.0.1",
                        "-k",
                        "",
                        "-F",
                        "-c",
                        "full_page_writes=off"))
                .start();
    }

    /** Starts one and waits until it takes connections. */
    public static TestPostgresql start() throws IOException {
        Path folder = Files.createTempDirectory("postgresql");
        if (isRoot()) {
            // it refuses to run as root
            run(List.of("chown", "nobody", folder.toString()));
        }
        TestPostgresql started = new TestPostgresql(folder);
        try {
            await("PostgreSQL").atMost(ControllerUnderTest.PATIENCE).until(started::takesConnections);
        } catch (RuntimeException e) {
            started.close();
            throw new IllegalStateException(Files.readString(started.log()), e);
        }
        return started;
    }

    private static boolean isRoot() {
        return System.getProperty("user.name").equals("root");
    }

    private static List<String> command(String program, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        if (isRoot()) {
            command.addAll(List.of("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"));
        }
        command.add(newest().resolve("bin").resolve(program).toString());
        command.addAll(List.of(arguments));
        return command;
    }

    private static Path newest() throws IOException {
        try (Stream<Path> versions = Files.list(INSTALLED)) {
            return versions.max(Comparator.comparing(
                            path -> Integer.valueOf(path.getFileName().toString())))
                    .orElseThrow();
        }
    }

    private static void run(List<String> command) throws IOException {
        Process process = new ProcessBuilder(command)
                .directory(Path.of("/").toFile())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes());
        try {
            if (process.waitFor() != 0) {
                throw new IOException(command + ": " + said);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    private ProcessBuilder builder(List<String> command) {
        return new ProcessBuilder(command)
                .directory(Path.of("/").toFile())
                .redirectErrorStream(true)
                .redirectOutput(log().toFile());
    }

    private Path log() {
        return folder.resolve("postgresql.log");
    }

    private boolean takesConnections() {
        try (Connection connection = DriverManager.getConnection(url(), USER, "")) {
            return connection.isValid(1);
        } catch (SQLException notYet) {
            return false;
        }
    }

    /** Of a database in it, for the user {@link #USER}. */
    public String url() {
        return "jdbc:postgresql://127.0.0.1:" + port + "/postgres";
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(STOP_S, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
