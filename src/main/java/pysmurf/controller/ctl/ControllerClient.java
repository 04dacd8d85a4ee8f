package pysmurf.controller.ctl;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import pysmurf.controller.session.Json;

/** A controller as seen over HTTP. */
final class ControllerClient {

    private static final String SESSIONS = "/api/v1/sessions/";
    private static final Duration MAX_CONNECT = Duration.ofSeconds(5);
    private static final Duration MAX_ANSWER = Duration.ofSeconds(30);
    private static final Duration MAX_ABSENCE = Duration.ofSeconds(30);
    /** How often a session is looked at though nothing was seen of it: its events may not come through. */
    private static final Duration BETWEEN_LOOKS = Duration.ofSeconds(5);

    private static final long BEFORE_RETRY_MS = 300;
    private static final long UNTIL_DONE_MS = 50;

    private final String base;
    private final String token;
    private final HttpClient http;

    /** @param text the answer as it came */
    record Reply(int status, String text, JsonNode json) {

        /** Of a session. */
        int id() {
            return json.path("session_id").asInt();
        }

        /** Of a session. */
        int exitCode() {
            return ExitCode.ofOutcome(json.path("outcome").asText());
        }
    }

    /** What is shown of a session while it runs. */
    @FunctionalInterface
    interface Watch {

        /** Waits a moment at most; true once the end of the session was seen. */
        boolean sawEnd() throws InterruptedException;
    }

    /** @param token null for none */
    ControllerClient(String base, String token) {
        this.base = base;
        this.token = token;
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(MAX_CONNECT)
                // A token goes to the address that it was given for, and to no other.
                .followRedirects(HttpClient.Redirect.NEVER);
        this.http = (base.startsWith("https:") ? builder : builder.sslContext(withoutAuthorities())).build();
    }

    /** The client always makes a context, and reading all authorities that Java knows is a tenth of a start. */
    private static SSLContext withoutAuthorities() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[0], null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    String base() {
        return base;
    }

    Reply session(int id) throws InterruptedException {
        return get(SESSIONS + id);
    }

    Reply get(String path) throws InterruptedException {
        return accepted(look(path));
    }

    /** As {@link #get}, where an error status is an answer as well. */
    Reply look(String path) throws InterruptedException {
        return ask(request(path));
    }

    /** Returns the session of the abort. */
    Reply abort(int id, ObjectNode params) throws InterruptedException {
        return accepted(ask(post(SESSIONS + id + "/abort", params)));
    }

    /**
     * Starts an operation once: if the connection is lost before the answer is there, it sends the command again under its key,
     * which the controller knows even after a restart.
     */
    Reply start(String operation, ObjectNode params, String key) throws InterruptedException {
        // There is no waiting for a controller that is not there at all.
        get("/api/v1/controller");
        long start = System.nanoTime();
        while (true) {
            try {
                return accepted(ask(
                        post("/api/v1/operations/" + quoted(operation), params).header("Idempotency-Key", key)));
            } catch (Failure e) {
                if (e.status() != 0) {
                    throw e;
                }
                if (isOver(start, MAX_ABSENCE)) {
                    throw e.and("Whether the operation was started is not known.");
                }
                Thread.sleep(BEFORE_RETRY_MS);
            }
        }
    }

    /**
     * Waits until a session is done, also over a lost connection.
     *
     * @param key of the command that started it; null if that is not known
     */
    Reply awaitEnd(int id, String key, Watch watch) throws InterruptedException {
        long lastAnswer = System.nanoTime();
        boolean sawEnd = false;
        while (true) {
            if (sawEnd) {
                Thread.sleep(UNTIL_DONE_MS);
            } else {
                sawEnd = watch(watch);
            }
            Reply session;
            try {
                session = session(id);
            } catch (Failure e) {
                if (e.status() == 404) {
                    throw forgotten(id);
                }
                if (!e.isPassing() || isOver(lastAnswer, MAX_ABSENCE)) {
                    throw e.and("The outcome of session " + id + " is not known.");
                }
                Thread.sleep(BEFORE_RETRY_MS);
                continue;
            }
            lastAnswer = System.nanoTime();
            if (key != null && !key.equals(session.json().path("command_id").asText())) {
                throw forgotten(id);
            }
            if (session.json().path("status").asText().equals("done")) {
                if (!sawEnd) {
                    // What came before the end may still be on its way.
                    watch(watch);
                }
                return session;
            }
        }
    }

    private static boolean watch(Watch watch) throws InterruptedException {
        boolean sawEnd = false;
        for (long start = System.nanoTime(); !sawEnd && !isOver(start, BETWEEN_LOOKS); ) {
            sawEnd = watch.sawEnd();
        }
        return sawEnd;
    }

    private static boolean isOver(long start, Duration time) {
        return System.nanoTime() - start > time.toNanos();
    }

    private static Failure forgotten(int id) {
        return Failure.unreachable("The controller was restarted and no longer knows session " + id + ".", null);
    }

    /** Opens an answer that is read bit by bit, with headers as names and values in turn. */
    InputStream open(String path, String... headers) throws InterruptedException {
        HttpRequest.Builder request = request(path);
        if (headers.length > 0) {
            request.headers(headers);
        }
        HttpResponse<InputStream> response = send(request, BodyHandlers.ofInputStream());
        if (response.statusCode() == 200) {
            return response.body();
        }
        try (InputStream body = response.body()) {
            Reply reply = reply(response.statusCode(), body.readAllBytes());
            throw Failure.refused(reply.status(), reply.text(), reply.json());
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    static String quoted(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private HttpRequest.Builder post(String path, ObjectNode params) {
        return request(path)
                .POST(BodyPublishers.ofString(params.toString()))
                .header("Content-Type", "application/json");
    }

    private HttpRequest.Builder request(String path) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(base + path)).timeout(MAX_ANSWER);
        return token == null ? request : request.header("Authorization", "Bearer " + token);
    }

    private Reply ask(HttpRequest.Builder request) throws InterruptedException {
        HttpResponse<byte[]> response = send(request, BodyHandlers.ofByteArray());
        return reply(response.statusCode(), response.body());
    }

    private <T> HttpResponse<T> send(HttpRequest.Builder request, BodyHandler<T> body) throws InterruptedException {
        try {
            return http.send(request.build(), body);
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    private Reply reply(int status, byte[] body) {
        try {
            return new Reply(status, new String(body, StandardCharsets.UTF_8), Json.read(body));
        } catch (JsonProcessingException e) {
            throw Failure.unreachable(base + " answers, but not as a controller does (HTTP status " + status + ")", e);
        }
    }

    private static Reply accepted(Reply reply) {
        if (reply.status() >= 200 && reply.status() < 300) {
            return reply;
        }
        throw Failure.refused(reply.status(), reply.text(), reply.json());
    }

    /** Java's HTTP client has no words for the two most frequent faults. */
    private Failure unreachable(IOException e) {
        String why = e.getMessage() != null ? e.getMessage() : e.getClass().getSimpleName();
        if (e instanceof ConnectException && e.getMessage() == null) {
            why = "connection refused";
        }
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnresolvedAddressException) {
                why = "its name is not known";
            }
        }
        return Failure.unreachable("No controller answers at " + base + ": " + why, e);
    }
}
