package pysmurf.controller.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import pysmurf.controller.session.Json;

/** A request that cannot be served, as RFC 9457 has it. */
public class HttpProblem extends RuntimeException {

    private static final long serialVersionUID = 1L;
    private static final Map<Integer, String> TITLES = Map.of(
            400,
            "Bad request",
            401,
            "Not authenticated",
            403,
            "Not allowed",
            404,
            "Not found",
            405,
            "Method not allowed",
            409,
            "Conflict",
            413,
            "Body too large",
            422,
            "Command id used for another command",
            429,
            "Too many requests",
            503,
            "Not available");

    private final transient ObjectNode json;
    private final int status;

    /**
     * @param status HTTP status
     * @param detail what is wrong with this request, for the client
     */
    public HttpProblem(int status, String detail) {
        // thrown for what clients do, often and on purpose: nobody reads a stack trace of it
        super(detail, null, false, false);
        this.status = status;
        this.json = Json.object()
                .put("type", "about:blank")
                .put("title", TITLES.getOrDefault(status, "Error"))
                .put("status", status)
                .put("detail", detail);
    }

    /** Adds a member to the problem object. */
    public HttpProblem with(String name, Object value) {
        json.set(name, Json.tree(value));
        return this;
    }

    HttpReply reply() {
        return HttpReply.of(status, "application/problem+json", Json.text(json), Map.of());
    }
}
