package pysmurf.controller.page;

import java.io.IOException;
import java.util.Optional;
import java.util.function.Supplier;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.Settings;
import pysmurf.controller.pipeline.PipelinePart;
import pysmurf.controller.routing.Operations;
import pysmurf.controller.session.Sessions;

/** The operator's page, and what it shows of the controller. */
public final class PagePart {

    /** @param broker where the broker is, as soon as that is known */
    public PagePart(
            Assembly assembly,
            Supplier<Optional<String>> broker,
            Operations operations,
            Sessions sessions,
            PipelinePart pipelines)
            throws IOException {
        Configuration configuration = assembly.configuration();
        assembly.bind("pageFiles", PageFiles.load());
        assembly.bind("scriptList", new ScriptList(configuration.get(Settings.SCRIPTS_ROOTS)));
        assembly.bind("pipelineView", new PipelineView(operations, pipelines.pipelines()));
        assembly.bind(
                "controllerView",
                new ControllerView(
                        configuration.get(Settings.CONTROLLER_ID),
                        configuration.get(Settings.SLOT),
                        broker,
                        assembly.camel(),
                        assembly.clock().instant(),
                        sessions));
    }
}
