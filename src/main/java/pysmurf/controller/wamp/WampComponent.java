package pysmurf.controller.wamp;

import io.vertx.core.Vertx;
import java.util.Map;
import java.util.Optional;
import org.apache.camel.CamelContext;
import org.apache.camel.Endpoint;
import org.apache.camel.StartupListener;
import org.apache.camel.support.DefaultComponent;

/**
 * {@code wamp:procedure:NAME} and {@code wamp:topic:NAME}, over one connection for all of them. It joins the router's realm when the
 * context has started, registers what consumers there are, and does both again, for ever, whenever the connection is lost. A start
 * never waits for it. What is published while it is away is lost.
 */
public final class WampComponent extends DefaultComponent implements StartupListener {

    private String routerUrl = "";
    private String realm = "";
    private long maxSilenceMillis = 12_000;
    private Vertx vertx;
    private Vertx ownVertx;
    private WampConnection connection;

    /** The router's websocket, {@code ws://} or {@code wss://}; empty for none, and then procedures are never called. */
    public void setRouterUrl(String routerUrl) {
        this.routerUrl = routerUrl;
    }

    public void setRealm(String realm) {
        this.realm = realm;
    }

    /**
     * A router that says nothing for this long, also when it is asked, is left, and connected to again. It has as long for the
     * handshake, and at most five seconds.
     */
    public void setMaxSilenceMillis(long maxSilenceMillis) {
        this.maxSilenceMillis = maxSilenceMillis;
    }

    /** The Vert.x whose threads it uses; without one it makes its own, and closes it. */
    public void setVertx(Vertx vertx) {
        this.vertx = vertx;
    }

    /** Whether every procedure is registered. */
    public boolean isRegistered() {
        return connection.isRegistered();
    }

    /** Why not every procedure is registered; empty if it is, or if there is no router. */
    public Optional<String> fault() {
        return connection.fault();
    }

    /** How many times all procedures have been registered. */
    public long registrations() {
        return connection.registrations();
    }

    /** How many calls have no answer yet. */
    public int openCalls() {
        return connection.openCalls();
    }

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) {
        String[] parts = remaining.split(":", 2);
        if (parts.length < 2 || parts[1].isEmpty()) {
            throw new IllegalArgumentException("wamp:procedure:NAME or wamp:topic:NAME, not " + uri);
        }
        return new WampEndpoint(uri, this, parts[0], parts[1]);
    }

    WampConnection connection() {
        return connection;
    }

    Vertx vertx() {
        return vertx;
    }

    @Override
    protected void doInit() throws Exception {
        super.doInit();
        if (!routerUrl.isEmpty() && vertx == null) {
            ownVertx = Vertx.vertx();
            vertx = ownVertx;
        }
        connection = new WampConnection(vertx, routerUrl, realm, maxSilenceMillis);
    }

    @Override
    public void onCamelContextStarted(CamelContext context, boolean alreadyStarted) {
        if (alreadyStarted) {
            connection.open();
        }
    }

    @Override
    public void onCamelContextFullyStarted(CamelContext context, boolean alreadyStarted) {
        connection.open();
    }

    @Override
    protected void doStop() throws Exception {
        connection.close();
        super.doStop();
    }

    @Override
    protected void doShutdown() throws Exception {
        if (ownVertx != null) {
            ownVertx.close().toCompletionStage().toCompletableFuture().join();
        }
        super.doShutdown();
    }
}
