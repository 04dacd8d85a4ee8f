package pysmurf.controller.ocs;

import pysmurf.controller.access.Tokens;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.config.Settings;
import pysmurf.controller.routing.Operations;
import pysmurf.controller.session.Sessions;

/** The controller as an OCS agent. */
public final class OcsPart {

    public OcsPart(Assembly assembly, Tokens tokens, Operations operations, Sessions sessions, String hostName) {
        OcsBridge.Place place = new OcsBridge.Place(
                assembly.configuration().get(Settings.ADDRESS_ROOT_KEY),
                assembly.configuration().get(Settings.CONTROLLER_ID),
                hostName);
        assembly.bind("ocsBridge", new OcsBridge(place, operations, sessions, tokens, assembly.clock()));
    }
}
