package pysmurf.controller.script;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executor;
import org.apache.camel.FluentProducerTemplate;
import pysmurf.controller.assembly.Assembly;
import pysmurf.controller.command.Admission;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.Settings;
import pysmurf.controller.operation.OperationSteps;
import pysmurf.controller.operation.ParameterFormat;
import pysmurf.controller.publisher.PublisherPart;
import pysmurf.controller.script.process.AbortLadder.Graces;
import pysmurf.controller.script.process.Signal;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.SessionCloser;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.Status;

/** How scripts are run and ended. */
public final class ScriptPart {

    /** Of the 10 s in which SIGTERM has to be over; the rest is for routes, broker and HTTP server. */
    private static final Duration ABORT_AT_STOP = Duration.ofSeconds(7);

    private final Configuration configuration;
    private final ScriptRoots roots;
    private final LogTargets logTargets;
    private final ScriptArguments arguments = new ScriptArguments();
    private final ScriptExecutor executor;
    private final Graces graces;
    private final AbortOperation aborts;

    public ScriptPart(Assembly assembly, Sessions sessions, PublisherPart publisher, OperationSteps steps) {
        configuration = assembly.configuration();
        roots = new ScriptRoots(configuration.get(Settings.SCRIPTS_ROOTS));
        logTargets = new LogTargets(configuration.get(Settings.LOGS_ROOTS));
        ScriptLimits limits = ScriptLimits.of(configuration, publisher.told());
        graces = limits.graces();
        executor = assembly.bind(
                "scriptExecutor",
                new ScriptExecutor(limits, logTargets, sessions, publisher.inbox(), assembly.clock()));
        assembly.bind("scriptBinding", new ScriptBinding(roots));
        assembly.bind(arguments.name(), arguments);
        aborts = assembly.bind("abortOperation", new AbortOperation(executor, steps, sessions, graces));
        assembly.whenStarted(Signal::warmUp);
    }

    /** The formats of scripts and logs in the schemas of operations. */
    public List<ParameterFormat> formats() {
        return List.of(roots, logTargets, arguments);
    }

    /**
     * Makes it go on with, or end, what an earlier life of the controller left, and end what runs when this one stops.
     *
     * @param threads those of operations
     */
    public void join(
            Assembly assembly, Sessions sessions, SessionCloser closer, Admission admission, Executor threads) {
        Recovery recovery = assembly.bind(
                "recovery",
                new Recovery(
                        sessions, closer, executor, admission, configuration.get(Settings.RECOVERY_POLICY), graces));
        List<LiveSession> unfinished = recovery.begin();
        assembly.whenStarted(() -> unfinished.forEach(session -> {
            FluentProducerTemplate template = assembly.camel()
                    .createFluentProducerTemplate()
                    .to(session.now().status() == Status.STARTING ? "direct:operation" : "direct:recovery")
                    .withExchangeProperty(ScriptBinding.SESSION, session);
            threads.execute(template::send);
        }));
        assembly.whenStopping(() -> {
            admission.stop();
            aborts.abortAll(ABORT_AT_STOP);
        });
    }
}
