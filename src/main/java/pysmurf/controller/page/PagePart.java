package pysmurf.controller.page;

import java.util.Optional;
import java.util.function.Supplier;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.operation.Operations;
import pysmurf.controller.pipeline.PipelinePart;
import pysmurf.controller.session.Sessions;

/** The operator's page, and what it shows of the controller. */
public final class PagePart {

    /** @param broker where the broker is, as soon as that is known */
    public PagePart(
            Assembly assembly,
            Supplier<Optional<String>> broker,
            Operations operations,
            Sessions sessions,
            PipelinePart pipelines) {
        assembly.bind("pageViews", new PageViews(assembly, broker, sessions, operations, pipelines.pipelines()));
    }
}
