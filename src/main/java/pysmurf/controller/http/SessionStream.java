package pysmurf.controller.http;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Message;

/**
 * A session with many messages, as fast as the client takes them: of what they are as JSON there is never more than one block in
 * memory.
 */
final class SessionStream implements ResponseStream {

    private static final long LONG = 256L * 1024;
    private static final int BLOCK_CHARACTERS = 64 * 1024;

    private final String head;
    private final List<Message> messages;
    private int next;

    /** @param mostMessages the newest ones */
    SessionStream(LiveSession session, int mostMessages) {
        String json = session.document();
        head = json.substring(0, json.length() - 1) + ",\"messages\":[";
        messages = session.messages(mostMessages);
    }

    /** Whether it is worth it. */
    boolean isLong() {
        return messages.stream().mapToLong(message -> message.text().length()).sum() > LONG;
    }

    @Override
    public void writeTo(RoutingContext context, HttpServerResponse response) {
        response.putHeader("Content-Type", "application/json")
                .putHeader("Cache-Control", "no-store")
                .putHeader("X-Content-Type-Options", "nosniff")
                .setChunked(true);
        if (context.request().method() == HttpMethod.HEAD) {
            response.end();
            return;
        }
        response.drainHandler(v -> go(response));
        response.write(head);
        go(response);
    }

    private void go(HttpServerResponse response) {
        while (next < messages.size() && !response.writeQueueFull() && !response.closed()) {
            StringBuilder block = new StringBuilder();
            while (next < messages.size() && block.length() < BLOCK_CHARACTERS) {
                block.append(next == 0 ? "" : ",")
                        .append(Json.text(messages.get(next++).json()));
            }
            response.write(Buffer.buffer(block.toString()));
        }
        if (next == messages.size() && !response.ended()) {
            response.end("]}");
        }
    }
}
