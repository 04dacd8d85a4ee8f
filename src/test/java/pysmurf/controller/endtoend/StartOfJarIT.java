package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfJar;
import pysmurf.controller.driver.HttpClientOfController;
import pysmurf.controller.driver.Setup;

/** The start of the process, and the starts that are refused. */
class StartOfJarIT {

    @TempDir
    Path folder;

    private static String refusal(Setup setup, String... systemProperties) throws Exception {
        try (ControllerOfJar controller = ControllerOfJar.launch(setup, systemProperties)) {
            assertThat(controller.exitCode()).isNotZero();
            List<String> lines = controller
                    .log()
                    .lines()
                    .filter(line -> line.contains("cannot start"))
                    .toList();
            assertThat(lines).as(controller.log()).hasSize(1);
            assertThat(controller.log()).doesNotContain("\tat ");
            return lines.get(0);
        }
    }

    @Test
    void namesEveryFaultOfTheConfigurationInOneLine() throws Exception {
        Setup setup = Setup.in(folder)
                .with("htpp.port", 8080)
                .withEnvironment("MQTT_EMBEDDED_PORT", "70000")
                .with("mqtt.password", "do-not-show");

        String line = refusal(setup, "-Dabort.interrupt-grace=soon");

        assertThat(line)
                .contains("htpp.port", "mqtt.embedded.port", "abort.interrupt-grace")
                .doesNotContain("do-not-show");
    }

    @Test
    void refusesAPortThatIsTaken() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            String line = refusal(Setup.in(folder).with("http.port", taken.getLocalPort()));

            assertThat(line).contains("http.port", Integer.toString(taken.getLocalPort()));
        }
    }

    @Test
    void refusesToBeOpenToOthersWithoutTokens() throws Exception {
        assertThat(refusal(Setup.in(folder).with("http.host", "0.0.0.0"))).contains("http.host", "auth.tokens-file");
    }

    /**
     * Whoever asks in the midst of the start is told so and nothing else; half a controller would not even know the operation. It
     * starts with the archive that the build made. This one is started as a service manager may do it, without any locale.
     */
    @Test
    void takesNothingOnUntilAllOfItIsThere() throws Exception {
        Set<Integer> answers = new TreeSet<>();
        Setup setup = Setup.in(folder).withoutEnvironment("LANG").withEnvironment("LC_ALL", "POSIX");
        try (ControllerOfJar controller = ControllerOfJar.launch(setup)) {
            await().atMost(PATIENCE).pollInterval(Duration.ofMillis(1)).until(() -> {
                try {
                    answers.add(controller
                            .http()
                            .post("/api/v1/operations/run", script("exit_with.py", 0))
                            .status());
                } catch (ConnectException notYet) {
                    return false;
                }
                return answers.contains(202);
            });
            assertThat(Files.readString(Path.of("/proc", Long.toString(controller.pid()), "maps")))
                    .contains("/target/cds/classes-");
            neverChangesArguments(controller.http());
        }
        assertThat(answers).isSubsetOf(202, 503);
    }

    /** An archive that does not fit must not cost a start, nor a line of noise. */
    @Test
    void startsQuietlyWithAnArchiveThatDoesNotFit() throws Exception {
        Path target = Files.createDirectories(folder.resolve("target"));
        Files.createDirectory(folder.resolve("bin"));
        Path launcher =
                Files.copy(Setup.PROJECT.resolve("bin/pysmurf-controller"), folder.resolve("bin/pysmurf-controller"));
        Files.copy(Setup.PROJECT.resolve("target/pysmurf-controller.jar"), target.resolve("pysmurf-controller.jar"));
        Path archive = Files.createDirectory(target.resolve("cds"))
                .resolve("classes-" + System.getProperty("java.runtime.version")
                        + (Runtime.version().feature() < 25 ? ".jsa" : ".aot"));
        ProcessBuilder builder = new ProcessBuilder(launcher.toString()).redirectErrorStream(true);
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.environment().put("JAVA_OPTS", "-version");
        Set<String> said = new TreeSet<>();
        for (String content : List.of("", "no archive")) {
            Files.writeString(archive, content);
            Process process = builder.start();
            said.add(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
            assertThat(process.waitFor()).as(said.toString()).isZero();
        }
        Files.delete(archive);
        Process plain = builder.start();
        said.add(new String(plain.getInputStream().readAllBytes(), StandardCharsets.UTF_8));

        assertThat(said).hasSize(1);
    }

    /** Without a locale Java cannot pass on what is not ASCII. */
    private static void neverChangesArguments(HttpClientOfController http) throws Exception {
        http.awaitDone(0);
        JsonNode plain = http.runToEnd("run", script("arguments.py", "Gruesse"));
        JsonNode beyond = http.runToEnd("run", script("arguments.py", "Grüße µφ"));

        assertThat(plain.path("outcome").asText()).isEqualTo("succeeded");
        assertThat(beyond.path("outcome").asText()).isEqualTo("failed");
        assertThat(beyond.path("messages").toString()).contains("args", "LANG=C.UTF-8");
    }
}
