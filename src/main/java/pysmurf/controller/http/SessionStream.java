package pysmurf.controller.http;

import io.vertx.core.Context;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Map;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.Message;
import pysmurf.controller.session.View;

/** A session with many messages, as fast as the client takes them; only one block of their JSON is in memory at a time. */
final class SessionStream implements ResponseStream {

    private static final long MAX_WHOLE = 256L * 1024;
    private static final int BLOCK_CHARACTERS = 64 * 1024;

    private final View view;
    private final Map<String, String> headers;
    private int next;

    SessionStream(View view, Map<String, String> headers) {
        this.view = view;
        this.headers = headers;
    }

    static boolean isFor(View view) {
        return view.messages().stream()
                        .mapToLong(message -> message.text().length())
                        .sum()
                > MAX_WHOLE;
    }

    @Override
    public void writeTo(RoutingContext context) {
        if (ResponseStream.begin(context, headers)) {
            context.response().write(view.head());
            go(context.response(), context.vertx().getOrCreateContext());
        }
    }

    private void go(HttpServerResponse response, Context eventLoop) {
        List<Message> messages = view.messages();
        if (next == messages.size()) {
            response.end("]}");
            return;
        }
        StringBuilder block = new StringBuilder();
        while (next < messages.size() && block.length() < BLOCK_CHARACTERS) {
            block.append(next == 0 ? "" : ",").append(Json.text(messages.get(next++)));
        }
        // the next one once the client has taken this
        response.write(block.toString()).onSuccess(v -> eventLoop.runOnContext(again -> go(response, eventLoop)));
    }
}
