package pysmurf.controller.http;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.AsyncFile;
import io.vertx.core.file.OpenOptions;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import pysmurf.controller.script.process.RegularFile;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.SessionLog;

/**
 * A session's output as it is written, byte for byte, straight from its file, until the session is done. Holds no thread, and never
 * more than one block in memory, however slow the client is.
 */
final class LogStream implements ResponseStream {

    private static final Logger LOG = LoggerFactory.getLogger(LogStream.class);
    private static final int BLOCK_BYTES = 64 * 1024;
    private static final long LOOK_AGAIN_MS = 20;

    private final LiveSession session;
    private final Map<String, String> headers;
    private RoutingContext context;
    private HttpServerResponse response;
    private AsyncFile file;
    private long position;

    LogStream(LiveSession session, Map<String, String> headers) {
        this.session = session;
        this.headers = headers;
    }

    @Override
    public void writeTo(RoutingContext routingContext) {
        context = routingContext;
        response = context.response();
        if (!ResponseStream.begin(context, headers)) {
            return;
        }
        response.closeHandler(gone -> close());
        response.exceptionHandler(gone -> close());
        // the headers at once: the first byte of a quiet script may be a long time coming
        response.write(Buffer.buffer());
        step();
    }

    private void step() {
        if (response.closed() || response.ended()) {
            close();
            return;
        }
        // done is asked before the log's end is: what was written before "done" is then never missed
        boolean done = session.isDone();
        SessionLog log = session.now().log();
        if (log == null) {
            pauseOrEnd(done);
        } else if (file == null) {
            open(log);
        } else {
            read(log, done);
        }
    }

    private void open(SessionLog log) {
        context.vertx()
                .executeBlocking(() -> RegularFile.at(log.file()))
                .compose(regular -> context.vertx()
                        .fileSystem()
                        .open(
                                regular.path().toString(),
                                new OpenOptions().setRead(true).setWrite(false).setCreate(false))
                        .onComplete(opened -> regular.close()))
                .onFailure(this::fail)
                .onSuccess(opened -> {
                    file = opened;
                    position = log.from();
                    step();
                });
    }

    private void read(SessionLog log, boolean done) {
        long left = log.to() < 0 ? BLOCK_BYTES : Math.min(BLOCK_BYTES, log.to() - position);
        if (left <= 0) {
            pauseOrEnd(done);
            return;
        }
        file.read(Buffer.buffer((int) left), 0, position, (int) left)
                .onFailure(this::fail)
                .onSuccess(block -> {
                    if (block.length() == 0) {
                        pauseOrEnd(done);
                        return;
                    }
                    position += block.length();
                    // once the client has taken it
                    response.write(block).onSuccess(v -> step());
                });
    }

    private void pauseOrEnd(boolean done) {
        if (done) {
            response.end();
            close();
        } else {
            context.vertx().setTimer(LOOK_AGAIN_MS, timer -> step());
        }
    }

    private void fail(Throwable fault) {
        LOG.warn("Log of session {} cannot be sent: {}", session.id(), fault.toString());
        close();
        response.reset();
    }

    private void close() {
        if (file != null) {
            file.close();
            file = null;
        }
    }
}
