package pysmurf.controller.wamp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import ws.wamp.jawampa.PubSubData;
import ws.wamp.jawampa.SubscriptionFlags;
import ws.wamp.jawampa.WampClient;
import ws.wamp.jawampa.WampClientBuilder;
import ws.wamp.jawampa.WampRouter;
import ws.wamp.jawampa.WampRouterBuilder;
import ws.wamp.jawampa.transport.netty.NettyWampClientConnectorProvider;
import ws.wamp.jawampa.transport.netty.SimpleWampWebsocketListener;

/** A router, and clients of it, of which no line is ours. */
public final class JawampaRouter implements AutoCloseable {

    public static final String REALM = "test_realm";

    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final JsonMapper MAPPER = new JsonMapper();

    private final String url;
    private final WampRouter router;
    private final SimpleWampWebsocketListener listener;
    private final List<WampClient> clients = new ArrayList<>();

    public JawampaRouter(int port) throws Exception {
        url = "ws://127.0.0.1:" + port + "/ws";
        router = new WampRouterBuilder().addRealm(REALM).build();
        listener = new SimpleWampWebsocketListener(router, URI.create(url), null);
        listener.start();
    }

    public String url() {
        return url;
    }

    /** A client that has joined. */
    public WampClient client() throws Exception {
        WampClient client = new WampClientBuilder()
                .withConnectorProvider(new NettyWampClientConnectorProvider())
                .withUri(url)
                .withRealm(REALM)
                .withInfiniteReconnects()
                .withReconnectInterval(1, TimeUnit.SECONDS)
                .build();
        clients.add(client);
        CompletableFuture<Void> joined = new CompletableFuture<>();
        client.statusChanged().subscribe(state -> {
            if (state instanceof WampClient.ConnectedState) {
                joined.complete(null);
            }
        });
        client.open();
        joined.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        return client;
    }

    /** The first positional result of a call. */
    public static CompletableFuture<JsonNode> call(WampClient client, String procedure, String args, String kwargs)
            throws Exception {
        CompletableFuture<JsonNode> result = new CompletableFuture<>();
        client.call(procedure, (ArrayNode) MAPPER.readTree(args), (ObjectNode) MAPPER.readTree(kwargs))
                .subscribe(reply -> result.complete(reply.arguments().get(0)), result::completeExceptionally);
        return result;
    }

    /** As {@link #call}, and waits for the result. */
    public static JsonNode await(WampClient client, String procedure, String args) throws Exception {
        return call(client, procedure, args, "{}").get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    /** The events of a topic from now on. */
    public static BlockingQueue<PubSubData> subscribe(WampClient client, String topic) {
        BlockingQueue<PubSubData> events = new LinkedBlockingQueue<>();
        client.makeSubscription(topic, SubscriptionFlags.Wildcard).subscribe(events::add);
        return events;
    }

    /** Without waiting: now and then its router never says that it is closed. */
    @Override
    public void close() {
        clients.forEach(client -> client.close().subscribe());
        listener.stop();
        router.close().subscribe();
    }
}
