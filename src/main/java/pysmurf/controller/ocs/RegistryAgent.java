package pysmurf.controller.ocs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.math.BigDecimal;
import java.time.Clock;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import pysmurf.controller.access.Requester;
import pysmurf.controller.session.Json;

/**
 * What {@code ocs-client-cli scan --use-registry} asks for: the registry of OCS (ocs/agents/registry), in which the
 * only agent is this controller. Its process {@code main} always runs.
 */
final class RegistryAgent implements OcsAgent {

    private static final String MAIN = "main";
    private static final int OP_CODE_RUNNING = 3;

    private final String agentAddress;
    private final Supplier<ObjectNode> opCodes;
    private final String hostName;
    private final Clock clock;
    private final BigDecimal since;

    /**
     * @param agentAddress address of the controller
     * @param opCodes      how its operations stand
     */
    RegistryAgent(String agentAddress, Supplier<ObjectNode> opCodes, String hostName, Clock clock) {
        this.agentAddress = agentAddress;
        this.opCodes = opCodes;
        this.hostName = hostName;
        this.clock = clock;
        this.since = Json.seconds(clock.instant());
    }

    @Override
    public JsonNode describe(String word) {
        return switch (word) {
            case "get_api" -> api();
            case "get_processes" -> processes();
            case "get_tasks", "get_feeds" -> Json.mapper().createArrayNode();
            case "get_agent_class" -> TextNode.valueOf("RegistryAgent");
            default -> NullNode.getInstance();
        };
    }

    private ObjectNode api() {
        ObjectNode api = Json.object();
        api.put("agent_class", "RegistryAgent");
        api.put("instance_hostname", hostName);
        api.put("instance_pid", ProcessHandle.current().pid());
        api.set("feeds", describe("get_feeds"));
        api.set("processes", processes());
        api.set("tasks", describe("get_tasks"));
        api.putObject("access_control")
                .put("version", 1)
                .put("policy", "none")
                .put("update_timestamp", since)
                .put("update_count", 0)
                .put("step", 0);
        return api;
    }

    private ArrayNode processes() {
        ObjectNode info = Json.object();
        info.put("blocking", true);
        info.put("docstring", "main()\n\n**Process** - Keeps the list of agents in session.data.\n");
        info.put("op_type", "process");
        info.put("min_privs", CredLevel.BASIC.value());
        ArrayNode processes = Json.mapper().createArrayNode();
        processes.addArray().add(MAIN).add(session()).add(info);
        return processes;
    }

    private ObjectNode session() {
        ObjectNode session = Json.object();
        session.put("session_id", 0).put("op_name", MAIN).put("op_code", OP_CODE_RUNNING);
        session.put("cred_level", CredLevel.BASIC.value());
        session.put("status", "running").put("degraded", false).putNull("success");
        session.put("start_time", since).putNull("end_time");
        ObjectNode agent = session.putObject("data").putObject(agentAddress);
        agent.put("expired", false).putNull("time_expired").put("last_updated", Json.seconds(clock.instant()));
        agent.set("op_codes", opCodes.get());
        agent.put("agent_class", ControllerAgent.AGENT_CLASS).put("agent_address", agentAddress);
        ArrayNode messages = session.putArray("messages");
        messages.addArray().add(since).add("Status is now \"starting\".");
        messages.addArray().add(since).add("Status is now \"running\".");
        return session;
    }

    @Override
    public Object decide(OpsRequest request, Requester requester, CredLevel level) {
        String name = request.opName();
        boolean known = name.equals(MAIN);
        return switch (request.action()) {
            case "status" ->
                known ? OcsReply.ok("Session active.", session()) : notFound("No task or process called ", name, "");
            case "start" ->
                known
                        ? OcsReply.error("Operation \"main\" already in progress.", session())
                        : notFound("No task or process called ", name, "");
            case "wait" -> known ? waitFor(request) : notFound("Unknown operation ", name, ".");
            case "stop" ->
                known
                        ? OcsReply.error("The registry runs as long as the controller does.", session())
                        : notFound("No operation called ", name, ".");
            case "abort" ->
                known
                        ? OcsReply.error("Cannot \"abort\" \"main\" because it is a \"{op_type}\".")
                        : notFound("No operation called ", name, ".");
            default -> OcsReply.error("No implementation for \"" + name + "\"");
        };
    }

    private static OcsReply notFound(String before, String name, String after) {
        return OcsReply.error(before + "\"" + name + "\"" + after);
    }

    private Object waitFor(OpsRequest request) {
        double seconds = WaitTime.seconds(request.timeout());
        if (Double.isInfinite(seconds) && seconds > 0) {
            return new CompletableFuture<OcsReply>();
        }
        CompletableFuture<OcsReply> timer = new CompletableFuture<OcsReply>()
                .completeOnTimeout(null, WaitTime.micros(seconds), TimeUnit.MICROSECONDS);
        return timer.thenApply(
                none -> OcsReply.timeout("Operation \"main\" still running; wait timed out.", session()));
    }
}
