package pysmurf.controller.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
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
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.RegisteredFile;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.Trimming;

/** What can be read over HTTP: operations, sessions, their logs and files. Thread-safe. */
public final class SessionViews {

    private static final int DEFAULT_LIMIT = 50;
    private static final int MOST = 500;
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
            item.set(
                    "session",
                    sessions.latest(operation.name()).map(SessionViews::listed).orElse(null));
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
        int limit = Math.min(MOST, number(query, "limit", DEFAULT_LIMIT));
        Integer before = query.containsKey("before") ? number(query, "before", 0) : null;
        // each as text: as a tree it takes many times as much, and each is read only when the one before is text
        String list = sessions.list(limit, before, query.get("op"), outcome(query.get("outcome")))
                .map(session -> Json.text(listed(session)))
                .collect(Collectors.joining(",", "[", "]"));
        return HttpReply.of(200, "application/json", list, Map.of());
    }

    private static ObjectNode listed(Session session) {
        ObjectNode json = session.toJson();
        Trimming.fit(json, LISTED_BYTES);
        return json;
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
                : number(request.query(), "messages", DEFAULT_MESSAGES);
        Session session = find(request);
        SessionStream stream = new SessionStream(session, wanted);
        return stream.isLong() ? stream : HttpReply.json(200, session.toJson(wanted));
    }

    /**
     * {@code GET /api/v1/sessions/{id}/log}.
     *
     * @throws HttpProblem 404 if there is no session or no log
     */
    public ResponseStream log(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) {
        Session session = find(request);
        boolean follow = Boolean.parseBoolean(request.query().get("follow"));
        boolean hidden = session.log() == null
                ? session.isDone()
                : session.isDone() && !session.log().kept();
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
    public ResponseStream file(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) {
        List<RegisteredFile> files = find(request).files();
        int index = number(request.path(), "n", -1);
        if (index >= files.size()) {
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
        return (context, response) -> {
            response.putHeader("Content-Type", contentType(path))
                    .putHeader("X-Content-Type-Options", "nosniff")
                    // what scripts draw is shown, never run
                    .putHeader("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
                    .putHeader(
                            "Content-Disposition",
                            "inline; filename=\""
                                    + path.getFileName().toString().replaceAll("[^\\w.+-]", "_") + "\"");
            response.sendFile(path.toString()).onFailure(fault -> context.fail(404, fault));
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

    private Session find(HttpRequest request) {
        int id = id(request);
        return sessions.find(id).orElseThrow(() -> new HttpProblem(404, "no session " + id));
    }

    static int id(HttpRequest request) {
        try {
            return Integer.parseInt(request.pathParam("id"));
        } catch (NumberFormatException e) {
            throw new HttpProblem(404, "no session \"" + request.pathParam("id") + "\"");
        }
    }

    private static int number(Map<String, String> values, String name, int otherwise) {
        String text = values.get(name);
        if (text == null) {
            return otherwise;
        }
        if (!text.matches("\\d{1,9}")) {
            throw new HttpProblem(400, name + ": not a whole number from 0")
                    .with(
                            "errors",
                            List.of(new pysmurf.controller.command.FieldError(name, "not a whole number from 0")));
        }
        return Integer.parseInt(text);
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
        throw new HttpProblem(400, "outcome: not one of the outcomes")
                .with(
                        "errors",
                        List.of(new pysmurf.controller.command.FieldError("outcome", "not one of the outcomes")));
    }
}
