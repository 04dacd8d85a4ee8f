package pysmurf.controller.script;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.camel.component.exec.ExecResult;
import pysmurf.controller.session.OperationFailure;
import pysmurf.controller.session.Outcome;

/** How a script ended, and what it wrote into the result file it was offered. */
public final class ScriptResult extends ExecResult {

    private static final long serialVersionUID = 1L;

    /** For Camel, where there is no exit code. */
    private static final int UNKNOWN = -1;

    private final transient ScriptCommand command;
    private final Outcome outcome;
    private final String detail;
    private final transient ObjectNode report;

    /** @param exitCode null if it is not known, or the script did not start */
    ScriptResult(ScriptCommand command, Integer exitCode, Outcome outcome, String detail, ObjectNode report) {
        super(command, null, null, exitCode == null ? UNKNOWN : exitCode);
        this.command = command;
        this.outcome = outcome;
        this.detail = detail;
        this.report = report;
    }

    /** Succeeded exactly if the script ended by itself, in time, with exit code 0. */
    public Outcome getOutcome() {
        return outcome;
    }

    /** Why it is no success; null if it is one. */
    public String getDetail() {
        return detail;
    }

    /** The stage that the script was; null if it was none. */
    public String getStage() {
        return command.stage;
    }

    /** What the script wrote into {@code PYSMURF_RESULT_FILE}; empty if nothing. */
    public ObjectNode getReport() {
        return report;
    }

    /** @throws OperationFailure if the script was aborted, unless it is a safeguard, whose stage says how it ended */
    void requireNotAborted() {
        if (outcome == Outcome.ABORTED && !command.always) {
            requireSuccess();
        }
    }

    public void requireSuccess() {
        if (outcome != Outcome.SUCCEEDED) {
            // Where the script is no stage, the session has the detail already.
            throw new OperationFailure(outcome, getStage() == null ? null : detail);
        }
    }
}
