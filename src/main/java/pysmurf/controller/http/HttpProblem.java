package pysmurf.controller.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Map;
import pysmurf.controller.session.FieldError;
import pysmurf.controller.session.Json;

/** A request that cannot be served, as RFC 9457 has it. */
public class HttpProblem extends RuntimeException {

    private static final long serialVersionUID = 1L;
    private final transient ObjectNode json;
    private final int status;

    /** @param detail what is wrong with this request, for the client */
    public HttpProblem(int status, String detail) {
        // thrown often, for what clients do: a stack trace would tell nothing
        super(detail, null, false, false);
        this.status = status;
        this.json = Json.object()
                .put("type", "about:blank")
                .put("title", HttpResponseStatus.valueOf(status).reasonPhrase())
                .put("status", status)
                .put("detail", detail);
    }

    /** A parameter of the query that breaks its rule. */
    static HttpProblem wrong(String name, String rule) {
        return new HttpProblem(400, name + ": " + rule).with("errors", List.of(new FieldError(name, rule)));
    }

    /** Adds a member to the problem object. */
    public HttpProblem with(String name, Object value) {
        json.set(name, Json.tree(value));
        return this;
    }

    HttpReply reply() {
        Map<String, String> headers = status == 503 ? Map.of("Retry-After", "1") : Map.of();
        return HttpReply.of(status, "application/problem+json", Json.text(json), headers);
    }

    public void answer(RoutingContext context) {
        reply().writeTo(context);
    }
}
