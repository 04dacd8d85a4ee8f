package pysmurf.controller;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import pysmurf.controller.access.AccessPart;
import pysmurf.controller.assembly.MemoryBudget;
import pysmurf.controller.audit.Audit;
import pysmurf.controller.config.Configuration;
import pysmurf.controller.config.FollowedFiles;
import pysmurf.controller.config.Settings;
import pysmurf.controller.config.StartFailure;
import pysmurf.controller.fleet.Directory;
import pysmurf.controller.http.HttpServer;
import pysmurf.controller.mqtt.EmbeddedBroker;
import pysmurf.controller.mqtt.ProcessRoutes;
import pysmurf.controller.observe.Health;
import pysmurf.controller.observe.Health.Check;
import pysmurf.controller.observe.Health.State;
import pysmurf.controller.observe.Metrics;
import pysmurf.controller.ocs.OcsAgents;
import pysmurf.controller.operation.Schemas;
import pysmurf.controller.script.process.Launchers;
import pysmurf.controller.store.Databases;

/** A process: its controllers, and what there is once for all of them. */
public final class Host implements AutoCloseable {

    private static final String NOBODY = "no controller is running";

    private final FollowedFiles files = new FollowedFiles(Clock.systemUTC());
    private final Metrics metrics = new Metrics();
    private final Health health = new Health();
    private final ScheduledExecutorService housekeeping = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "housekeeping");
        thread.setDaemon(true);
        return thread;
    });
    private final Databases databases = new Databases(housekeeping);
    private final OcsAgents agents = new OcsAgents(Clock.systemUTC());
    private final MemoryBudget memory = new MemoryBudget();
    private final Schemas schemas = new Schemas();
    private final Launchers launchers = new Launchers();
    private final AtomicBoolean closing = new AtomicBoolean();
    private final CountDownLatch over = new CountDownLatch(1);
    private final AccessPart access;
    private final Audit audit;
    /** Null where the broker runs elsewhere. */
    private final EmbeddedBroker broker;

    private final Directory directory = new Directory(this::states, this::hears);
    private final ProcessRoutes routes;
    private final Slots slots;
    private final HttpServer http;
    private volatile boolean started;

    /**
     * Listens, and says that it is starting.
     *
     * @throws StartFailure if a port or a file cannot be used
     */
    public Host(Configuration configuration) throws StartFailure {
        access = new AccessPart(configuration, files);
        audit = new Audit(configuration.get(Settings.AUDIT_FILE), Clock.systemUTC());
        broker = EmbeddedBroker.of(configuration, access.users());
        routes = new ProcessRoutes(configuration, broker, Map.of("directory", directory));
        slots = new Slots(configuration, files, this::controller);
        health.add("controllers", this::health);
        health.addHindrance(this::hindrance);
        http = new HttpServer(
                configuration, access.tokens(), health, metrics, () -> started, slots::areFiles, this::list);
        agents.install(http.whole());
    }

    private Map<String, Supplier<ObjectNode>> states() {
        return slots.running().stream().collect(Collectors.toMap(Controller::id, controller -> controller::state));
    }

    private boolean hears() {
        routes.start();
        return routes.areStarted() && routes.isConnected("controllers-status");
    }

    /** The controllers here, and behind them those elsewhere. */
    private List<ObjectNode> list() {
        routes.start();
        return Stream.concat(slots.running().stream().map(Controller::row), directory.others().stream())
                .toList();
    }

    private Controller controller(Configuration own) {
        return new Controller(
                own,
                this,
                own.isOfSlot() ? metrics.ofController(own.get(Settings.CONTROLLER_ID)) : metrics.ofController());
    }

    /** As bad as the worst controller. */
    private Check health(boolean whole) {
        Map<String, Object> states = new TreeMap<>();
        List<String> faults = new ArrayList<>();
        List<String> ofFiles = new ArrayList<>();
        slots.folderFault(whole).ifPresent(ofFiles::add);
        slots.faults()
                .forEach((file, why) ->
                        ofFiles.add(file + " starts no controller: " + (whole ? why : "an admin sees why")));
        State worst = ofFiles.isEmpty() ? State.UP : State.DEGRADED;
        for (Controller controller : slots.running()) {
            Health.Report report = controller.health(whole);
            states.put(controller.id(), report.status());
            worst = report.status().compareTo(worst) > 0 ? report.status() : worst;
            if (report.status() != State.UP) {
                faults.add(controller.id() + ": " + String.join(", ", report.faulty()));
            }
        }
        faults.addAll(ofFiles);
        if (states.isEmpty()) {
            worst = State.DOWN;
            faults.add(0, NOBODY);
        }
        Map<String, Object> data = new LinkedHashMap<>(Map.of("states", states));
        List<String> changed = slots.changed();
        if (!changed.isEmpty()) {
            data.put("changed", changed);
        }
        return new Check(worst, String.join("; ", faults), data);
    }

    private Optional<String> hindrance() {
        if (!started) {
            return Optional.of("the controllers are starting");
        }
        return slots.running().isEmpty() ? Optional.of(NOBODY) : Optional.empty();
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
            slots.start();
        } catch (StartFailure e) {
            close();
            throw e;
        }
        started = true;
        if (broker != null) {
            // only now: no controller would take a command that comes earlier
            broker.start();
        }
        if (broker == null || slots.areFiles()) {
            // a single controller at its own broker looks for others only when a client asks for the list
            routes.start();
        }
    }

    @Override
    public void close() {
        if (closing.getAndSet(true)) {
            return;
        }
        slots.close();
        routes.close();
        if (broker != null) {
            broker.close();
        }
        http.close();
        housekeeping.shutdownNow();
        files.close();
        metrics.close();
        over.countDown();
    }

    public HttpServer http() {
        return http;
    }

    OcsAgents agents() {
        return agents;
    }

    /** For what is done seldom and is over soon. */
    ScheduledExecutorService housekeeping() {
        return housekeeping;
    }

    Schemas schemas() {
        return schemas;
    }

    MemoryBudget memory() {
        return memory;
    }

    Launchers launchers() {
        return launchers;
    }

    Databases databases() {
        return databases;
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

    ProcessRoutes routes() {
        return routes;
    }

    Directory directory() {
        return directory;
    }
}
