package pysmurf.controller.ocs;

import static org.awaitility.Awaitility.await;

import java.io.File;
import java.io.IOException;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The router of the sites, configured as OCS does it, with the bridge at {@code /call}. No registry but git has it. */
final class Crossbar {

    private static final String CONFIGURATION = """
            {"version": 2, "workers": [{"type": "router",
              "realms": [{"name": "test_realm", "roles": [
                {"name": "iocs_agent", "permissions": [{"uri": "tower.", "match": "prefix",
                  "allow": {"call": true, "register": true, "publish": true, "subscribe": true}}]},
                {"name": "iocs_controller", "permissions": [{"uri": "tower.", "match": "prefix",
                  "allow": {"call": true, "register": false, "publish": true, "subscribe": true}}]}]}],
              "transports": [{"type": "web", "endpoint": {"type": "tcp", "interface": "127.0.0.1", "port": %d}, "paths": {
                "ws": {"type": "websocket", "auth": {"anonymous": {"type": "static", "role": "iocs_agent"}},
                  "options": {"auto_ping_interval": 10000, "auto_ping_timeout": 5000, "auto_ping_size": 12}},
                "call": {"type": "caller", "realm": "test_realm", "role": "iocs_controller"}}}]}]}
            """;

    private final Process process;

    Crossbar(Path folder, int port) throws IOException {
        Path node = Files.createDirectories(folder.resolve("crossbar"));
        Files.writeString(node.resolve("config.json"), CONFIGURATION.formatted(port));
        process = new ProcessBuilder("crossbar", "start", "--cbdir", node.toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("crossbar.out").toFile())
                .start();
        await().atMost(Duration.ofSeconds(60)).ignoreExceptions().until(() -> {
            new Socket("127.0.0.1", port).close();
            return true;
        });
    }

    static boolean isInstalled() {
        return Stream.of(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, "crossbar")));
    }

    /** It takes leave of nobody. */
    void kill() throws InterruptedException {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().waitFor(10, TimeUnit.SECONDS);
    }
}
