package pysmurf.controller.launch;

import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import pysmurf.controller.Controller;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.Settings;
import pysmurf.controller.store.ScratchFolder;

/**
 * Makes the archive of loaded classes that a start is quicker by (application class-data sharing, JEP 350): runs a controller
 * through what every controller does, on free ports and with a data folder of its own, in a machine that writes the archive when
 * it ends. Part of the build; without an archive the controller is only slower to start.
 */
public final class Rehearsal {

    private static final String PERFORM = "perform";
    private static final Duration LONGEST = Duration.ofMinutes(2);
    private static final List<String> READ = List.of(
            "/observe/health",
            "/observe/metrics",
            "/api/v1/operations",
            "/api/v1/sessions",
            "/api/v1/sessions/0",
            "/api/v1/sessions/0/log",
            "/");

    private Rehearsal() {}

    /**
     * @param arguments the folder for archives; the second machine is started with {@code perform} and its folder for data
     */
    public static void main(String[] arguments) throws Exception {
        if (arguments[0].equals(PERFORM)) {
            perform(Path.of(arguments[1]));
            System.exit(0);
        }
        make(Path.of(arguments[0]));
    }

    private static void make(Path archives) throws IOException, InterruptedException {
        Files.createDirectories(archives);
        Path archive = archives.resolve(Relaunch.archiveName());
        Files.deleteIfExists(archive);
        Path part = archives.resolve("part.jsa");
        Path folder = Files.createTempDirectory("rehearsal");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(Relaunch.options(folder.resolve("none"), FileTime.fromMillis(0)));
        command.addAll(List.of(
                "-Xlog:disable",
                "-Djava.io.tmpdir=" + folder,
                "-XX:ArchiveClassesAtExit=" + part,
                "-cp",
                System.getProperty("java.class.path"),
                Rehearsal.class.getName(),
                PERFORM,
                folder.toString()));
        File log = folder.resolve("log").toFile();
        Process machine = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log)
                .start();
        if (!machine.waitFor(LONGEST.toSeconds(), TimeUnit.SECONDS)) {
            machine.destroyForcibly();
            throw new IOException("the rehearsal did not end in " + LONGEST.toSeconds() + " s, see " + log);
        }
        if (machine.exitValue() != 0 || !Files.exists(part)) {
            throw new IOException("the rehearsal failed, see " + log);
        }
        Files.move(part, archive, StandardCopyOption.ATOMIC_MOVE);
        ScratchFolder.delete(folder);
    }

    private static void perform(Path folder) throws Exception {
        Path script = Files.createDirectories(folder.resolve("scripts")).resolve("rehearsal.py");
        Files.writeString(script, "print('rehearsal')\n");
        Map<String, String> environment = new HashMap<>(System.getenv());
        // whatever is meant for the real one
        environment.keySet().removeIf(name -> Settings.ALL.stream()
                .anyMatch(key -> key.environmentName().equals(name)));
        environment.put("DATA_DIR", folder.resolve("data").toString());
        environment.put("SCRIPTS_ROOTS", script.getParent().toString());
        List.of("HTTP_PORT", "MQTT_EMBEDDED_PORT", "PUBLISHER_LISTEN_PORT").forEach(key -> environment.put(key, "0"));
        try (Controller controller = new Controller(Configuration.load(environment, new Properties()))) {
            controller.start();
            HttpClient client = HttpClient.newHttpClient();
            URI root = URI.create("http://127.0.0.1:" + controller.httpPort());
            // whether Python is here does not matter: what is loaded until then is what counts
            send(
                    client,
                    HttpRequest.newBuilder(root.resolve("/api/v1/operations/run?wait=10"))
                            .POST(BodyPublishers.ofString("{\"script\": \"rehearsal.py\"}")));
            for (String path : READ) {
                send(client, HttpRequest.newBuilder(root.resolve(path)));
            }
        }
    }

    private static void send(HttpClient client, HttpRequest.Builder request) throws IOException, InterruptedException {
        client.send(request.timeout(LONGEST).build(), BodyHandlers.discarding());
    }
}
