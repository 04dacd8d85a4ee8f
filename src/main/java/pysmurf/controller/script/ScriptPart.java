package pysmurf.controller.script;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.command.Admission;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.Settings;
import pysmurf.controller.operation.OperationPart;
import pysmurf.controller.publisher.PublisherPart;
import pysmurf.controller.script.process.AbortLadder.Graces;
import pysmurf.controller.script.process.Launchers;
import pysmurf.controller.script.process.Signal;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Sessions;

/** How scripts are run and ended, and what becomes of those that an earlier life of the controller left. */
public final class ScriptPart {

    /** Of the 10 s in which SIGTERM has to be over; the rest is for routes, broker and HTTP server. */
    private static final Duration ABORT_AT_STOP = Duration.ofSeconds(7);

    public ScriptPart(
            Assembly assembly,
            Sessions sessions,
            PublisherPart publisher,
            OperationPart operations,
            Admission admission,
            Launchers launchers)
            throws Exception {
        Configuration configuration = assembly.configuration();
        ScriptRoots roots = assembly.bind("scriptRoots", new ScriptRoots(configuration.get(Settings.SCRIPTS_ROOTS)));
        LogTargets logTargets = assembly.bind("logTargets", new LogTargets(configuration.get(Settings.LOGS_ROOTS)));
        ScriptArguments arguments = new ScriptArguments();
        assembly.bind(arguments.name(), arguments);
        ScriptLimits limits = ScriptLimits.of(configuration, publisher.addressForScripts());
        Graces graces = limits.graces();
        RunningScript.Starter starter = starter(assembly, limits, launchers);
        ScriptExecutor executor = assembly.bind(
                "scriptExecutor",
                new ScriptExecutor(
                        limits,
                        logTargets,
                        sessions,
                        publisher.inbox(),
                        assembly.clock(),
                        operations.operations()::stopGrace,
                        starter));
        assembly.bind("scriptBinding", new ScriptBinding(roots));
        AbortOperation aborts =
                assembly.bind("abortOperation", new AbortOperation(executor, operations.steps(), sessions, graces));
        Recovery recovery = assembly.bind(
                "recovery",
                new Recovery(
                        sessions,
                        operations.closer(),
                        executor,
                        admission,
                        configuration.get(Settings.RECOVERY_POLICY),
                        graces,
                        operations.operations()::isResumed));
        Map<LiveSession, String> unfinished = recovery.begin();
        recovery.deleteExitFiles(limits.outputFolder());
        assembly.whenStarted(Signal::warmUp);
        assembly.whenStarted(() -> unfinished.forEach(operations.threads()::start));
        assembly.whenStopping(() -> {
            admission.stop();
            aborts.abortAll(ABORT_AT_STOP);
        });
    }

    private static RunningScript.Starter starter(Assembly assembly, ScriptLimits limits, Launchers launchers)
            throws Exception {
        List<String> modules = assembly.configuration().get(Settings.SCRIPTS_PRELOAD);
        if (modules.isEmpty()) {
            return RunningScript.Starter.NONE;
        }
        String python = assembly.configuration().get(Settings.SCRIPTS_PYTHON);
        Preload preload = assembly.closing(new Preload(launchers, python, modules, limits.environment()));
        assembly.health().add("preload", preload::check);
        assembly.whenStarted(preload::begin);
        return preload;
    }
}
