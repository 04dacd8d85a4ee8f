package pysmurf.controller.ocs;

import org.apache.camel.component.platform.http.vertx.VertxPlatformHttpRouter;
import pysmurf.controller.access.Tokens;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.config.Settings;
import pysmurf.controller.http.HttpPart;
import pysmurf.controller.operation.Operations;
import pysmurf.controller.session.Sessions;

/** The controller as an OCS agent. */
public final class OcsPart {

    public OcsPart(Assembly assembly, Tokens tokens, Operations operations, Sessions sessions, String hostName) {
        CallEndpoint.install(
                assembly.camel().getRegistry().findSingleByType(VertxPlatformHttpRouter.class),
                HttpPart.MAX_BODY_BYTES);
        OcsBridge.Place place = new OcsBridge.Place(
                assembly.configuration().get(Settings.ADDRESS_ROOT_KEY),
                assembly.configuration().get(Settings.CONTROLLER_ID),
                hostName);
        assembly.bind("ocsBridge", new OcsBridge(place, operations, sessions, tokens, assembly.clock()));
    }
}
