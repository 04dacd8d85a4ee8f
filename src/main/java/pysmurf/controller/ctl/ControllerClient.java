package pysmurf.controller.ctl;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import pysmurf.controller.session.Json;

/**
 * A controller as seen over HTTP. By {@link HttpURLConnection}: it is loaded in a moment, and it can be told how long a stream may be
 * silent.
 */
final class ControllerClient {

    private static final String SESSIONS = "/api/v1/sessions/";
    private static final int MAX_CONNECT_MS = 5_000;
    private static final int MAX_ANSWER_MS = 30_000;
    private static final Duration MAX_ABSENCE = Duration.ofSeconds(30);
    private static final long BEFORE_RETRY_MS = 300;
    static final long BETWEEN_LOOKS_MS = 100;

    private static final long MIN_BETWEEN_LOOKS_MS = 30;

    private final String base;
    private final String token;

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

    /** Sees a session again and again while it runs. */
    @FunctionalInterface
    interface Watch {

        /** Takes its time: the session is looked at again when it returns. */
        void see(JsonNode session) throws InterruptedException;
    }

    /** @param token null for none */
    ControllerClient(String base, String token) {
        this.base = base;
        this.token = token;
    }

    /** One of several controllers at this address. */
    ControllerClient below(String id) {
        return new ControllerClient(base + "/controllers/" + quoted(id), token);
    }

    String base() {
        return base;
    }

    Reply session(int id) {
        return get(SESSIONS + id);
    }

    Reply get(String path) {
        return accepted(look(path));
    }

    /** As {@link #get}, where an error status is an answer as well. */
    Reply look(String path) {
        return ask(path, Map.of(), null);
    }

    /** Returns the session of the abort. */
    Reply abort(int id, ObjectNode params) throws InterruptedException {
        return command(SESSIONS + id + "/abort", Map.of(), params, "Whether the abort was taken is not known.");
    }

    /** Starts an operation once: the controller knows a command by its key, even after a restart. */
    Reply start(String operation, ObjectNode params, String key) throws InterruptedException {
        // Fails at once if no controller answers at all.
        get("/api/v1/controller");
        return command(
                "/api/v1/operations/" + quoted(operation),
                Map.of("Idempotency-Key", key),
                params,
                "Whether the operation was started is not known.");
    }

    /** Sends a command again if the connection is lost before the answer is there. */
    private Reply command(String path, Map<String, String> headers, ObjectNode params, String otherwise)
            throws InterruptedException {
        long start = System.nanoTime();
        while (true) {
            try {
                return accepted(ask(path, headers, params));
            } catch (Failure e) {
                if (e.status() != 0) {
                    throw e;
                }
                if (isOver(start)) {
                    throw e.and(otherwise);
                }
                Thread.sleep(BEFORE_RETRY_MS);
            }
        }
    }

    /** As {@link #awaitEnd(int, String, Watch)}, and looks at nothing but the end. */
    Reply awaitEnd(int id) throws InterruptedException {
        return awaitEnd(id, null, running -> Thread.sleep(BETWEEN_LOOKS_MS));
    }

    /**
     * Waits until a session is done, also over a lost connection.
     *
     * @param key of the command that started it; null if that is not known
     */
    Reply awaitEnd(int id, String key, Watch watch) throws InterruptedException {
        long lastAnswer = System.nanoTime();
        while (true) {
            try {
                Reply session = session(id);
                lastAnswer = System.nanoTime();
                if (key != null && !key.equals(session.json().path("command_id").asText())) {
                    throw forgotten(id);
                }
                if (session.json().path("status").asText().equals("done")) {
                    return session;
                }
                watch.see(session.json());
                Thread.sleep(MIN_BETWEEN_LOOKS_MS);
            } catch (Failure e) {
                if (e.status() == 404) {
                    throw forgotten(id);
                }
                if (!e.isPassing() || isOver(lastAnswer)) {
                    throw e.and("The outcome of session " + id + " is not known.");
                }
                Thread.sleep(BEFORE_RETRY_MS);
            }
        }
    }

    private static boolean isOver(long start) {
        return System.nanoTime() - start > MAX_ABSENCE.toNanos();
    }

    private static Failure forgotten(int id) {
        return Failure.here(
                "The controller was restarted and no longer knows session " + id + ".", ExitCode.UNREACHABLE);
    }

    /**
     * Opens an answer that is read bit by bit.
     *
     * @param maxSilenceMs after which reading fails; 0 for never
     */
    InputStream open(String path, Map<String, String> headers, int maxSilenceMs) {
        try {
            HttpURLConnection connection = connect(path, headers, null);
            connection.setReadTimeout(maxSilenceMs);
            if (connection.getResponseCode() != HttpURLConnection.HTTP_OK) {
                accepted(reply(connection));
            }
            return whole(connection, connection.getInputStream());
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    private static InputStream whole(HttpURLConnection connection, InputStream in) {
        return new Whole(in, connection.getContentLengthLong());
    }

    /** Fails where the connection ends too early; the JDK's stream would just end there. */
    private static final class Whole extends FilterInputStream {

        private long left;

        /** @param length negative where it is not known */
        Whole(InputStream in, long length) {
            super(in);
            this.left = length;
        }

        @Override
        public int read(byte[] to, int offset, int length) throws IOException {
            int n = super.read(to, offset, length);
            if (n < 0 && left > 0) {
                throw new EOFException("the connection was lost");
            }
            left -= n;
            return n;
        }
    }

    static String quoted(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** @param params null for GET */
    private Reply ask(String path, Map<String, String> headers, ObjectNode params) {
        try {
            return reply(connect(path, headers, params));
        } catch (IOException e) {
            throw unreachable(e);
        }
    }

    private HttpURLConnection connect(String path, Map<String, String> headers, ObjectNode params) throws IOException {
        HttpURLConnection connection =
                (HttpURLConnection) URI.create(base + path).toURL().openConnection();
        connection.setConnectTimeout(MAX_CONNECT_MS);
        connection.setReadTimeout(MAX_ANSWER_MS);
        // A token goes to the address that it was given for, and to no other.
        connection.setInstanceFollowRedirects(false);
        headers.forEach(connection::setRequestProperty);
        if (token != null) {
            connection.setRequestProperty("Authorization", "Bearer " + token);
        }
        if (params != null) {
            connection.setDoOutput(true);
            connection.setRequestProperty("Content-Type", "application/json");
            try (OutputStream body = connection.getOutputStream()) {
                body.write(params.toString().getBytes(StandardCharsets.UTF_8));
            }
        }
        return connection;
    }

    private Reply reply(HttpURLConnection connection) throws IOException {
        int status = connection.getResponseCode();
        InputStream answer = status < 400 ? connection.getInputStream() : connection.getErrorStream();
        try (InputStream in = whole(connection, answer == null ? InputStream.nullInputStream() : answer)) {
            byte[] body = in.readAllBytes();
            return new Reply(status, new String(body, StandardCharsets.UTF_8), Json.read(body));
        } catch (JsonProcessingException e) {
            throw Failure.here(
                    base + " answers, but not as a controller does (HTTP status " + status + ")", ExitCode.UNREACHABLE);
        }
    }

    private static Reply accepted(Reply reply) {
        if (reply.status() >= 200 && reply.status() < 300) {
            return reply;
        }
        throw Failure.refused(reply);
    }

    Failure unreachable(IOException e) {
        String why = e instanceof UnknownHostException ? "its name is not known" : e.getMessage();
        return Failure.here("No controller answers at " + base + ": " + why, ExitCode.UNREACHABLE);
    }
}
