package pysmurf.controller.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.camel.ExchangeProperty;
import pysmurf.controller.routing.Operation;
import pysmurf.controller.routing.Operations;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.RegisteredFile;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.Trimming;

/** What can be read over HTTP: operations, sessions, their logs and files. Thread-safe. */
public final class SessionViews {

    private static final int DEFAULT_LIMIT = 50;
    private static final int MOST = 500;
    private static final int HIGHEST = 999_999_999;
    /** So many at {@link #MOST} are 8 MB. */
    private static final int LISTED_BYTES = 16 * 1024;

    static final int DEFAULT_MESSAGES = 100;

    private static final Map<String, String> CONTENT_TYPES = Map.of(
            "svg",
            "image/svg+xml",
            "png",
            "image/png",
            "json",
            "application/json",
            "txt",
            "text/plain; charset=utf-8",
            "dat",
            "text/plain; charset=utf-8");

    private final Operations operations;
    private final List<Path> secrets;
    private final Sessions sessions;

    /** @param secrets files that nobody is given, whatever a script registers; those that are not there yet count, too */
    public SessionViews(Operations operations, Sessions sessions, List<Path> secrets) {
        this.secrets = List.copyOf(secrets);
        this.operations = operations;
        this.sessions = sessions;
    }

    /** {@code GET /api/v1/operations}. */
    public HttpReply operations() {
        ArrayNode list = Json.mapper().createArrayNode();
        for (Operation operation : operations.all()) {
            ObjectNode item = list.addObject();
            item.put("name", operation.name()).put("description", operation.description());
            item.set("parameters", operation.parameters().json());
            item.putRawValue(
                    "session",
                    sessions.latest(operation.name())
                            .map(session -> new RawValue(listed(session)))
                            .orElse(null));
        }
        return HttpReply.json(200, list);
    }

    /**
     * {@code GET /api/v1/sessions}.
     *
     * @throws HttpProblem 400 for a query parameter out of its rule
     */
    public HttpReply list(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) {
        Map<String, String> query = request.query();
        int limit = Math.min(MOST, request.number("limit", 0, HIGHEST, DEFAULT_LIMIT));
        Integer before = query.containsKey("before") ? request.number("before", 0, HIGHEST, 0) : null;
        // each as text: as a tree it takes many times as much, and each is read only when the one before is text
        String list = sessions.list(limit, before, query.get("op"), outcome(query.get("outcome")))
                .map(SessionViews::listed)
                .collect(Collectors.joining(",", "[", "]"));
        return HttpReply.of(200, "application/json", list, Map.of());
    }

    private static String listed(LiveSession session) {
        String json = session.json(LiveSession.LISTED_MESSAGES);
        if (json.length() <= LISTED_BYTES) {
            return json;
        }
        ObjectNode trimmed = session.toJson(LiveSession.LISTED_MESSAGES);
        Trimming.fit(trimmed, LISTED_BYTES);
        return Json.text(trimmed);
    }

    /**
     * {@code GET /api/v1/sessions/{id}}.
     *
     * @return an {@link HttpReply}; a {@link ResponseStream} where it would be large
     * @throws HttpProblem 404 if there is none, 400 for a query parameter out of its rule
     */
    public Object session(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) {
        int wanted = "all".equals(request.query().get("messages"))
                ? Integer.MAX_VALUE
                : request.number("messages", 0, HIGHEST, DEFAULT_MESSAGES);
        LiveSession session = find(request);
        SessionStream stream = new SessionStream(session, wanted);
        return stream.isLong() ? stream : HttpReply.of(200, "application/json", session.json(wanted), Map.of());
    }

    /**
     * {@code GET /api/v1/sessions/{id}/log}.
     *
     * @throws HttpProblem 404 if there is no session or no log
     */
    public ResponseStream log(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) {
        LiveSession session = find(request);
        boolean follow = request.flag("follow");
        boolean hidden = session.now().log() == null
                ? session.isDone()
                : session.isDone() && !session.now().log().kept();
        if (hidden) {
            throw new HttpProblem(404, "session " + session.id() + " kept no log");
        }
        return new LogStream(session, follow);
    }

    /**
     * {@code GET /api/v1/sessions/{id}/files/{n}}.
     *
     * @throws HttpProblem 404 if there is no such file, or it is gone; 403 if it is a secret of this controller
     */
    public ResponseStream file(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) throws IOException {
        List<RegisteredFile> files = find(request).now().files();
        int index = whole(request, "n");
        if (index < 0 || index >= files.size()) {
            throw new HttpProblem(404, "the session has " + files.size() + " files");
        }
        RegisteredFile file = files.get(index);
        Path path = Path.of(file.path());
        if (!Files.isRegularFile(path)) {
            throw new HttpProblem(404, "the file is no longer there");
        }
        if (isSecret(path)) {
            throw new HttpProblem(403, "this file is given to nobody");
        }
        long size = Files.size(path);
        return (context, response) -> {
            response.putHeader("Content-Type", contentType(path))
                    .putHeader("X-Content-Type-Options", "nosniff")
                    // what scripts draw is shown, never run
                    .putHeader("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
                    .putHeader(
                            "Content-Disposition",
                            "inline; filename=\""
                                    + path.getFileName().toString().replaceAll("[^\\w.+-]", "_") + "\"");
            if (context.request().method() == HttpMethod.HEAD) {
                response.putHeader("Content-Length", Long.toString(size)).end();
            } else {
                response.sendFile(path.toString()).onFailure(fault -> context.fail(404, fault));
            }
        };
    }

    /** Whoever can send a datagram to this machine can register a file: this controller's own secrets are none of them. */
    private boolean isSecret(Path path) {
        return secrets.stream().filter(Files::exists).anyMatch(secret -> {
            try {
                return Files.isSameFile(secret, path);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private static String contentType(Path path) {
        String name = path.getFileName().toString();
        String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        return CONTENT_TYPES.getOrDefault(ending, "application/octet-stream");
    }

    private LiveSession find(HttpRequest request) {
        int id = id(request);
        return sessions.find(id).orElseThrow(() -> new HttpProblem(404, "no session " + id));
    }

    static int id(HttpRequest request) {
        return whole(request, "id");
    }

    private static int whole(HttpRequest request, String name) {
        try {
            return Integer.parseInt(request.pathParam(name));
        } catch (NumberFormatException e) {
            throw new HttpProblem(404, "nothing is numbered \"" + request.pathParam(name) + "\"");
        }
    }

    private static Outcome outcome(String word) {
        if (word == null || word.isEmpty()) {
            return null;
        }
        for (Outcome outcome : Outcome.values()) {
            if (outcome.word().equals(word)) {
                return outcome;
            }
        }
        throw HttpProblem.wrong("outcome", "not one of the outcomes");
    }
}
