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

    final transient LiveSession session;
    final transient Path script;
    /** Null for no limit. */
    final Duration limit;
    /** Whether it is a safeguard, which also runs in a session that is being aborted. */
    final boolean always;

    final String stage;

    ScriptCommand(
            LiveSession session,
            String python,
            Path script,
            List<String> args,
            Duration limit,
            boolean always,
            String stage) {
        super(python, args, null, Long.MAX_VALUE, Set.of(), null, null, false, LoggingLevel.OFF);
        this.session = session;
        this.script = script;
        this.limit = limit;
        this.always = always;
        this.stage = stage;
    }

    String name() {
        return script.getFileName().toString();
    }

    /** Without the arguments, which may be confidential. */
    @Override
    public String toString() {
        return script + " in session " + session.id();
    }
}
