package pysmurf.controller;

import java.time.Clock;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import pysmurf.controller.access.AccessPart;
import pysmurf.controller.audit.Audit;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.FollowedFiles;
import pysmurf.controller.config.Settings;
import pysmurf.controller.config.StartFailure;
import pysmurf.controller.http.HttpServer;
import pysmurf.controller.mqtt.EmbeddedBroker;
import pysmurf.controller.observe.Metrics;

/** A process: its controllers, and what there is once for all of them. */
public final class Host implements AutoCloseable {

    private final FollowedFiles files = new FollowedFiles(Clock.systemUTC());
    private final Metrics metrics = new Metrics();
    private final AtomicBoolean closing = new AtomicBoolean();
    private final CountDownLatch over = new CountDownLatch(1);
    private final AccessPart access;
    private final Audit audit;
    private final HttpServer http;
    /** Null where the broker runs elsewhere. */
    private final EmbeddedBroker broker;

    private final Controller controller;

    /**
     * Listens; nobody is there yet.
     *
     * @throws StartFailure if a port or a file cannot be used
     */
    public Host(Configuration configuration) throws StartFailure {
        access = new AccessPart(configuration, files);
        audit = new Audit(configuration.get(Settings.AUDIT_FILE), Clock.systemUTC());
        broker = EmbeddedBroker.of(configuration, access.users());
        http = new HttpServer(configuration, access.tokens());
        controller = new Controller(configuration, this, metrics);
    }

    /** Runs until the process is told to stop, or this is closed. */
    public void run() throws StartFailure {
        Runtime.getRuntime().addShutdownHook(new Thread(this::close, "stop"));
        start();
        try {
            over.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Starts, and returns. */
    public void start() throws StartFailure {
        files.start();
        try {
            controller.start();
        } catch (StartFailure e) {
            close();
            throw e;
        }
        if (broker != null) {
            broker.start();
        }
    }

    @Override
    public void close() {
        if (closing.getAndSet(true)) {
            return;
        }
        controller.close();
        if (broker != null) {
            broker.close();
        }
        http.close();
        files.close();
        over.countDown();
    }

    public HttpServer http() {
        return http;
    }

    FollowedFiles files() {
        return files;
    }

    AccessPart access() {
        return access;
    }

    Audit audit() {
        return audit;
    }

    EmbeddedBroker broker() {
        return broker;
    }
}
