package pysmurf.controller.http;

import io.vertx.core.Context;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Map;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Message;

/** A session with many messages, as fast as the client takes them; only one block of their JSON is in memory at a time. */
final class SessionStream implements ResponseStream {

    private static final long MAX_WHOLE = 256L * 1024;
    private static final int BLOCK_CHARACTERS = 64 * 1024;

    private final String head;
    private final List<Message> messages;
    private int next;

    /** @param maxMessages the newest ones */
    SessionStream(LiveSession session, int maxMessages) {
        String json = session.document();
        head = json.substring(0, json.length() - 1) + ",\"messages\":[";
        messages = session.messages(maxMessages);
    }

    boolean isLong() {
        return messages.stream().mapToLong(message -> message.text().length()).sum() > MAX_WHOLE;
    }

    @Override
    public void writeTo(RoutingContext context) {
        if (ResponseStream.begin(context, Map.of("Content-Type", "application/json"))) {
            context.response().write(head);
            go(context.response(), context.vertx().getOrCreateContext());
        }
    }

    private void go(HttpServerResponse response, Context eventLoop) {
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
