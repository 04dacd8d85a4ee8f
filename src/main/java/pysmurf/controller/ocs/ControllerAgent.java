package pysmurf.controller.ocs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Clock;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import pysmurf.controller.access.Requester;
import pysmurf.controller.command.Command;
import pysmurf.controller.operation.Operation;
import pysmurf.controller.operation.Operations;
import pysmurf.controller.operation.Parameters;
import pysmurf.controller.session.FieldError;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.Status;
import pysmurf.controller.session.Verdict;
import pysmurf.controller.session.Verdict.Reason;

/**
 * This controller as an OCS agent of class PysmurfController: every operation found in the routes is a task or a process, and the
 * texts are those of ocs.ocs_agent.OCSAgent. Clients stop a process by OCS's own word, so the operation {@code stop} is none of them.
 */
final class ControllerAgent extends OcsAgent {

    static final String AGENT_CLASS = "PysmurfController";
    static final String HEARTBEAT = "heartbeat";

    private static final Set<Status> ENDING = Set.of(Status.STOPPING, Status.DONE);
    /** Of these the original says that another script runs, of all others that another operation does. */
    private static final Set<String> OF_A_SCRIPT = Set.of(Command.RUN, "tune_squids");

    private static final int LONG_IDLE_S = 10;
    private static final double MICROS_PER_S = 1e6;

    private final Operations operations;
    private final Sessions sessions;
    private final boolean guarded;
    private final boolean atRouter;
    /** Replies to waits are made here: however many wait, closing the session is not held up. */
    private final ThreadPoolExecutor waiters;

