package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;
import static pysmurf.controller.driver.HttpClientOfController.script;

import ch.qos.logback.classic.Level;
import java.io.IOException;
import java.net.http.HttpHeaders;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.config.StartFailure;
import pysmurf.controller.driver.CapturedLog;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.ControllerUnderTest;
import pysmurf.controller.driver.HttpClientOfController;
import pysmurf.controller.driver.HttpClientOfController.Reply;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.TestCertificate;

/** HTTPS, and that no secret is told by anything that the controller says, whatever happens and however much it logs. */
class SecretsIT {

    private static final String TOKEN = "token-secret-5d1e";
    private static final String WRONG_TOKEN = "guessed-secret-88aa";
    private static final String USER_PASSWORD = "user-secret-c0de";
    private static final String WRONG_PASSWORD = "wrong-secret-41f2";
    private static final List<String> SECRETS =
            List.of(TOKEN, WRONG_TOKEN, USER_PASSWORD, WRONG_PASSWORD, TestCertificate.PASSWORD);

    private final List<String> said = new CopyOnWriteArrayList<>();

    @TempDir
    Path folder;

    private Path file(String name, String... lines) throws IOException {
        Path file = Files.write(folder.resolve(name), List.of(lines));
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }

    private Reply noted(Reply reply) {
        HttpHeaders headers = reply.response().headers();
        said.add(reply.response().uri() + " " + headers.map() + " " + reply.text());
        return reply;
    }

    private void assertNothingTold(List<String> logged) {
        assertThat(logged).hasSizeGreaterThan(100);
        for (String secret : SECRETS) {
            assertThat(logged).noneMatch(line -> line.contains(secret));
            assertThat(said).noneMatch(line -> line.contains(secret));
        }
    }

    @Test
    void tellsNoSecretWhoeverLogsIn() throws Exception {
        TestCertificate certificate = TestCertificate.of(folder.resolve("tls"), "dns:localhost,ip:127.0.0.1");
        Setup guarded = Setup.in(folder.resolve("guarded"))
                .withHttps(certificate)
                .with("auth.tokens-file", file("tokens", "operator olga " + TOKEN, "admin ada admin-" + TOKEN))
                .with("mqtt.embedded.users-file", file("users", "admin crate2 " + USER_PASSWORD));
        List<String> logged;
        try (CapturedLog log = CapturedLog.from(Level.DEBUG);
                ControllerUnderTest controller = ControllerOfClasses.start(guarded)) {
            HttpClientOfController http = controller.http();
            String[] right = {"Authorization", "Bearer " + TOKEN};
            String[] admin = {"Authorization", "Bearer admin-" + TOKEN};
            String[] wrong = {"Authorization", "Bearer " + WRONG_TOKEN};
            String run = "/api/v1/operations/run";
            noted(http.post(run, "{}", wrong)).expect(401);
            noted(http.get("/api/v1/sessions", wrong)).expect(401);
            noted(http.post(run + "?wait=20", script("environment.py").toString(), right))
                    .expect(200);
            noted(http.post(run, "{\"script\"", right)).expect(400);
            for (String password : List.of(TOKEN, WRONG_TOKEN)) {
                noted(http.post(
                        "/call",
                        "{\"procedure\": \"observatory." + guarded.id() + ".ops\", \"args\": [\"start\", \"run\","
                                + " {\"script\": \"no.py\"}], \"kwargs\": {\"password\": \"" + password + "\"}}",
                        "Content-Type",
                        "application/json"));
            }
            assertThatThrownBy(() -> new HttpClientOfController(Integer.parseInt(guarded.get("http.port")))
                            .get("/observe/health"))
                    .isInstanceOf(IOException.class);

            logInAtTheBroker(guarded, "right", USER_PASSWORD, "UP");
            logInAtTheBroker(guarded, "wrong", WRONG_PASSWORD, "DEGRADED");

            Files.writeString(folder.resolve("tokens"), "king olga " + WRONG_TOKEN + "\n");
            await().atMost(PATIENCE).until(() -> http.get("/observe/health", admin)
                    .json()
                    .at("/checks/access/status")
                    .asText()
                    .equals("DEGRADED"));
            for (String path : List.of(
                    "/observe/health",
                    "/api/v1/audit",
                    "/api/v1/controller",
                    "/api/v1/sessions",
                    "/api/v1/operations",
                    "/api/v1/sessions/0/log")) {
                noted(http.get(path, admin)).expect(200);
            }
            try (Stream<Path> files = Files.list(guarded.data())) {
                for (Path file : files.filter(Files::isRegularFile)
                        .filter(path -> path.getFileName().toString().startsWith("audit.log"))
                        .toList()) {
                    said.add(Files.readString(file));
                }
            }
            logged = log.lines();
        }

        assertNothingTold(logged);
    }

    private void logInAtTheBroker(Setup guarded, String name, String password, String expected) throws Exception {
        Setup guest = Setup.in(folder.resolve(name))
                .withBroker("tcp://127.0.0.1:" + guarded.get("mqtt.embedded.port"))
                .with("mqtt.username", "crate2")
                .with("mqtt.password", "${file:" + file(name + "-password", password) + "}")
                .withBrokerToCome();
        try (ControllerUnderTest controller = ControllerOfClasses.start(guest)) {
            await().atMost(PATIENCE).until(() -> {
                String mqtt = noted(controller.http().get("/observe/health"))
                        .json()
                        .path("checks")
                        .path("mqtt")
                        .toString();
                return mqtt.contains(expected) && !mqtt.contains("not connected yet");
            });
        }
    }

    @Test
    void tellsNoSecretWhenItCannotStart() throws Exception {
        TestCertificate certificate = TestCertificate.of(folder.resolve("tls"), "dns:localhost");
        Path noStore = file("no-store", WRONG_PASSWORD);
        for (Setup setup : List.of(
                Setup.in(folder.resolve("a")).withHttps(certificate).with("http.tls.keystore-password", WRONG_PASSWORD),
                Setup.in(folder.resolve("b")).withHttps(certificate).with("http.tls.keystore", noStore),
                Setup.in(folder.resolve("c")).with("auth.tokens-file", file("bad", "king olga " + WRONG_TOKEN)),
                Setup.in(folder.resolve("d"))
                        .with("mqtt.tls.truststore", certificate.keyStore())
                        .with("mqtt.tls.truststore-password", WRONG_PASSWORD),
                Setup.in(folder.resolve("e"))
                        .withHttps(certificate)
                        .with("http.tls.keystore", certificate.certificate()))) {
            assertThatThrownBy(() -> ControllerOfClasses.start(setup))
                    .rootCause()
                    .satisfies(fault -> {
                        String stack = java.util.Arrays.toString(fault.getStackTrace());
                        assertThat(fault + stack).doesNotContain(SECRETS.toArray(new String[0]));
                    });
        }
    }

    @Test
    void saysWhatIsWrongWithAKeyStore() throws Exception {
        TestCertificate certificate = TestCertificate.of(folder.resolve("tls"), "dns:localhost");
        Setup setup = Setup.in(folder.resolve("controller"))
                .withHttps(certificate)
                .with("http.tls.keystore-password", WRONG_PASSWORD);

        assertThatThrownBy(() -> ControllerOfClasses.start(setup))
                .hasStackTraceContaining(StartFailure.class.getName())
                .hasStackTraceContaining("http.tls.keystore: " + certificate.keyStore() + " has another password");

        // nothing of it is left that holds the folder
        ControllerOfClasses.start(setup.withHttps(certificate)).close();
    }
}
