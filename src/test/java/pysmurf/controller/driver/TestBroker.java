package pysmurf.controller.driver;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import pysmurf.controller.mqtt.EmbeddedBroker;

/** An MQTT broker beside the controller, on a port that stays the same when it is started again. */
public abstract class TestBroker implements AutoCloseable {

    private final int port = FreePort.tcp();

    /** Where it is, whether it runs or not. */
    public String url() {
        return "tcp://127.0.0.1:" + port;
    }

    int port() {
        return port;
    }

    /** Starts it and waits until it takes connections. */
    public void start() throws IOException {
        launch();
        await("broker")
                .atMost(ControllerUnderTest.PATIENCE)
                .pollInterval(Duration.ofMillis(10))
                .until(this::takesConnections);
    }

    private boolean takesConnections() {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }

    abstract void launch() throws IOException;

    /** Stops it; every connection is gone. */
    public abstract void stop();

    @Override
    public void close() {
        stop();
    }

    /**
     * The broker that is part of the product, in this process.
     *
     * @param folder where it may put what does not fit into memory
     */
    public static TestBroker embedded(Path folder) {
        return new Embedded(folder);
    }

    /** Debian's mosquitto, as a process. */
    public static Mosquitto mosquitto(Path folder) {
        return new Mosquitto(folder, List.of(), List.of());
    }

    /** Mosquitto that ends the connection of who sends it a larger packet than this. */
    public static Mosquitto mosquitto(Path folder, int maxPacketSize) {
        return new Mosquitto(folder, List.of("max_packet_size " + maxPacketSize), List.of());
    }

    /**
     * Mosquitto with a second listener, which asks for name and password and speaks TLS.
     *
     * @param port     of that listener
     * @param name     the only user
     * @param password theirs
     */
    public static Mosquitto mosquitto(Path folder, int port, TestCertificate certificate, String name, String password)
            throws IOException, InterruptedException {
        Path users = Files.writeString(folder.resolve("mosquitto-users"), name + ":" + password + "\n");
        Files.setPosixFilePermissions(users, PosixFilePermissions.fromString("rw-------"));
        new ProcessBuilder("mosquitto_passwd", "-U", users.toString()).start().waitFor();
        return new Mosquitto(
                folder,
                List.of(),
                List.of(
                        "listener " + port + " 127.0.0.1",
                        "allow_anonymous false",
                        "password_file " + users,
                        "certfile " + certificate.certificate(),
                        "keyfile " + certificate.key()));
    }

    private static final class Embedded extends TestBroker {

        private final Path folder;
        private EmbeddedBroker broker;

        Embedded(Path folder) {
            this.folder = folder;
        }

        @Override
        void launch() {
            broker = new EmbeddedBroker("127.0.0.1", port(), folder, null);
            broker.start();
        }

        @Override
        public void stop() {
            if (broker == null) {
                return;
            }
            try {
                broker.close();
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
            broker = null;
        }
    }

    /** Debian's mosquitto. */
    public static final class Mosquitto extends TestBroker {

        private static final List<Path> PLACES = List.of(Path.of("/usr/sbin/mosquitto"), Path.of("/usr/bin/mosquitto"));

        private final Path folder;
        private final List<String> options;
        private final List<String> more;
        private Process process;

        Mosquitto(Path folder, List<String> options, List<String> more) {
            this.folder = folder;
            this.options = options;
            this.more = more;
        }

        @Override
        void launch() throws IOException {
            Path configuration = folder.resolve("mosquitto-" + port() + ".conf");
            List<String> lines = new ArrayList<>(options);
            lines.add("per_listener_settings " + !more.isEmpty());
            lines.addAll(more);
            lines.addAll(List.of("listener " + port() + " 127.0.0.1", "allow_anonymous true"));
            // run as root it would become a user who cannot read what is in a test's folder
            lines.add("user " + System.getProperty("user.name"));
            Files.write(configuration, lines);
            String program = PLACES.stream()
                    .filter(Files::isExecutable)
                    .findFirst()
                    .map(Path::toString)
                    .orElse("mosquitto");
            process = new ProcessBuilder(program, "-c", configuration.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
        }

        /** Stops it where it stands: connections stay open, and nothing comes of them. */
        public void freeze() throws IOException, InterruptedException {
            signal("-STOP");
        }

        /** Lets it go on. */
        public void thaw() throws IOException, InterruptedException {
            signal("-CONT");
        }

        private void signal(String name) throws IOException, InterruptedException {
            new ProcessBuilder("kill", name, Long.toString(process.pid()))
                    .start()
                    .waitFor();
        }

        @Override
        public void stop() {
            if (process == null) {
                return;
            }
            process.destroyForcibly();
            try {
                process.waitFor(10, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            process = null;
        }
    }
}
