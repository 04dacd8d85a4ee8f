package pysmurf.controller.page;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;
import java.util.function.Supplier;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.operation.Operations;
import pysmurf.controller.pipeline.PipelinePart;
import pysmurf.controller.session.Sessions;

/** The operator's page, and what it shows of the controller. */
public final class PagePart {

    private final PageViews views;

    /**
     * @param machine the name of the machine
     * @param broker  where the broker is, as soon as that is known
     */
    public PagePart(
            Assembly assembly,
            String machine,
            Supplier<Optional<String>> broker,
            Operations operations,
            Sessions sessions,
            PipelinePart pipelines) {
        views = assembly.bind(
                "pageViews", new PageViews(assembly, machine, broker, sessions, operations, pipelines.pipelines()));
    }

    /** What a list of controllers says of this one. */
    public ObjectNode row() {
        return views.row();
    }
}
