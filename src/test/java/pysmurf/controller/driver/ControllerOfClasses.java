package pysmurf.controller.driver;

import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import pysmurf.controller.Controller;
import pysmurf.controller.config.Configuration;

/** A controller in this process. */
public final class ControllerOfClasses implements ControllerUnderTest {

    private static final long STOP_S = PATIENCE.toSeconds();

    private final Setup setup;
    private final Controller controller;
    private final CompletableFuture<Integer> exitCode = new CompletableFuture<>();

    private ControllerOfClasses(Setup setup, Controller controller) {
        this.setup = setup;
        this.controller = controller;
    }

    /** Starts one and waits until it is ready. */
    public static ControllerOfClasses start(Setup setup) throws Exception {
        setup.write();
        ControllerOfClasses started = new ControllerOfClasses(
                setup, new Controller(Configuration.load(setup.environment(), new Properties())));
        new Thread(started::run, "controller-" + setup.id()).start();
        try {
            ControllerUnderTest.awaitReady(
                    started, () -> !started.exitCode.isDone() || started.exitCode.join() == null);
        } catch (RuntimeException e) {
            started.close();
            throw e;
        }
        return started;
    }

    private void run() {
        try {
            exitCode.complete(controller.run());
        } catch (Exception e) {
            exitCode.completeExceptionally(e);
        }
    }

    @Override
    public Setup setup() {
        return setup;
    }

    @Override
    public void stop() {
        controller.close();
        exitCode.orTimeout(STOP_S, TimeUnit.SECONDS).join();
    }

    @Override
    public void close() {
        try {
            if (!exitCode.isDone()) {
                stop();
            }
        } finally {
            setup.scriptProcesses().kill();
        }
    }
}
