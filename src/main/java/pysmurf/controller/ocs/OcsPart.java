package pysmurf.controller.ocs;

import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import pysmurf.controller.access.Tokens;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.Settings;
import pysmurf.controller.http.HttpServer;
import pysmurf.controller.observe.Health.Check;
import pysmurf.controller.operation.Operations;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.wamp.WampComponent;

/** The controller as an OCS agent, at the site's router and at {@code /call}. */
public final class OcsPart {

    private final WampComponent wamp = new WampComponent();
    private final String url;

    /** @param agents those of the process, which it joins */
    public OcsPart(
            Assembly assembly,
            Tokens tokens,
            OcsAgents agents,
            Operations operations,
            Sessions sessions,
            String hostName)
            throws Exception {
        Configuration configuration = assembly.configuration();
        url = configuration.get(Settings.OCS_ROUTER_URL);
        VertxPlatformHttpRouter router = assembly.camel().getRegistry().findSingleByType(VertxPlatformHttpRouter.class);
        OcsBridge bridge = assembly.bind("ocsBridge", new OcsBridge());
        new CallEndpoint(bridge, HttpServer.MAX_BODY_BYTES).install(router);
        String root = configuration.get(Settings.ADDRESS_ROOT_KEY);
        String address = root + "." + configuration.get(Settings.CONTROLLER_ID);
        ControllerAgent controller = new ControllerAgent(
                address, operations, sessions, !tokens.open(), !url.isEmpty(), hostName, assembly.clock());
        assembly.closing(agents.add(controller, assembly.camel().createProducerTemplate()));
        assembly.placeholder("ocs.address", address);
        assembly.placeholder("ocs.at-router", !url.isEmpty());
        assembly.bind(
                "ocsCalls",
                new OcsCalls(
                        controller,
                        new RegistryAgent(root + ".registry", agents, hostName, assembly.clock()),
                        tokens,
                        agents.wrongPasswords()));
        assembly.bind("ocsFeeds", new OcsFeeds(controller, operations, assembly.clock()));
        wamp.setRouterUrl(url);
        wamp.setRealm(configuration.get(Settings.OCS_ROUTER_REALM));
        wamp.setVertx(router.vertx());
        assembly.camel().addComponent("wamp", wamp);
        assembly.health().add("ocs", this::health);
        assembly.metrics()
                .gauge(
                        "pysmurf.ocs.registered",
                        "1 while OCS clients find the controller at the router.",
                        () -> wamp.isRegistered() ? 1 : 0)
                .counter(
                        "pysmurf.ocs.registrations",
                        "How often the controller was registered at the router.",
                        Map.of(),
                        wamp::registrations)
                .gauge("pysmurf.ocs.calls.open", "Calls through the router without an answer yet.", wamp::openCalls);
    }

    private Check health() {
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("router", url);
        data.put("registered", wamp.isRegistered());
        return Check.degradedBy(wamp.fault(), data);
    }
}
