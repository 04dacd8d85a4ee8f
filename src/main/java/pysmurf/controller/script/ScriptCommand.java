package pysmurf.controller.script;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.apache.camel.LoggingLevel;
import org.apache.camel.component.exec.ExecCommand;
import pysmurf.controller.session.LiveSession;

/** One script to run in a session; what {@link ScriptBinding} hands to {@link ScriptExecutor} through camel-exec. */
final class ScriptCommand extends ExecCommand {

    private static final long serialVersionUID = 1L;

    private final transient LiveSession session;
    private final transient Path script;
    private final Duration limit;
    private final boolean always;
    private final String stage;

    /**
     * @param python         the interpreter
     * @param script         the script's real path
     * @param args           its arguments, one word each
     * @param limit          how long it may take; null for ever
     * @param always         whether it runs in a session that is being aborted, too
     * @param stage          the stage it is; null if it is none
     */
    ScriptCommand(
            LiveSession session,
            String python,
            Path script,
            List<String> args,
            Duration limit,
            boolean always,
            String stage) {
        super(
                python,
                args,
                null,
                limit == null ? Long.MAX_VALUE : limit.toMillis(),
                Set.of(),
                null,
                null,
                false,
                LoggingLevel.OFF);
        this.session = session;
        this.script = script;
        this.limit = limit;
        this.always = always;
        this.stage = stage;
    }

    LiveSession session() {
        return session;
    }

    Path script() {
        return script;
    }

    Duration limit() {
        return limit;
    }

    boolean always() {
        return always;
    }

    String stage() {
        return stage;
    }

    /** Without the arguments, which may be confidential. */
    @Override
    public String toString() {
        return script + " in session " + (session == null ? "?" : session.id());
    }
}