    /**
     * @param guarded  whether starting and aborting need a password
     * @param atRouter whether there is a router, and feeds with it
     * @param hostName where this runs
     */
    ControllerAgent(
            String address,
            Operations operations,
            Sessions sessions,
            boolean guarded,
            boolean atRouter,
            String hostName,
            Clock clock) {
        super(AGENT_CLASS, address, hostName, clock);
        this.operations = operations;
        this.sessions = sessions;
        this.guarded = guarded;
        this.atRouter = atRouter;
        waiters = new ThreadPoolExecutor(1, 1, LONG_IDLE_S, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread thread = new Thread(task, "ocs-waits");
            thread.setDaemon(true);
            return thread;
        });
        waiters.allowCoreThreadTimeOut(true);
    }

    @Override
    ArrayNode tasks() {
        return described(false);
    }

    @Override
    ArrayNode processes() {
        return described(true);
    }

    private ArrayNode described(boolean processes) {
        ArrayNode described = Json.mapper().createArrayNode();
        offered()
                .filter(operation -> operation.parameters().isProcess() == processes)
                .forEach(operation -> {
                    String name = operation.name();
                    ObjectNode session = sessions.latest(name)
                            .map(OcsSession::now)
                            .orElseGet(() -> Json.object().put("op_name", name).put("status", "no_history"));
                    described.addArray().add(name).add(session).add(info(operation));
                });
        return described;
    }

    private ObjectNode info(Operation operation) {
        ObjectNode info = Json.object().put("blocking", false);
        if (!operation.parameters().isProcess()) {
            info.put("abortable", isAbortable(operation));
        }
        return info.put("docstring", Docstring.of(operation, isAbortable(operation)))
                .put("op_type", operation.parameters().kind())
                .put("min_privs", minPrivs().value());
    }

    private Stream<Operation> offered() {
        return operations.all().stream().filter(operation -> isOffered(operation.name()));
    }

    private Optional<Operation> find(String name) {
        return operations.find(name).filter(operation -> isOffered(name));
    }

    private static boolean isOffered(String name) {
        return !name.equals(Command.STOP);
    }

    @Override
    ArrayNode feeds() {
        ArrayNode feeds = super.feeds();
        if (atRouter) {
            feeds.addArray().add(HEARTBEAT).add(feed(HEARTBEAT, false));
            offered()
                    .flatMap(operation -> operation.parameters().feeds().values().stream())
                    .distinct()
                    .sorted()
                    .forEach(name -> feeds.addArray().add(name).add(feed(name, true)));
        }
        return feeds;
    }

    boolean isAtRouter() {
        return atRouter;
    }

    /**
     * What each event of a feed says of it.
     *
     * @param record whether it is for the observatory's archive
     */
    ObjectNode feed(String name, boolean record) {
        ObjectNode feed = Json.object().put("agent_address", address);
        feed.putObject("agg_params");
        return feed.put("feed_name", name)
                .put("address", address + ".feeds." + name)
                .put("record", record)
                .put("session_id", since.toPlainString())
                .put("agent_class", AGENT_CLASS);
    }

    /** "override" is OCS's word for passwords that the agent itself knows. */
    @Override
    String policy() {
        return guarded ? "override" : super.policy();
    }

    /** OCS's number for how each operation stands; 1 if it never ran. */
    ObjectNode opCodes() {
        ObjectNode codes = Json.object();
        offered()
                .map(Operation::name)
                .forEach(name -> codes.put(
                        name,
                        sessions.latest(name)
                                .map(session -> session.now().opCode())
                                .orElse(1)));
        return codes;
    }

    private static boolean isAbortable(Operation operation) {
        return !operation.name().equals(Command.ABORT)
                && !operation.parameters().isProcess();
    }

    private CredLevel minPrivs() {
        return guarded ? CredLevel.ADVANCED : CredLevel.BASIC;
    }

    @Override
    Object decide(OpsRequest request, Requester requester, CredLevel level) {
        return switch (request.action()) {
            case "start" -> start(request, requester, level);
            case "wait" -> waitFor(request);
            case "status" -> status(request);
            case "abort", "stop" -> end(request, requester, level);
            default -> OcsReply.error("No implementation for \"" + request.opName() + "\"");
        };
    }

    private Object start(OpsRequest request, Requester requester, CredLevel level) {
        String name = request.opName();
        Optional<Operation> operation = find(name);
        if (operation.isEmpty()) {
            return unknown(name).because(Reason.UNKNOWN_OPERATION);
        }
        Optional<LiveSession> live = sessions.latest(name).filter(session -> !session.isDone());
        // a second abort joins the first, and with force it makes it more urgent
        if (live.isPresent() && !name.equals(Command.ABORT)) {
            return inProgress(live.get()).because(Reason.BUSY);
        }
        if (level.compareTo(minPrivs()) < 0) {
            return OcsReply.error(level.rejection(minPrivs())).because(Reason.UNAUTHORIZED);
        }
        JsonNode schema = operation.get().parameters().json();
        Command command = command(name, OcsParams.of(request.params(), schema), requester);
        Optional<String> fault = request.hasParams()
                ? OcsParams.fault(command.params(), schema, command.lenient())
                : Optional.of(noDict(request));
        return fault.<Object>map(text -> refused(command, text).because(Reason.INVALID))
                .orElse(command);
    }

    private static String noDict(OpsRequest request) {
        return "params must be a dict, not a " + PythonSignature.typeName(request.params());
    }

    private static OcsReply unknown(String name) {
        return OcsReply.error("No task or process called \"" + name + "\"");
    }

    private static OcsReply inProgress(LiveSession session) {
        return OcsReply.error("Operation \"" + session.opName() + "\" already in progress.", OcsSession.now(session));
    }

    private static Command command(String operation, ObjectNode params, Requester by) {
        boolean lenient = operation.equals(Command.RUN);
        return new Command(operation, params, null, null, false, lenient, by);
    }

    private OcsReply status(OpsRequest request) {
        Optional<LiveSession> session = sessions.latest(request.opName());
        if (find(request.opName()).isEmpty()) {
            return unknown(request.opName());
        }
        return session.map(latest -> OcsReply.ok("Session active.", OcsSession.now(latest)))
                .orElseGet(() -> OcsReply.ok("No session active.", Json.object()));
    }

    private Object waitFor(OpsRequest request) {
        String name = request.opName();
        if (find(name).isEmpty()) {
            return OcsReply.error("Unknown operation \"" + name + "\".");
        }
        Optional<LiveSession> latest = sessions.latest(name);
        if (latest.isEmpty()) {
            return OcsReply.ok("Idle.", Json.object());
        }
        LiveSession session = latest.get();
        if (session.isDone()) {
            return ended(session);
        }
        double seconds = request.seconds();
        if (seconds <= 0) {
            return stillRunning(session);
        }
        if (Double.isInfinite(seconds)) {
            return session.ended().thenApplyAsync(ControllerAgent::ended, waiters);
        }
        CompletableFuture<LiveSession> timer = new CompletableFuture<LiveSession>()
                .completeOnTimeout(session, Math.round(seconds * MICROS_PER_S), TimeUnit.MICROSECONDS);
        // anyOf, since it takes itself off the session's future when the time is over: a client may ask for ever
        return CompletableFuture.anyOf(session.ended(), timer)
                .thenApplyAsync(
                        any -> {
                            timer.complete(session);
                            return session.isDone() ? ended(session) : stillRunning(session);
                        },
                        waiters);
    }

    private static OcsReply ended(LiveSession session) {
        ObjectNode json = OcsSession.now(session);
        String how = json.path("success").asBoolean() ? "SUCCEEDED" : "FAILED";
        return OcsReply.ok("Operation \"" + session.opName() + "\" is currently not running (" + how + ").", json);
    }

    private static OcsReply stillRunning(LiveSession session) {
        return OcsReply.timeout(
                "Operation \"" + session.opName() + "\" still running; wait timed out.", OcsSession.now(session));
    }

    /** A task is aborted, a process is stopped. */
    private Object end(OpsRequest request, Requester requester, CredLevel level) {
        String name = request.opName();
        Optional<Operation> operation = find(name);
        if (operation.isEmpty()) {
            return noOperation(name).because(Reason.UNKNOWN_OPERATION);
        }
        boolean stop = request.action().equals(Command.STOP);
        if (stop != operation.get().parameters().isProcess()) {
            // the braces are OCS's: a missing f
            return cannot(request, "it is a \"{op_type}\".");
        }
        if (level.compareTo(minPrivs()) < 0) {
            return OcsReply.error(level.rejection(minPrivs())).because(Reason.UNAUTHORIZED);
        }
        Optional<LiveSession> latest = sessions.latest(name);
        if (latest.isEmpty()) {
            return OcsReply.error("No session active.").because(Reason.NOTHING_TO_ABORT);
        }
        LiveSession session = latest.get();
        if (ENDING.contains(session.now().status())) {
            return alreadyThere(session).because(Reason.NOTHING_TO_ABORT);
        }
        if (name.equals(Command.ABORT)) {
            return cannot(request, "it is not abortable.");
        }
        if (!request.hasParams()) {
            return OcsReply.error(noDict(request)).because(Reason.INVALID);
        }
        // a stopper takes what it is given, and needs nothing
        JsonNode given = stop ? MissingNode.getInstance() : request.params();
        JsonNode schema = operations
                .find(request.action())
                .map(ending -> ending.parameters().json())
                .orElse(MissingNode.getInstance());
        return command(request.action(), OcsParams.of(given, schema).put(Command.TARGET, session.id()), requester);
    }

    private static OcsReply cannot(OpsRequest request, String why) {
        return OcsReply.error("Cannot \"" + request.action() + "\" \"" + request.opName() + "\" because " + why)
                .because(Reason.INVALID);
    }

    private static OcsReply noOperation(String name) {
        return OcsReply.error("No operation called \"" + name + "\".");
    }

    private static OcsReply alreadyThere(LiveSession session) {
        return OcsReply.error(
                "The operation is already " + session.now().status().word());
    }

    /** The reply to a command of {@link #decide}, once admission has spoken. */
    OcsReply answer(String action, Command command, Verdict verdict) {
        return action.equals("start") ? answerStart(command, verdict) : answerEnd(command, verdict);
    }

    private OcsReply answerEnd(Command command, Verdict verdict) {
        LiveSession target = sessions.find(command.target()).orElseThrow();
        if (verdict.isAccepted()) {
            String kind = command.operation().equals(Command.STOP) ? "process" : "task";
            return OcsReply.ok(
                    "Requested " + command.operation() + " on " + kind + " " + target.opName() + "\".",
                    OcsSession.now(target));
        }
        return target.isDone() ? alreadyThere(target) : OcsReply.error(verdict.detail());
    }

    private OcsReply answerStart(Command command, Verdict verdict) {
        if (verdict.isAccepted()) {
            return started(verdict.session());
        }
        return switch (verdict.reason()) {
            case INVALID ->
                refused(
                        command,
                        verdict.errors().stream().map(ControllerAgent::text).collect(Collectors.joining("; ")));
            case NOTHING_TO_ABORT -> started(failed(command, verdict.detail()));
            case BUSY -> busy(command, verdict.session());
            case UNKNOWN_OPERATION -> unknown(command.operation());
            default -> OcsReply.error(verdict.detail());
        };
    }

    private OcsReply started(LiveSession session) {
        Optional<Parameters> parameters = operations.find(session.opName()).map(Operation::parameters);
        return OcsReply.ok(
                "Started " + parameters.map(Parameters::kind).orElse("task") + " \"" + session.opName() + "\".",
                OcsSession.accepted(
                        session, parameters.map(Parameters::firstData).orElseGet(Json::object)));
    }

    private OcsReply busy(Command command, LiveSession holder) {
        if (holder.opName().equals(command.operation())) {
            return inProgress(holder);
        }
        String job = holder.params().path("script").asText(holder.opName());
        if (OF_A_SCRIPT.contains(command.operation())) {
            return started(failed(
                    command, "The requested script cannot be run because script " + job + " is already running"));
        }
        // ocs-web shows the text; who asks for the newest session finds one that failed
        String text = "Operation failed: " + job + " is running.";
        return OcsReply.error(text, OcsSession.now(failed(command, text)));
    }

    /**
     * The reply to a start with parameters that the operation cannot have. Its failed session is the newest from then on, or who
     * asks for the newest would be told how another one ended. The original starts run whatever it is given, and run then fails.
     */
    private OcsReply refused(Command command, String text) {
        LiveSession failed = failed(command, "ERROR: " + text);
        return command.operation().equals(Command.RUN) ? started(failed) : OcsReply.error(text, OcsSession.now(failed));
    }

    /** An OCS agent starts the operation, which then fails. */
    private LiveSession failed(Command command, String why) {
        return sessions.openFailed(
                new Session.Draft(command.operation(), command.params(), null, command.requestedBy(), false), why);
    }

    private static String text(FieldError error) {
        return error.field().isEmpty() ? error.detail() : "Param '" + error.field() + "': " + error.detail();
    }
}
