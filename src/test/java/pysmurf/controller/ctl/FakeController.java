package pysmurf.controller.ctl;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import pysmurf.controller.session.Json;

/** Answers a command with what a test wants it to, and remembers what it was asked. */
final class FakeController implements AutoCloseable {

    /** @param token the Authorization header; null for none */
    record Command(String path, String key, String token, JsonNode params) {}

    private static final String OPERATION = """
            {'name':'noise','description':'Takes noise.','parameters':{'type':'object','properties':{
            'band':{'type':'integer'},'time':{'type':['number','null']},'bands':{'type':'array','items':{'type':'integer'}},
            'name':{'type':'string'}}}}""".replace("\n", "");

    /** What every session's script has written. */
    static final String LOG = "first line\nsecond line\n";

    private final List<String> lastEventIds = new CopyOnWriteArrayList<>();
    private final List<Command> commands = new CopyOnWriteArrayList<>();
    private final HttpServer server;
    private final CountDownLatch closed = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private volatile String outcome = "succeeded";
    private volatile int status = 202;
    private volatile String problem;
    private volatile int cuts;

    FakeController() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::answer);
        server.start();
    }

    String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    /** Each session ends so. */
    FakeController ending(String word) {
        outcome = word;
        return this;
    }

    /** Each command is refused. */
    FakeController refusing(int httpStatus, String problemJson) {
        status = httpStatus;
        problem = problemJson;
        return this;
    }

    /** So often a connection is lost: before the answer to a command, in the middle of a log, after an event. */
    FakeController losingConnections(int times) {
        cuts = times;
        return this;
    }

    /** What the watchers of events resumed from, in turn. */
    List<String> lastEventIds() {
        return List.copyOf(lastEventIds);
    }

    List<Command> commands() {
        return List.copyOf(commands);
    }

    private void answer(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        byte[] body = exchange.getRequestBody().readAllBytes();
        if (exchange.getRequestMethod().equals("POST")) {
            commands.add(new Command(
                    path,
                    exchange.getRequestHeaders().getFirst("Idempotency-Key"),
                    exchange.getRequestHeaders().getFirst("Authorization"),
                    Json.read(body)));
            if (cuts-- > 0) {
                exchange.close();
                return;
            }
            reply(exchange, status, problem == null ? session() : problem);
        } else if (path.equals("/api/v1/controller")) {
            reply(exchange, 200, "{\"id\":\"fake\",\"start_time\":1795392099.5}");
        } else if (path.endsWith("/log")) {
            log(exchange);
        } else if (path.endsWith("/api/v1/operations")) {
            reply(exchange, 200, "[" + OPERATION.replace('\'', '"') + "]");
        } else if (path.equals("/api/v1/events")) {
            lastEventIds.add(exchange.getRequestHeaders()
                    .getOrDefault("Last-Event-ID", List.of("none"))
                    .get(0));
            stream(exchange, "id: " + lastEventIds.size() + "\nevent: session\ndata: " + session() + "\n\n");
        } else {
            reply(exchange, 200, session());
        }
    }

    private String session() {
        String key =
                commands.isEmpty() ? null : commands.get(commands.size() - 1).key();
        return Json.object()
                .put("session_id", 7)
                .put("op_name", "noise")
                .put("status", "done")
                .put("outcome", outcome)
                .put("start_time", 1795392099.5)
                .put("end_time", 1795392100.75)
                .put("command_id", key)
                .toString();
    }

    private static void reply(HttpExchange exchange, int status, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    private void log(HttpExchange exchange) throws IOException {
        if (cuts-- > 0) {
            exchange.sendResponseHeaders(200, LOG.length());
            exchange.getResponseBody().write(LOG.substring(0, 5).getBytes(StandardCharsets.UTF_8));
            exchange.close();
        } else {
            reply(exchange, 200, LOG);
        }
    }

    /** Stays open for as long as there is this controller. */
    private void stream(HttpExchange exchange, String text) throws IOException {
        exchange.sendResponseHeaders(200, 0);
        exchange.getResponseBody().write(text.getBytes(StandardCharsets.UTF_8));
        exchange.getResponseBody().flush();
        if (cuts-- > 0) {
            exchange.close();
            return;
        }
        try {
            closed.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        exchange.close();
    }

    @Override
    public void close() {
        closed.countDown();
        server.stop(0);
        threads.shutdownNow();
    }
}
