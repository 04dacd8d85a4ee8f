package pysmurf.controller.pipeline;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.camel.Body;
import org.apache.camel.ExchangeProperty;
import pysmurf.controller.routing.Operation;
import pysmurf.controller.routing.Operations;
import pysmurf.controller.script.ScriptResult;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.Outcome;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.Stage;

/** The stages of a composed operation, as its route goes through them. Thread-safe. */
public final class Stages {

    private static final String SESSION = "session";
    private static final String STAGE = "stage";

    private final Operations operations;
    private final Sessions sessions;

    public Stages(Operations operations, Sessions sessions) {
        this.operations = operations;
        this.sessions = sessions;
    }

    /** The session will go through every stage that its operation's route names. */
    public void plan(@ExchangeProperty(SESSION) Session session) {
        operations.find(session.opName()).map(Operation::stages).filter(names -> !names.isEmpty())
                .ifPresent(names -> sessions.planStages(session, names));
    }

    /** A script begins; if it is a stage, so does the stage. */
    public void begin(@ExchangeProperty(SESSION) Session session, @ExchangeProperty(STAGE) String stage) {
        if (isStage(stage)) {
            sessions.stageStarted(session, stage);
        }
    }

    /**
     * A script has ended; if it is a stage, so has the stage.
     *
     * @throws pysmurf.controller.session.OperationFailure if the script did not succeed
     */
    public void end(@ExchangeProperty(SESSION) Session session, @ExchangeProperty(STAGE) String stage,
            @Body ScriptResult result) {
        if (isStage(stage)) {
            ObjectNode numbers = result.getReport().path("numbers") instanceof ObjectNode object ? object
                    : Json.object();
            sessions.stageEnded(session, stage, state(result.getOutcome()), numbers, result.getDetail());
        }
        result.requireSuccess();
    }

    private static boolean isStage(String stage) {
        return stage != null && !stage.isBlank();
    }

    private static Stage.State state(Outcome outcome) {
        return switch (outcome) {
            case SUCCEEDED -> Stage.State.SUCCEEDED;
            case ABORTED -> Stage.State.ABORTED;
            case TIMED_OUT -> Stage.State.TIMED_OUT;
            default -> Stage.State.FAILED;
        };
    }
}
