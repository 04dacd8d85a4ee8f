package pysmurf.controller.driver;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Debian's nginx before a controller, with the lines of the guide: the controller is below a path. */
public final class TestNginx implements AutoCloseable {

    /** The path, as the guide has it. */
    public static final String PATH = "/crate1";

    private static final Path GUIDE = Setup.PROJECT.resolve("docs/security.md");
    private static final Pattern LINES = Pattern.compile("(?ms)^    location " + PATH + "/ \\{.*?^    }$");
    private static final Path PROGRAM = Path.of("/usr/sbin/nginx");

    private final int port = FreePort.tcp();
    private final Process process;

    /** @param controller the port of its HTTP server */
    public TestNginx(Path folder, int controller) throws IOException {
        Matcher lines = LINES.matcher(Files.readString(GUIDE));
        if (!lines.find()) {
            throw new AssertionError("no lines for nginx in " + GUIDE);
        }
        Path configuration = Files.writeString(folder.resolve("nginx.conf"), """
                daemon off;
                master_process off;
                pid %1$s/nginx.pid;
                events {}
                http {
                    access_log off;
                    client_body_temp_path %1$s/body;
                    proxy_temp_path %1$s/proxy;
                    fastcgi_temp_path %1$s/fastcgi;
                    uwsgi_temp_path %1$s/uwsgi;
                    scgi_temp_path %1$s/scgi;
                    server {
                        listen 127.0.0.1:%2$d;
                %3$s
                    }
                }
                """.formatted(
                        folder, port, lines.group().replace(":8080/", ":" + controller + "/")));
        process = new ProcessBuilder(
                        Files.isExecutable(PROGRAM) ? PROGRAM.toString() : "nginx",
                        "-e",
                        folder.resolve("nginx.log").toString(),
                        "-c",
                        configuration.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("nginx.out").toFile())
                .start();
        await("nginx")
                .atMost(ControllerUnderTest.PATIENCE)
                .pollInterval(Duration.ofMillis(10))
                .until(this::takesConnections);
    }

    private boolean takesConnections() {
        if (!process.isAlive()) {
            throw new IllegalStateException("nginx has ended");
        }
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }

    public int port() {
        return port;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
