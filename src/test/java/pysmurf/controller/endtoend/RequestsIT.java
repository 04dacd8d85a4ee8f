package pysmurf.controller.endtoend;

import static org.assertj.core.api.Assertions.assertThat;
import static pysmurf.controller.driver.HttpClientOfController.script;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.http.HttpHeaders;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.driver.ControllerOfClasses;
import pysmurf.controller.driver.HttpClientOfController.Reply;
import pysmurf.controller.driver.Setup;
import pysmurf.controller.driver.SharedController;

/** What requests may look like, and what they may say of who sent them. */
class RequestsIT extends SharedController {

    private static final String RUN = "/api/v1/operations/run";
    private static final String FORM = "application/x-www-form-urlencoded";
    /** The test's proxy has this address; whatever else is on this machine has another. */
    private static final String PROXY = "127.0.0.2";

    @TempDir
    Path folder;

    RequestsIT() {
        super(ControllerOfClasses::start);
    }

    @Override
    protected void configure(Setup setup) {
        setup.with("http.trusted-proxies", "10.0.0.0/8, " + PROXY).with("http.allowed-hosts", "Crate.lab, 192.0.2.7");
    }

    private int port() {
        return Integer.parseInt(controller.setup().get("http.port"));
    }

    /** What comes back, whole, for bytes that no well-behaved client would send. */
    private String raw(String from, String request) throws Exception {
        try (Socket socket = new Socket(InetAddress.getByName("127.0.0.1"), port(), InetAddress.getByName(from), 0)) {
            socket.setSoTimeout(60_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private String command(String from, String host, String body, String... headers) throws Exception {
        return raw(
                from,
                "POST " + RUN + "?wait=30 HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\nContent-Length: "
                        + body.length() + "\r\n" + String.join("\r\n", headers) + (headers.length == 0 ? "" : "\r\n")
                        + "\r\n" + body);
    }

    private static String status(String reply) {
        return reply.replaceFirst("(?s)^HTTP/1.1 (\\d+).*", "$1");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {FORM, FORM + "; charset=UTF-8", "multipart/form-data; boundary=x", "text/plain", "no/such; ;"})
    void readsABodyAsJsonWhateverItsTypeSays(String type) throws Exception {
        String long100 = "100 % & a=b;".repeat(200);

        JsonNode session = http.post(
                        RUN + "?wait=30", script("arguments.py", long100).toString(), "Content-Type", type)
                .expect(200)
                .json();

        assertThat(session.at("/params/args/0").asText()).isEqualTo(long100);
        http.post(RUN, "{\"script\": \"" + "%".repeat(1024 * 1024) + "\"}", "Content-Type", type)
                .problem(413);
        http.post(RUN, "script=exit_with.py&args=0", "Content-Type", type).problem(400);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/page/main.js",
                "/page/none.js",
                "/observe/health",
                "/observe/health/live",
                "/observe/health/ready",
                "/observe/metrics",
                "/openapi.json",
                "/asyncapi.json",
                "/api/v1/operations",
                "/api/v1/sessions?limit=1",
                "/api/v1/sessions?limit=x",
                "/api/v1/sessions/0",
                "/api/v1/sessions/999",
                "/api/v1/sessions/0/log",
                "/api/v1/sessions/0/log?follow=true",
                "/api/v1/sessions/0/files/0",
                "/api/v1/sessions/0/files/1",
                "/api/v1/scripts",
                "/api/v1/controller",
                "/api/v1/audit",
                "/no/such/path"
            })
    void answersHeadAsGetWithoutABody(String path) throws Exception {
        Path file = Files.writeString(folder.resolve("numbers.txt"), "1 2 3\n");
        if (http.get("/api/v1/sessions/0").status() == 404) {
            http.run("publish.py", "register", "txt", file.toString());
        }

        Reply get = http.get(path);
        Reply head = http.send("HEAD", path);

        assertThat(head.status()).isEqualTo(get.status());
        assertThat(head.bytes()).isEmpty();
        // how long figures are changes from one moment to the next
        boolean steady = !path.matches("/observe/(health|metrics)|.*/audit");
        Map<String, List<String>> fields = fields(get.response().headers(), steady);
        if (path.matches("/|/page/main.js")) {
            // Vert.x finds the type of a file only when it sends it
            fields.remove("content-type");
        }
        assertThat(fields(head.response().headers(), steady)).isEqualTo(fields);
    }

    private static Map<String, List<String>> fields(HttpHeaders headers, boolean withLength) {
        Map<String, List<String>> fields = new TreeMap<>(headers.map());
        // how it is sent, which a reply without a body is not
        fields.remove("transfer-encoding");
        fields.remove("date");
        if (!withLength) {
            fields.remove("content-length");
        }
        return fields;
    }

    /** What a client reads for itself says nothing of bytes that came behind the head. */
    @ParameterizedTest
    @ValueSource(
            strings = {"/", "/observe/health", "/observe/health/live", "/observe/metrics", "/openapi.json", "/no/such"})
    void sendsNothingBehindTheHead(String path) throws Exception {
        String reply = raw("127.0.0.1", "HEAD " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

        assertThat(reply).startsWith("HTTP/1.1 ").containsOnlyOnce("\r\n\r\n").endsWith("\r\n\r\n");
    }

    @Test
    void answersHeadOfAStreamAtOnce() throws Exception {
        HttpResponse<InputStream> get = http.open("/api/v1/events");
        get.body().close();
        Reply head = http.send("HEAD", "/api/v1/events").expect(200);

        assertThat(fields(head.response().headers(), true)).isEqualTo(fields(get.headers(), true));
        assertThat(head.header("X-Accel-Buffering")).isEqualTo("no");
        http.send("HEAD", RUN).expect(405);
    }

    @ParameterizedTest
    @CsvSource({
        "true, 7",
        "1, 7",
        "YES, 7",
        "on, 7",
        "'', 7",
        "-, 7",
        "false, 0",
        "0, 0",
        "no, 0",
        "2, 400",
        "ja, 400",
        "tru, 400"
    })
    void knowsAFlagByWhateverSaysYesOrNo(String value, int bytesOrStatus) throws Exception {
        int id = http.start("run", script("print_and_wait.py", folder.toString(), "a line"))
                .path("session_id")
                .asInt();
        String query = "?follow" + (value.equals("-") ? "" : "=" + value);

        HttpResponse<InputStream> log = http.open("/api/v1/sessions/" + id + "/log" + query);

        try (InputStream body = log.body()) {
            if (bytesOrStatus == 400) {
                assertThat(log.statusCode()).isEqualTo(400);
                assertThat(new String(body.readAllBytes(), StandardCharsets.UTF_8))
                        .contains("\"follow\"");
            } else if (bytesOrStatus == 0) {
                assertThat(body.readAllBytes()).isEmpty();
                assertThat(log.headers().firstValue("X-Accel-Buffering")).isEmpty();
            } else {
                assertThat(log.headers().firstValue("X-Accel-Buffering")).contains("no");
                Files.createFile(folder.resolve("0"));
                assertThat(body.readAllBytes()).hasSize(bytesOrStatus);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/v1/sessions/%00",
                "/api/v1/sessions/%ff",
                "/api/v1/sessions/%",
                "/api/v1/sessions/%zz/log",
                "/api/v1/sessions/0/files/%00",
                "/api/v1/operations/a%00b/pipeline",
                "/api/v1/operations/%c3%28/pipeline",
                "/page/%00",
                "/page/a%1fb",
                "/%",
                "/%00",
                "/observe/health/%f0",
                "/api/v1/sessions/\u00ff",
                "/api/v1/operations/..%2f..%00/pipeline"
            })
    void knowsNothingAtAPathThatIsNoText(String path) throws Exception {
        String reply = raw("127.0.0.1", "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");

        assertThat(reply).startsWith("HTTP/1.1 404 ").contains("application/problem+json");
    }

    @Test
    void refusesAPathWithBytesThatNoRequestMayHave() throws Exception {
        String head = " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

        assertThat(status(raw("127.0.0.1", "GET /api/v1/sessions/\u0000" + head)))
                .isIn("400", "404");
        assertThat(status(raw("127.0.0.1", "POST /api/v1/operations/%00" + head)))
                .isEqualTo("404");
        assertThat(status(raw("127.0.0.1", "GET /api/v1/sessions?limit=%zz" + head)))
                .isEqualTo("400");
    }

    @ParameterizedTest
    @CsvSource({
        "127.0.0.1, 200",
        "127.0.0.1:8080, 200",
        "127.9.9.9, 200",
        "[::1]:80, 200",
        "localhost, 200",
        "LOCALHOST.:8080, 200",
        "page.localhost, 200",
        "crate.LAB:80, 200",
        "192.0.2.7, 200",
        "evil.example, 421",
        "evil.example:8080, 421",
        "localhost.evil.example, 421",
        "crate.lab.evil.example, 421",
        "127.0.0.1.evil.example, 421",
        "192.0.2.1, 421"
    })
    void takesRequestsForThisMachineOnly(String host, int status) throws Exception {
        String head = " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";

        for (String path : List.of("/", "/observe/health/live", "/api/v1/sessions", "/no/such/path")) {
            assertThat(status(raw("127.0.0.1", "GET " + path + head)))
                    .as(path)
                    .isEqualTo(status == 200 && path.startsWith("/no") ? "404" : Integer.toString(status));
        }
        if (status != 200) {
            String body = script("exit_with.py", 0).toString();
            assertThat(command("127.0.0.1", host, body)).startsWith("HTTP/1.1 421 ");
            assertThat(command("127.0.0.1", host, body, "Origin: http://" + host))
                    .startsWith("HTTP/1.1 421 ");
        }
    }

    @Test
    void knowsThisMachineByItsOwnName() throws Exception {
        String name = InetAddress.getLocalHost().getHostName();

        assertThat(raw("127.0.0.1", "GET / HTTP/1.1\r\nHost: " + name + ":1\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 200 ");
    }

    @Test
    void believesAProxyThatIsTrusted() throws Exception {
        String[] forwarded = {
            "Origin: https://crates.example",
            "X-Forwarded-Host: crates.example:443",
            "X-Forwarded-Proto: https",
            "X-Forwarded-For: 203.0.113.9, 198.51.100.4, 10.1.2.3",
            "X-Forwarded-Prefix: /crate1/"
        };
        String body = script("exit_with.py", 0).toString();

        String reply = command(PROXY, "127.0.0.1:" + port(), body, forwarded);

        assertThat(reply)
                .startsWith("HTTP/1.1 200 ")
                .containsIgnoringCase("location: /crate1/api/v1/sessions/")
                .contains("\"client\":\"198.51.100.4\"");
        assertThat(http.get("/api/v1/audit?limit=1").json().at("/0/address").asText())
                .isEqualTo("198.51.100.4");
        String openApi = raw(
                PROXY,
                "GET /openapi.json HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Prefix: /crate1\r\nConnection: close\r\n\r\n");
        assertThat(openApi).contains("\"servers\":[{\"url\":\"/crate1/\"}]");
        assertThat(http.get("/openapi.json").text()).contains("\"servers\":[{\"url\":\"/\"}]");
    }

    @Test
    void believesNoOtherSender() throws Exception {
        String body = script("exit_with.py", 0).toString();
        String[] origin = {"Origin: https://crates.example", "X-Forwarded-Host: crates.example"};

        assertThat(command("127.0.0.1", "localhost", body, origin)).startsWith("HTTP/1.1 403 ");
        assertThat(command("127.0.0.1", "evil.example", body, "X-Forwarded-Host: localhost"))
                .startsWith("HTTP/1.1 421 ");
        assertThat(command(
                        "127.0.0.1",
                        "localhost",
                        body,
                        "X-Forwarded-For: 198.51.100.4",
                        "X-Forwarded-Prefix: /elsewhere"))
                .startsWith("HTTP/1.1 200 ")
                .containsIgnoringCase("location: /api/v1/sessions/")
                .contains("\"client\":\"127.0.0.1\"");
    }

    /** What the client itself claims comes before what the proxy adds; another page than the proxy's stays another. */
    @Test
    void believesNothingThatAProxyOnlyPassedOn() throws Exception {
        String body = script("exit_with.py", 0).toString();

        for (String[] headers : List.of(
                new String[] {"Origin: https://evil.example", "X-Forwarded-Host: evil.example, crates.example"},
                new String[] {"Origin: https://evil.example", "X-Forwarded-Host: crates.example"},
                new String[] {
                    "Origin: http://crates.example", "X-Forwarded-Host: crates.example", "X-Forwarded-Proto: https"
                },
                new String[] {"Origin: https://crates.example:8443", "X-Forwarded-Host: crates.example"},
                new String[] {"Origin: null", "X-Forwarded-Host: crates.example"})) {
            assertThat(command(PROXY, "localhost", body, headers))
                    .as(String.join(" ", headers))
                    .startsWith("HTTP/1.1 403 ");
        }
        assertThat(command(PROXY, "evil.example", body, "X-Forwarded-Host: crates.example"))
                .startsWith("HTTP/1.1 421 ");
        assertThat(command(
                        PROXY, "localhost", body, "X-Forwarded-Prefix: //evil.example", "X-Forwarded-For: no address"))
                .startsWith("HTTP/1.1 200 ")
                .containsIgnoringCase("location: /api/v1/sessions/")
                .contains("\"client\":\"" + PROXY + "\"");
    }
}
