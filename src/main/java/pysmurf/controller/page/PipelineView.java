package pysmurf.controller.page;

import org.apache.camel.ExchangeProperty;
import pysmurf.controller.http.HttpProblem;
import pysmurf.controller.http.HttpReply;
import pysmurf.controller.http.HttpRequest;
import pysmurf.controller.pipeline.Pipelines;
import pysmurf.controller.routing.Operations;

/** How composed operations are planned and judged, for people to read. Thread-safe. */
public final class PipelineView {

    private final Operations operations;
    private final Pipelines pipelines;

    public PipelineView(Operations operations, Pipelines pipelines) {
        this.operations = operations;
        this.pipelines = pipelines;
    }

    /**
     * {@code GET /api/v1/operations/{op}/pipeline}: presets and, by stage, time limits, estimates and gates; both empty for an
     * operation without settings.
     *
     * @throws HttpProblem 404 if there is no such operation
     */
    public HttpReply show(@ExchangeProperty(HttpRequest.PROPERTY) HttpRequest request) {
        String name = request.pathParam("op");
        if (operations.find(name).isEmpty()) {
            throw new HttpProblem(404, "no operation \"" + name + "\"");
        }
        return HttpReply.json(200, pipelines.of(name));
    }
}
