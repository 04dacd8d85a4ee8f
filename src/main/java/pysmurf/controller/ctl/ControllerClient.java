package pysmurf.controller.ctl;

import com.fasterxml.jackson.core.JsonProcessingException;
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
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import pysmurf.controller.session.Json;

/** A controller as seen over HTTP. Thread-safe. */
final class ControllerClient {

    private static final String SESSIONS = "/api/v1/sessions/";
    private static final Duration UNTIL_CONNECTED = Duration.ofSeconds(5);
    private static final Duration UNTIL_ANSWERED = Duration.ofSeconds(30);
    private static final Duration UNTIL_BACK = Duration.ofSeconds(30);
    private static final Duration BEFORE_ANOTHER_TRY = Duration.ofMillis(300);

    private final String base;
    private final String token;
    private final HttpClient http;

    /**
     * @param base  URL of the controller, without a slash at its end
     * @param token sent with each request; null for none
     */
    ControllerClient(String base, String token) {
        this.base = base;
        this.token = token;
        HttpClient.Builder builder = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(UNTIL_CONNECTED)
                // a token goes to the address it was given for, and to no other
                .followRedirects(HttpClient.Redirect.NEVER);
        this.http = base.startsWith("https:")
                ? builder.build()
                : builder.sslContext(trustingNobody()).build();
    }

    /** The client wants a context in any case; reading all authorities that Java knows is a tenth of a start. */
    private static SSLContext trustingNobody() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[0], null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** URL of the controller, without a slash at its end. */
    String base() {
        return base;
    }

    /** @throws Refusal with status 404 if there is none */
    Reply session(int id) throws Refusal, Unreachable, InterruptedException {
        return get(SESSIONS + id);
    }

    Reply operations() throws Refusal, Unreachable, InterruptedException {
        return get("/api/v1/operations");
    }

    /** Asks for JSON. */
    Reply get(String path) throws Refusal, Unreachable, InterruptedException {
        return checked(send(request(path).GET()));
    }

    /** As {@link #get}, with the reply as it is also where the status is an error. */
    Reply look(String path) throws Unreachable, InterruptedException {
        return send(request(path).GET());
    }

    /** Has a session aborted; the reply is the session that does it. */
    Reply abort(int id, ObjectNode params) throws Refusal, Unreachable, InterruptedException {
        return checked(send(post(SESSIONS + id + "/abort", params)));
    }

    /**
     * Starts an operation, and does so once: where the connection is lost before the answer is there, the same command is sent
     * again under the same key, which the controller knows though it was started anew meanwhile.
     *
     * @param key unlike that of any other command
     * @return    its session
     */
    Reply start(String operation, ObjectNode params, String key) throws Refusal, Unreachable, InterruptedException {
        // one that is not there at all is not waited for
        get("/api/v1/controller");
        long start = System.nanoTime();
        while (true) {
            try {
                return checked(send(
                        post("/api/v1/operations/" + quoted(operation), params).header("Idempotency-Key", key)));
            } catch (Unreachable lost) {
                if (System.nanoTime() - start > UNTIL_BACK.toNanos()) {
                    throw new Unreachable(
                            lost.getMessage() + "\nWhether the operation was started is not known.", lost);
                }
                Thread.sleep(BEFORE_ANOTHER_TRY.toMillis());
            }
        }
    }

    /**
     * Opens a reply that is read bit by bit.
     *
     * @param headers names and values in turn
     */
    InputStream open(String path, String... headers) throws Refusal, Unreachable, InterruptedException {
        HttpRequest.Builder request = request(path).GET();
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            HttpResponse<InputStream> response = http.send(request.build(), BodyHandlers.ofInputStream());
            if (response.statusCode() == 200) {
                return response.body();
            }
            try (InputStream body = response.body()) {
                throw refusal(reply(response.statusCode(), body.readAllBytes()));
            }
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    /** Text as a part of a URL. */
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
                HttpRequest.newBuilder(URI.create(base + path)).timeout(UNTIL_ANSWERED);
        return token == null ? request : request.header("Authorization", "Bearer " + token);
    }

    private Reply send(HttpRequest.Builder request) throws Unreachable, InterruptedException {
        try {
            HttpResponse<byte[]> response = http.send(request.build(), BodyHandlers.ofByteArray());
            return reply(response.statusCode(), response.body());
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    private Reply reply(int status, byte[] body) throws Unreachable {
        try {
            return new Reply(status, new String(body, StandardCharsets.UTF_8), Json.read(body));
        } catch (JsonProcessingException e) {
            throw new Unreachable(base + " answers, but not as a controller does (HTTP status " + status + ")", e);
        }
    }

    private static Reply checked(Reply reply) throws Refusal {
        if (reply.status() >= 200 && reply.status() < 300) {
            return reply;
        }
        throw refusal(reply);
    }

    private static Refusal refusal(Reply reply) {
        return new Refusal(reply.status(), reply.text(), reply.json());
    }

    private Unreachable unreachable(IOException e) {
        return new Unreachable("No controller answers at " + base + ": " + why(e), e);
    }

    /** Java's HTTP client has no words for the two most frequent faults. */
    private static String why(IOException e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnresolvedAddressException) {
                return "its name is not known";
            }
        }
        if (e.getMessage() != null) {
            return e.getMessage();
        }
        return e instanceof ConnectException
                ? "connection refused"
                : e.getClass().getSimpleName();
    }
}
