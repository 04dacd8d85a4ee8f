package pysmurf.controller.fleet;

import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.config.Settings;
import pysmurf.controller.observe.Health.Check;
import pysmurf.controller.pipeline.Pipelines;
import pysmurf.controller.session.Sessions;

/** The operation that commands other controllers. */
public final class FleetPart {

    /**
     * @param directory the controllers that there are
     * @param fault     why it hears of no others
     * @param pipelines has the file with the groups
     */
    public FleetPart(
            Assembly assembly,
            Directory directory,
            Supplier<Optional<String>> fault,
            Sessions sessions,
            Pipelines pipelines) {
        assembly.health()
                .add(
                        "others",
                        whole -> Check.degradedBy(
                                fault.get()
                                        .map(text -> whole
                                                ? text
                                                : "the routes of the process cannot be used; an admin sees why"),
                                Map.of("controllers", directory.known().size())));
        // what is wrong with the file is to be seen before it is needed
        pipelines.of(Fleet.NAME);
        assembly.bind(
                Fleet.NAME,
                new Fleet(assembly.configuration().get(Settings.CONTROLLER_ID), directory, sessions, () -> pipelines
                        .of(Fleet.NAME)
                        .groups()));
    }
}
