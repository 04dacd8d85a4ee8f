package pysmurf.controller.driver;

import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import pysmurf.controller.Host;
import pysmurf.controller.config.Configuration;

/** A controller in this process. */
public final class ControllerOfClasses implements ControllerUnderTest {

    private static final long STOP_S = PATIENCE.toSeconds();

    private final Setup setup;
    private final Host host;
    private final CompletableFuture<Void> end = new CompletableFuture<>();

    private ControllerOfClasses(Setup setup, Host host) {
        this.setup = setup;
        this.host = host;
    }

    /** Starts one and waits until it is ready. */
    public static ControllerOfClasses start(Setup setup) throws Exception {
        setup.write();
        ControllerOfClasses started =
                new ControllerOfClasses(setup, new Host(Configuration.load(setup.environment(), new Properties())));
        new Thread(started::run, "controller-" + setup.id()).start();
        try {
            ControllerUnderTest.awaitReady(started, () -> !started.end.isDone() || started.end.join() != null);
        } catch (RuntimeException e) {
            started.close();
            throw e;
        }
        return started;
    }

    private void run() {
        try {
            host.run();
            end.complete(null);
        } catch (Exception e) {
            end.completeExceptionally(e);
        }
    }

    @Override
    public Setup setup() {
        return setup;
    }

    @Override
    public void stop() {
        host.close();
        end.orTimeout(STOP_S, TimeUnit.SECONDS).join();
    }

    @Override
    public void close() {
        try {
            if (!end.isDone()) {
                stop();
            }
        } finally {
            setup.scriptProcesses().kill();
        }
    }
}
