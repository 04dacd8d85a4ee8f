package pysmurf.controller.ocs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.math.BigDecimal;
import java.time.Clock;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import pysmurf.controller.access.Requester;
import pysmurf.controller.command.Command;
import pysmurf.controller.operation.Operation;
import pysmurf.controller.operation.Operations;
import pysmurf.controller.session.FieldError;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.LiveSession;
import pysmurf.controller.session.Session;
import pysmurf.controller.session.Sessions;
import pysmurf.controller.session.Status;
import pysmurf.controller.session.Verdict;
import pysmurf.controller.session.Verdict.Reason;

/**
 * This controller as an OCS agent of class PysmurfController: every operation found in the routes is a task, and the
 * texts are those of ocs.ocs_agent.OCSAgent.
 */
final class ControllerAgent implements OcsAgent {

    static final String AGENT_CLASS = "PysmurfController";

    static final String TRANSPORT = "ocs";
    private static final Set<Status> DEAF_TO_ABORT = Set.of(Status.STOPPING, Status.DONE);
    private static final int LONG_IDLE_S = 10;

    private final Operations operations;
    private final Sessions sessions;
    private final boolean guarded;
    private final String hostName;
    private final BigDecimal since;
    /** Replies to waits are made here: however many wait, closing the session is not held up. */
    private final ThreadPoolExecutor waiters;

