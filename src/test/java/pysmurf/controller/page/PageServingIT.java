package pysmurf.controller.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.Host;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.session.Json;

/** How a controller with tokens serves its page, and what the page asks for. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class PageServingIT {

    private final HttpClient client = HttpClient.newHttpClient();

    private Path folder;

    private Host controller;

    @BeforeAll
    void start(@TempDir Path temporary) throws Exception {
        folder = temporary;
        Path root = Path.of(System.getProperty("project.root", "."));
        Path scripts =
                Files.createDirectories(folder.resolve("scripts/library")).getParent();
        for (String file :
                new String[] {"one.py", "note.txt", "library/__init__.py", "library/part.py", ".hidden.py"}) {
            Files.writeString(scripts.resolve(file), "");
        }
        Map<String, String> environment = new HashMap<>(System.getenv());
        environment.put("CONTROLLER_CONFIG_DIR", root.resolve("config").toString());
        environment.put("CONTROLLER_ROUTES_DIR", root.resolve("routes").toString());
        environment.put("CONTROLLER_ID", "crate-1");
        environment.put("HTTP_PORT", "0");
        environment.put("MQTT_EMBEDDED_PORT", "0");
        environment.put("PUBLISHER_LISTEN_PORT", "0");
        environment.put("DATA_DIR", folder.resolve("data").toString());
        environment.put("SCRIPTS_ROOTS", scripts.toString());
        environment.put(
                "AUTH_TOKENS_FILE",
                Files.writeString(folder.resolve("tokens"), "viewer day look\n").toString());
        controller = new Host(Configuration.load(environment, new Properties()));
        controller.start();
    }

    @AfterAll
    void stop() {
        controller.close();
    }

    private HttpResponse<byte[]> send(String method, String path, String... headers)
            throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                        URI.create("http://127.0.0.1:" + controller.http().port() + path))
                .method(method, HttpRequest.BodyPublishers.noBody());
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    private static String header(HttpResponse<?> response, String name) {
        return response.headers().firstValue(name).orElse("");
    }

    @ParameterizedTest
    @CsvSource({
        "/, text/html;charset=UTF-8",
        "/page/main.js, text/javascript;charset=UTF-8",
        "/page/style.css, text/css;charset=UTF-8",
        "/page/icon.svg, image/svg+xml"
    })
    void servesItsFilesToAnybodyAndLetsThemLoadNothingFromElsewhere(String path, String type) throws Exception {
        HttpResponse<byte[]> response = send("GET", path);

        assertThat(response.statusCode()).isEqualTo(200);
        assertThat(header(response, "Content-Type")).isEqualTo(type);
        assertThat(header(response, "Cache-Control")).isEqualTo("no-cache");
        assertThat(header(response, "X-Content-Type-Options")).isEqualTo("nosniff");
        assertThat(header(response, "Content-Security-Policy"))
                .startsWith("default-src 'none'; script-src 'self'; style-src 'self';")
                .contains("frame-ancestors 'none'")
                .doesNotContain("unsafe", "http", "*");
    }

    @Test
    void answersHeadAndWhatIsKnownAlready() throws Exception {
        HttpResponse<byte[]> whole = send("GET", "/page/main.js");

        HttpResponse<byte[]> head = send("HEAD", "/page/main.js");
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
        assertThat(header(head, "Content-Length")).isEqualTo(Integer.toString(whole.body().length));
        HttpResponse<byte[]> known = send("GET", "/page/main.js", "If-Modified-Since", header(whole, "Last-Modified"));
        assertThat(known.statusCode()).isEqualTo(304);
        assertThat(known.body()).isEmpty();
        assertThat(send("GET", "/page/main.js", "If-Modified-Since", "Mon, 01 Jan 2024 00:00:00 GMT")
                        .statusCode())
                .isEqualTo(200);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/page/none.js",
                "/page/%2e%2e%2fpysmurf%2fcontroller%2fMain.class",
                "/page/..%2flogback.xml",
                "/page/..%5clogback.xml",
                "/page/%00",
                "/page/style.css%00.js",
                "/page//etc/passwd"
            })
    void hasNoOtherFile(String path) throws Exception {
        HttpResponse<byte[]> response = send("GET", path, "Authorization", "Bearer look");

        assertThat(response.statusCode()).isBetween(400, 404);
        assertThat(header(response, "Cache-Control")).isEqualTo("no-store");
        assertThat(header(response, "X-Content-Type-Options")).isEqualTo("nosniff");
    }

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "DELETE"})
    void isOnlyRead(String method) throws Exception {
        assertThat(send(method, "/").statusCode()).isIn(401, 405);
        assertThat(send(method, "/page/main.js", "Authorization", "Bearer look").statusCode())
                .isIn(403, 405);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/api/v1/scripts", "/api/v1/controller", "/api/v1/operations/tune_squids/pipeline"})
    void whatThePageAsksForNeedsAToken(String path) throws Exception {
        assertThat(send("GET", path).statusCode()).isEqualTo(401);
        assertThat(send("GET", path, "Authorization", "Bearer look").statusCode())
                .isEqualTo(200);
    }

    @Test
    void listsScriptsButNotWhatTheyImport() throws Exception {
        byte[] body =
                send("GET", "/api/v1/scripts", "Authorization", "Bearer look").body();

        assertThat(Json.read(body).path("scripts").toString()).isEqualTo("[\"one.py\"]");
    }

    @Test
    void tellsGatesAndWhoItIs() throws Exception {
        byte[] pipeline = send("GET", "/api/v1/operations/tune_squids/pipeline", "Authorization", "Bearer look")
                .body();
        assertThat(Json.read(pipeline).at("/stages/take_noise/gates/0").toString())
                .isEqualTo("{\"number\":\"median_pa_rthz\",\"min\":null,\"max\":250.0,\"is\":null}");
        assertThat(Json.read(pipeline).at("/presets/check").toString())
                .isEqualTo("[\"tracking_setup\",\"take_noise\"]");
        assertThat(send("GET", "/api/v1/operations/none/pipeline", "Authorization", "Bearer look")
                        .statusCode())
                .isEqualTo(404);
        String own = new String(
                send("GET", "/api/v1/controller", "Authorization", "Bearer look")
                        .body(),
                StandardCharsets.UTF_8);
        assertThat(own)
                .contains("\"id\":\"crate-1\"", "\"mqtt_topic_root\":\"pysmurf/crate-1\"", "\"camel_version\":\"4")
                .containsPattern("\"start_time\":\\d+\\.\\d+,");
        assertThat(Json.read(own.getBytes(StandardCharsets.UTF_8))
                        .at("/status/busy")
                        .asBoolean(true))
                .isFalse();
        assertThat(Json.read(own.getBytes(StandardCharsets.UTF_8))
                        .at("/running")
                        .toString())
                .isEqualTo("[]");
    }
}
