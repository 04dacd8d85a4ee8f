package pysmurf.controller.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.util.RawValue;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.camel.ExchangeProperty;
import pysmurf.controller.access.Role;
import pysmurf.controller.audit.Audit;
import pysmurf.controller.operation.Operation;
import pysmurf.controller.operation.Operations;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.RegisteredFile;
import pysmurf.controller.session.SessionLog;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.View;

/** What can be read over HTTP: operations, sessions, their logs and files, the audit log. */
public final class SessionViews {

    private static final int DEFAULT_LIMIT = 50;
    private static final int MAX_LIMIT = 500;
    private static final int MAX_NUMBER = 999_999_999;

    static final int DEFAULT_MESSAGES = 100;

    private final Operations operations;
    private final Sessions sessions;
    private final String controller;
    private final Audit audit;
    private final List<Path> secrets;

    /** @param secrets files that no client gets, whatever a script registers; those that are not there yet count, too */
    public SessionViews(String controller, Operations operations, Sessions sessions, Audit audit, List<Path> secrets) {
        this.controller = controller;
        this.operations = operations;
        this.sessions = sessions;
        this.audit = audit;
        this.secrets = List.copyOf(secrets);
    }

    /** {@code GET /api/v1/operations}. */
    public HttpReply operations() {
        ArrayNode list = Json.mapper().createArrayNode();
        for (Operation operation : operations.all()) {
            ObjectNode item = list.addObject();
            item.put("name", operation.name())
                    .put("kind", operation.parameters().kind())
                    .put("description", operation.description());
            item.set("parameters", operation.parameters().json());
            item.putRawValue(
                    "session",
                    sessions.latest(operation.name())
                            .map(session -> new RawValue(new String(listed(session), StandardCharsets.UTF_8)))
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
        int limit = Math.min(MAX_LIMIT, request.number("limit", 0, MAX_NUMBER, DEFAULT_LIMIT));
        Integer before = query.containsKey("before") ? request.number("before", 0, MAX_NUMBER, 0) : null;
        ByteArrayOutputStream list = new ByteArrayOutputStream();
        list.write('[');
        // each as bytes: as a tree it takes many times as much, and each is read only when the one before is bytes
        sessions.list(limit, before, query.get("op"), outcome(query.get("outcome")))
                .map(SessionViews::listed)
                .forEach(json -> {
                    if (list.size() > 1) {
                        list.write(',');
                    }
                    list.writeBytes(json);
                });
        list.write(']');
        return HttpReply.json(200, list.toByteArray(), Map.of());
    }

    private static byte[] listed(LiveSession session) {
        return session.view(LiveSession.LISTED_MESSAGES).listed();
    }

    /**
     * {@code GET /api/v1/sessions/{id}}.
     *
     * @return what the client has not yet; in blocks where that is large
     * @throws HttpProblem 404 if there is none, 400 for a query parameter out of its rule
     */
    public ResponseStream session(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) {
        View view = find(request).view(messages(request));
        String tag = '"' + view.tag() + '"';
        Map<String, String> headers = Map.of("ETag", tag);
        if (request.has(tag)) {
            return HttpReply.notModified(headers);
        }
        return SessionStream.isFor(view)
                ? new SessionStream(view, Map.of("ETag", tag, "Content-Type", "application/json"))
                : HttpReply.json(200, view.json(), headers);
    }

    /** Whether {@link #session} answers from memory and makes nothing for it. */
    boolean isAtHand(HttpRequest request) {
        try {
            return sessions.inMemory(request.pathNumber("id"))
                    .map(session -> session.hasView(messages(request)))
                    .orElse(false);
        } catch (HttpProblem e) {
            // the route will say so
            return false;
        }
    }

    private static int messages(HttpRequest request) {
        return "all".equals(request.query().get("messages"))
                ? Integer.MAX_VALUE
                : request.number("messages", 0, MAX_NUMBER, DEFAULT_MESSAGES);
    }

    /**
     * {@code GET /api/v1/sessions/{id}/log}.
     *
     * @throws HttpProblem 404 if there is no session or no log
     */
    public ResponseStream log(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) {
        LiveSession session = find(request);
        boolean follow = request.flag("follow");
        // done is asked before the log is: its end is known then
        boolean done = session.isDone();
        SessionLog log = session.now().log();
        if (done && (log == null || !log.kept())) {
            throw new HttpProblem(404, "session " + session.id() + " kept no log");
        }
        Map<String, String> headers = new HashMap<>(Map.of("Content-Type", "text/plain; charset=utf-8"));
        if (follow) {
            headers.put("X-Accel-Buffering", "no");
        }
        if (follow && !done) {
            return new LogStream(session, headers);
        }
        return log == null
                ? new HttpReply(200, headers, new byte[0])
                : new FileReply(log.file(), log.from(), log.to() < 0 ? Long.MAX_VALUE : log.to(), headers);
    }

    /**
     * {@code GET /api/v1/sessions/{id}/files/{n}}.
     *
     * @throws HttpProblem 404 if there is no such file, or it is gone; 403 if it is a secret of this controller
     */
    public ResponseStream file(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) throws IOException {
        List<RegisteredFile> files = find(request).now().files();
        int index = request.pathNumber("n");
        if (index < 0 || index >= files.size()) {
            throw new HttpProblem(404, "the session has " + files.size() + " files");
        }
        Path path = Path.of(files.get(index).path());
        if (!Files.isRegularFile(path)) {
            throw new HttpProblem(404, "the file is no longer there");
        }
        if (isSecret(path)) {
            throw new HttpProblem(403, "this file is one of the controller's own secrets");
        }
        String name = path.getFileName().toString();
        String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        Map<String, String> headers = new HashMap<>();
        headers.put("Content-Type", contentType(ending));
        // what scripts draw is shown, never run
        headers.put("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'");
        headers.put("Content-Disposition", "inline; filename=\"" + name.replaceAll("[^\\w.+-]", "_") + "\"");
        return new FileReply(path, 0, Long.MAX_VALUE, headers);
    }

    private static String contentType(String ending) {
        return switch (ending) {
            case "svg" -> "image/svg+xml";
            case "png" -> "image/png";
            case "json" -> "application/json";
            case "txt", "dat" -> "text/plain; charset=utf-8";
            default -> "application/octet-stream";
        };
    }

    /** Anybody who can send a datagram to this machine can register a file: this controller's own secrets are none of them. */
    private boolean isSecret(Path path) throws IOException {
        for (Path secret :
                Stream.concat(secrets.stream(), audit.files().stream()).toList()) {
            if (Files.exists(secret)
                    && (Files.isSameFile(secret, path)
                            || Files.isSameFile(secret, path.toRealPath().getParent()))) {
                return true;
            }
        }
        return false;
    }

    /**
     * {@code GET /api/v1/audit}.
     *
     * @throws HttpProblem 403 for anybody but an admin, 400 for a limit out of its rule
     */
    public HttpReply audit(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) throws IOException {
        if (!request.requester().is(Role.ADMIN)) {
            throw new HttpProblem(403, "this needs the role " + Role.ADMIN.word());
        }
        return HttpReply.json(200, audit.newest(request.number("limit", 1, MAX_LIMIT, DEFAULT_LIMIT), controller));
    }

    private LiveSession find(HttpRequest request) {
        int id = request.pathNumber("id");
        return sessions.find(id).orElseThrow(() -> new HttpProblem(404, "no session " + id));
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
