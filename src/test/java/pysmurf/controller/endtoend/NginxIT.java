package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static pysmurf.controller.driver.HttpClientOfController.script;

import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.HttpClientOfController;
import pysmurf.controller.driver.HttpClientOfController.Reply;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.SharedController;
import pysmurf.controller.driver.TestNginx;

/** The controller below a path of a real nginx, which does not hand Host on, with the lines of the guide. */
@Tag("nginx")
class NginxIT extends SharedController {

    private static final Pattern LINK = Pattern.compile("(?:href|src)=\"([^#\"][^\"]*)\"");
    private static final String RUN = TestNginx.PATH + "/api/v1/operations/run";

    private TestNginx nginx;
    private HttpClientOfController proxy;

    NginxIT() {
        super(ControllerOfClasses::start);
    }

    @Override
    protected void configure(Setup setup) {
        setup.with("http.trusted-proxies", "127.0.0.1");
    }

    @BeforeAll
    void startNginx(@TempDir Path folder) throws Exception {
        nginx = new TestNginx(folder, Integer.parseInt(controller.setup().get("http.port")));
        proxy = new HttpClientOfController(nginx.port());
    }

    @AfterAll
    void stopNginx() {
        nginx.close();
    }

    private String origin() {
        return "http://127.0.0.1:" + nginx.port();
    }

    @Test
    void servesThePageAndAllItNames() throws Exception {
        Reply page = proxy.get(TestNginx.PATH + "/").expect(200);

        assertThat(LINK.matcher(page.text()).results().map(link -> link.group(1)))
                .hasSizeGreaterThan(10)
                .allSatisfy(link -> proxy.get(TestNginx.PATH + "/" + link).expect(200));
        assertThat(proxy.get(TestNginx.PATH).header("Location")).endsWith(TestNginx.PATH + "/");
    }

    @Test
    void takesCommandsOfItsOwnPageAndOfNoOther() throws Exception {
        String body = script("exit_with.py", 0).toString();

        Reply accepted = proxy.post(RUN + "?wait=30", body, "Origin", origin()).expect(200);

        assertThat(accepted.header("Location")).startsWith(TestNginx.PATH + "/api/v1/sessions/");
        assertThat(proxy.get(accepted.header("Location")).expect(200).json()).isEqualTo(accepted.json());
        assertThat(proxy.send("HEAD", accepted.header("Location")).status()).isEqualTo(200);
        proxy.post(RUN, body, "Origin", "http://evil.example").problem(403);
        proxy.post(RUN, body, "Origin", "http://evil.example", "X-Forwarded-Host", "evil.example")
                .problem(403);
        proxy.post(RUN, "{\"script\": \"" + "x".repeat(1024 * 1024) + "\"}").problem(413);
    }

    @Test
    void tellsWhoTheClientIs() throws Exception {
        String body = script("exit_with.py", 0).toString();
        try (Socket socket =
                new Socket(InetAddress.getByName("127.0.0.1"), nginx.port(), InetAddress.getByName("127.0.0.9"), 0)) {
            String request = "POST " + RUN + "?wait=30 HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 203.0.113.9\r\n"
                    + "Connection: close\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .startsWith("HTTP/1.1 200 ")
                    .contains("\"client\":\"127.0.0.9\"");
        }
    }

    @Test
    void passesOnWhatIsFollowedAtOnce(@TempDir Path folder) throws Exception {
        HttpResponse<InputStream> events = proxy.open(TestNginx.PATH + "/api/v1/events");
        int id = proxy.post(RUN, script("print_and_wait.py", folder.toString(), "first", "second"))
                .expect(202)
                .json()
                .path("session_id")
                .asInt();
        Files.createFile(folder.resolve("0"));
        HttpResponse<InputStream> log = proxy.open(TestNginx.PATH + "/api/v1/sessions/" + id + "/log?follow=1");

        try (InputStream lines = log.body();
                InputStream told = events.body()) {
            assertThat(lines.readNBytes(6)).asString(StandardCharsets.UTF_8).isEqualTo("first\n");
            assertThat(told.readNBytes(100)).asString(StandardCharsets.UTF_8).contains("event: session");
            Files.createFile(folder.resolve("1"));
            assertThat(lines.readAllBytes()).asString(StandardCharsets.UTF_8).isEqualTo("second\n");
        }
    }
}