    /**
     * @param guarded  whether starting and aborting need a password
     * @param hostName where this runs
     */
    ControllerAgent(Operations operations, Sessions sessions, boolean guarded, String hostName, Clock clock) {
        this.operations = operations;
        this.sessions = sessions;
        this.guarded = guarded;
        this.hostName = hostName;
        this.since = Json.seconds(clock.instant());
        waiters = new ThreadPoolExecutor(1, 1, LONG_IDLE_S, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), task -> {
            Thread thread = new Thread(task, "ocs-waits");
            thread.setDaemon(true);
            return thread;
        });
        waiters.allowCoreThreadTimeOut(true);
    }

    @Override
    public JsonNode describe(String word) {
        return switch (word) {
            case "get_api" -> api();
            case "get_tasks" -> tasks();
            // an OCS feed is a WAMP topic, which there is no router for; the same data goes out over MQTT and UDP
            case "get_processes", "get_feeds" -> Json.mapper().createArrayNode();
            case "get_agent_class" -> TextNode.valueOf(AGENT_CLASS);
            default -> NullNode.getInstance();
        };
    }

    private ObjectNode api() {
        ObjectNode api = Json.object();
        api.put("agent_class", AGENT_CLASS);
        api.put("instance_hostname", hostName);
        api.put("instance_pid", ProcessHandle.current().pid());
        api.set("feeds", describe("get_feeds"));
        api.set("processes", describe("get_processes"));
        api.set("tasks", tasks());
        // clients send a password only if this is there; "override" is OCS's word for passwords that the agent itself
        // knows
        api.putObject("access_control")
                .put("version", 1)
                .put("policy", guarded ? "override" : "none")
                .put("update_timestamp", since)
                .put("update_count", 0)
                .put("step", 0);
        return api;
    }

    private ArrayNode tasks() {
        ArrayNode tasks = Json.mapper().createArrayNode();
        for (Operation operation : operations.all()) {
            String name = operation.name();
            ObjectNode session = sessions.latest(name)
                    .map(OcsSession::now)
                    .orElseGet(() -> Json.object().put("op_name", name).put("status", "no_history"));
            ObjectNode info = Json.object();
            info.put("blocking", false);
            info.put("abortable", isAbortable(name));
            info.put("docstring", Docstring.of(operation, isAbortable(name)));
            info.put("op_type", "task");
            info.put("min_privs", minPrivs().value());
            tasks.addArray().add(name).add(session).add(info);
        }
        return tasks;
    }

    /** OCS's number for how each operation stands; 1 if it never ran. */
    ObjectNode opCodes() {
        ObjectNode codes = Json.object();
        for (Operation operation : operations.all()) {
            int code = sessions.latest(operation.name())
                    .map(session -> session.now().opCode())
                    .orElse(1);
            codes.put(operation.name(), code);
        }
        return codes;
    }

    private static boolean isAbortable(String name) {
        return !name.equals(Command.ABORT);
    }

    private CredLevel minPrivs() {
        return guarded ? CredLevel.ADVANCED : CredLevel.BASIC;
    }

    @Override
    public Object decide(OpsRequest request, Requester requester, CredLevel level) {
        return switch (request.action()) {
            case "start" -> start(request, requester, level);
            case "wait" -> waitFor(request);
            case "status" -> status(request);
            case "abort" -> abort(request, requester, level);
            case "stop" -> stop(request);
            default -> OcsReply.error("No implementation for \"" + request.opName() + "\"");
        };
    }

    private Object start(OpsRequest request, Requester requester, CredLevel level) {
        String name = request.opName();
        Optional<Operation> operation = operations.find(name);
        if (operation.isEmpty()) {
            return unknown(name).because(Reason.UNKNOWN_OPERATION);
        }
        Optional<LiveSession> live = sessions.latest(name).filter(session -> !session.isDone());
        // a second abort joins the first, and with force it makes it more urgent
        if (live.isPresent() && isAbortable(name)) {
            return inProgress(live.get()).because(Reason.BUSY);
        }
        if (level.compareTo(minPrivs()) < 0) {
            return OcsReply.error(level.rejection(minPrivs())).because(Reason.UNAUTHORIZED);
        }
        JsonNode given = request.params();
        ObjectNode params = OcsParams.of(given);
        Optional<String> fault = OcsParams.isDict(given)
                ? OcsParams.notAList(params, operation.get().parameters().json())
                : Optional.of("params must be a dict, not a " + PythonSignature.typeName(given));
        return fault.<Object>map(text -> refused(name, params, requester, text).because(Reason.INVALID))
                .orElseGet(() -> command(name, params, requester));
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
        if (operations.find(request.opName()).isEmpty()) {
            return unknown(request.opName());
        }
        return session.map(latest -> OcsReply.ok("Session active.", OcsSession.now(latest)))
                .orElseGet(() -> OcsReply.ok("No session active.", Json.object()));
    }

    private Object waitFor(OpsRequest request) {
        String name = request.opName();
        if (operations.find(name).isEmpty()) {
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
        double seconds = WaitTime.seconds(request.timeout());
        if (seconds <= 0) {
            return stillRunning(session);
        }
        if (Double.isInfinite(seconds)) {
            return session.ended().thenApplyAsync(ControllerAgent::ended, waiters);
        }
        CompletableFuture<LiveSession> timer = new CompletableFuture<LiveSession>()
                .completeOnTimeout(session, WaitTime.micros(seconds), TimeUnit.MICROSECONDS);
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

    private Object abort(OpsRequest request, Requester requester, CredLevel level) {
        String name = request.opName();
        if (operations.find(name).isEmpty()) {
            return noOperation(name).because(Reason.UNKNOWN_OPERATION);
        }
        if (level.compareTo(minPrivs()) < 0) {
            return OcsReply.error(level.rejection(minPrivs())).because(Reason.UNAUTHORIZED);
        }
        Optional<LiveSession> latest = sessions.latest(name);
        if (latest.isEmpty()) {
            return OcsReply.error("No session active.").because(Reason.NOTHING_TO_ABORT);
        }
        LiveSession session = latest.get();
        if (DEAF_TO_ABORT.contains(session.now().status())) {
            return alreadyThere(session).because(Reason.NOTHING_TO_ABORT);
        }
        if (!isAbortable(name)) {
            return OcsReply.error("Cannot \"abort\" \"" + name + "\" because it is not abortable.")
                    .because(Reason.INVALID);
        }
        JsonNode given = request.params();
        if (!OcsParams.isDict(given) && !(given.isArray() && given.isEmpty())) {
            return OcsReply.error("params must be a dict, not a " + PythonSignature.typeName(given))
                    .because(Reason.INVALID);
        }
        ObjectNode params = OcsParams.of(given).put(Command.TARGET, session.id());
        return command(Command.ABORT, params, requester);
    }

    private static OcsReply noOperation(String name) {
        return OcsReply.error("No operation called \"" + name + "\".");
    }

    private static OcsReply alreadyThere(LiveSession session) {
        return OcsReply.error(
                "The operation is already " + session.now().status().word());
    }

    private OcsReply stop(OpsRequest request) {
        String name = request.opName();
        // the braces are OCS's: a missing f
        return operations.find(name).isEmpty()
                ? noOperation(name)
                : OcsReply.error("Cannot \"stop\" \"" + name + "\" because it is a \"{op_type}\".");
    }

    /** The reply to a command of {@link #decide}, once admission has spoken. */
    OcsReply answer(OpsRequest request, Command command, Verdict verdict) {
        return request.action().equals("abort") ? answerAbort(command, verdict) : answerStart(command, verdict);
    }

    private OcsReply answerAbort(Command command, Verdict verdict) {
        LiveSession target = sessions.find(command.target()).orElseThrow();
        if (verdict.isAccepted()) {
            return OcsReply.ok("Requested abort on task " + target.opName() + "\".", OcsSession.now(target));
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
                        command.operation(),
                        command.params(),
                        command.requestedBy(),
                        verdict.errors().stream().map(ControllerAgent::text).collect(Collectors.joining("; ")));
            case NOTHING_TO_ABORT -> started(failed(command, verdict.detail()));
            case BUSY -> busy(command, verdict.session());
            case UNKNOWN_OPERATION -> unknown(command.operation());
            default -> OcsReply.error(verdict.detail());
        };
    }

    private static OcsReply started(LiveSession session) {
        return OcsReply.ok("Started task \"" + session.opName() + "\".", OcsSession.accepted(session));
    }

    private OcsReply busy(Command command, LiveSession holder) {
        if (holder.opName().equals(command.operation())) {
            return inProgress(holder);
        }
        String job = holder.params().path("script").asText(holder.opName());
        return started(
                failed(command, "The requested script cannot be run because script " + job + " is already running"));
    }

    /**
     * The reply to a start with parameters that the operation cannot have. Its failed session is the newest from then on, or who
     * asks for the newest would be told how another one ended. The original starts run whatever it is given, and run then fails.
     */
    private OcsReply refused(String operation, ObjectNode params, Requester by, String text) {
        LiveSession failed = failed(operation, params, by, "ERROR: " + text);
        return operation.equals(Command.RUN) ? started(failed) : OcsReply.error(text, OcsSession.now(failed));
    }

    /** An OCS agent starts the operation, which then fails. */
    private LiveSession failed(Command command, String why) {
        return failed(command.operation(), command.params(), command.requestedBy(), why);
    }

    private LiveSession failed(String operation, ObjectNode params, Requester by, String why) {
        return sessions.openFailed(new Session.Draft(operation, params, null, by, false), why);
    }

    private static String text(FieldError error) {
        return error.field().isEmpty() ? error.detail() : "Param '" + error.field() + "': " + error.detail();
    }
}
