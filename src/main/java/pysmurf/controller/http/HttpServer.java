package pysmurf.controller.http;

import org.apache.camel.ServiceStatus;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpServer;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpServerConfiguration;
import org.apache.camel.support.CamelContextHelper;

/** The HTTP server of the controller: Camel's, with our answers to what no route answers in place before it listens. */
public final class HttpServer extends VertxPlatformHttpServer {

    private static final String COMMAND_ROUTE = "command";

    public HttpServer(VertxPlatformHttpServerConfiguration configuration) {
        super(configuration);
    }

    @Override
    protected void initializeServer() {
        super.initializeServer();
        RouterErrors.install(
                CamelContextHelper.findSingleByType(getCamelContext(), VertxPlatformHttpRouter.class), this::isReady);
    }

    /** Routes are started one after another, and by a controller that tries again; without this one there is nothing to do. */
    private boolean isReady() {
        ServiceStatus status = getCamelContext().getRouteController().getRouteStatus(COMMAND_ROUTE);
        return status != null && status.isStarted();
    }
}
