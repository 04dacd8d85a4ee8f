package pysmurf.controller.driver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static pysmurf.controller.driver.ControllerUnderTest.PATIENCE;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.SSLContext;

/** What a client does over HTTP, in the words of the interface. */
public final class HttpClientOfController {

    static final ObjectMapper JSON = new ObjectMapper();

    private static final HttpClient CLIENT =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final Duration POLL = Duration.ofMillis(10);

    private final String base;
    private final HttpClient client;

    /** @param port of the controller on the loopback address */
    public HttpClientOfController(int port) {
        this("http://127.0.0.1:" + port, CLIENT);
    }

    /** @param base e.g. {@code https://localhost:8443} */
    public HttpClientOfController(String base, SSLContext trusting) {
        this(
                base,
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .sslContext(trusting)
                        .build());
    }

    private HttpClientOfController(String base, HttpClient client) {
        this.base = base;
        this.client = client;
    }

    /** One of several controllers of the process. */
    public HttpClientOfController of(String controller) {
        return new HttpClientOfController(base + "/controllers/" + controller, client);
    }

    /** A whole reply. */
    public record Reply(HttpResponse<byte[]> response) {

        public int status() {
            return response.statusCode();
        }

        public byte[] bytes() {
            return response.body();
        }

        public String text() {
            return new String(response.body(), StandardCharsets.UTF_8);
        }

        /** The body as JSON. */
        public JsonNode json() {
            try {
                return JSON.readTree(response.body());
            } catch (JsonProcessingException e) {
                throw new AssertionError("no JSON: " + status() + " " + text(), e);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        public String header(String name) {
            return response.headers().firstValue(name).orElse("");
        }

        /** This reply, which must have that status. */
        public Reply expect(int status) {
            assertThat(status()).as(text()).isEqualTo(status);
            return this;
        }

        /** The problem object, of a reply that must be one. */
        public JsonNode problem(int status) {
            expect(status);
            assertThat(header("Content-Type")).startsWith("application/problem+json");
            JsonNode problem = json();
            assertThat(problem.path("status").asInt()).isEqualTo(status);
            assertThat(problem.path("title").asText()).isNotBlank();
            return problem;
        }
    }

    /** Parameters of a command, to be filled. */
    public static ObjectNode params() {
        return JSON.createObjectNode();
    }

    /** Parameters of the operation run. */
    public static ObjectNode script(String script, Object... args) {
        ObjectNode params = params().put("script", script);
        params.set("args", JSON.valueToTree(args));
        return params;
    }

    /** @param headers names and values in turn */
    public Reply get(String path, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = request(path).GET();
        if (headers.length > 0) {
            request.headers(headers);
        }
        return send(request);
    }

    public Reply post(String path, JsonNode params) throws IOException, InterruptedException {
        return post(path, params.toString());
    }

    /** @param headers names and values in turn */
    public Reply post(String path, String body, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = request(path).POST(BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        return send(request);
    }

    public Reply send(String method, String path) throws IOException, InterruptedException {
        return send(request(path).method(method, BodyPublishers.noBody()));
    }

    /** The reply, when it comes. */
    public CompletableFuture<Reply> postAsync(String path, JsonNode params) {
        HttpRequest request =
                request(path).POST(BodyPublishers.ofString(params.toString())).build();
        return client.sendAsync(request, BodyHandlers.ofByteArray()).thenApply(Reply::new);
    }

    /** A reply that is read bit by bit; closing it closes the connection. */
    public HttpResponse<InputStream> open(String path, String... headers) throws IOException, InterruptedException {
        HttpRequest.Builder request = request(path).GET();
        if (headers.length > 0) {
            request.headers(headers);
        }
        return client.send(request.build(), BodyHandlers.ofInputStream());
    }

    /** As {@link #open}; complete when the reply begins. */
    public CompletableFuture<InputStream> openAsync(String path) {
        return client.sendAsync(request(path).GET().build(), BodyHandlers.ofInputStream())
                .thenApply(HttpResponse::body);
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(base + path)).timeout(Duration.ofSeconds(60));
    }

    private Reply send(HttpRequest.Builder request) throws IOException, InterruptedException {
        return new Reply(client.send(request.build(), BodyHandlers.ofByteArray()));
    }

    /** Starts an operation, which must be accepted; its session. */
    public JsonNode start(String operation, JsonNode params) throws IOException, InterruptedException {
        return post("/api/v1/operations/" + operation, params).expect(202).json();
    }

    /** Starts an operation and waits for its end; the ended session. */
    public JsonNode runToEnd(String operation, JsonNode params) throws IOException, InterruptedException {
        return post("/api/v1/operations/" + operation + "?wait=60", params)
                .expect(200)
                .json();
    }

    /** Runs one script and waits for its end; the ended session. */
    public JsonNode run(String script, Object... args) throws IOException, InterruptedException {
        return runToEnd("run", script(script, args));
    }

    public JsonNode session(int id) throws IOException, InterruptedException {
        return get("/api/v1/sessions/" + id).expect(200).json();
    }

    /** The session's output so far. */
    public byte[] log(int id) throws IOException, InterruptedException {
        return get("/api/v1/sessions/" + id + "/log").expect(200).bytes();
    }

    /** The session, as soon as it is done. */
    public JsonNode awaitDone(int id) {
        return await().atMost(ControllerUnderTest.PATIENCE)
                .pollInterval(POLL)
                .until(
                        () -> session(id),
                        session -> session.path("status").asText().equals("done"));
    }

    /** Returns when the session's output holds this text. */
    public void awaitOutput(int id, String text) {
        await().atMost(ControllerUnderTest.PATIENCE)
                .pollInterval(POLL)
                .until(() -> new String(log(id), StandardCharsets.ISO_8859_1).contains(text));
    }

    /** Waits until scripts are forked from a launcher. */
    public void awaitLauncher() {
        await().atMost(PATIENCE).pollInterval(Duration.ofMillis(20)).until(() -> get("/observe/health")
                .json()
                .at("/checks/preload/ready")
                .asBoolean());
    }
}
