package pysmurf.controller.fleet;

import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.config.Settings;
import pysmurf.controller.pipeline.Pipelines;
import pysmurf.controller.session.Sessions;

/** The operation that commands other controllers. */
public final class FleetPart {

    /**
     * @param directory the controllers that there are
     * @param pipelines has the file with the groups
     */
    public FleetPart(Assembly assembly, Directory directory, Sessions sessions, Pipelines pipelines) {
        // what is wrong with the file is to be seen before it is needed
        pipelines.of(Fleet.NAME);
        assembly.bind(
                Fleet.NAME,
                new Fleet(assembly.configuration().get(Settings.CONTROLLER_ID), directory, sessions, () -> pipelines
                        .of(Fleet.NAME)
                        .groups()));
    }
}
