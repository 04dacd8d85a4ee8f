package pysmurf.controller.http;

import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.nio.file.Path;
import java.util.Map;
import pysmurf.controller.script.process.RegularFile;

/**
 * A part of a file.
 *
 * @param to the offset behind its last byte; the file's end where that comes first
 */
record FileReply(Path file, long from, long to, Map<String, String> headers) implements ResponseStream {

    @Override
    public void writeTo(RoutingContext context) {
        // a FIFO in the file's place would be waited for
        context.vertx()
                .executeBlocking(() -> RegularFile.at(file))
                .onFailure(fault -> context.fail(404, fault))
                .onSuccess(regular -> send(context, regular));
    }

    private void send(RoutingContext context, RegularFile regular) {
        HttpServerResponse response = context.response();
        ResponseStream.describe(response, headers);
        Path path = regular.path();
        long length = Math.max(0, Math.min(to, path.toFile().length()) - from);
        response.putHeader("Content-Length", Long.toString(length));
        if (context.request().method() == HttpMethod.HEAD || length == 0) {
            regular.close();
            response.end();
        } else {
            response.sendFile(path.toString(), from, length).onComplete(done -> regular.close());
        }
    }
}
