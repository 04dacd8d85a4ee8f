package pysmurf.controller.ocs;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Clock;
import pysmurf.controller.access.Requester;
import pysmurf.controller.session.Json;

/**
 * What {@code ocs-client-cli scan --use-registry} asks for at {@code /call}: the registry of OCS (ocs/agents/registry), in which
 * the agents are the controllers of this process. Its process {@code main} always runs. A site's router has a real one.
 */
final class RegistryAgent extends OcsAgent {

    private static final String MAIN = "main";

    private final OcsAgents agents;
    private final Clock clock;

    RegistryAgent(String address, OcsAgents agents, String hostName, Clock clock) {
        super("RegistryAgent", address, hostName, clock);
        this.agents = agents;
        this.clock = clock;
    }

    @Override
    ArrayNode processes() {
        ObjectNode info = Json.object();
        info.put("blocking", true);
        info.put("docstring", "main()\n\n**Process** - Keeps the list of agents in session.data.\n");
        info.put("op_type", "process").put("min_privs", CredLevel.BASIC.value());
        ArrayNode processes = super.processes();
        processes.addArray().add(MAIN).add(session()).add(info);
        return processes;
    }

    private ObjectNode session() {
        ObjectNode session = Json.object();
        session.put("session_id", 0).put("op_name", MAIN).put("op_code", 3).put("cred_level", CredLevel.BASIC.value());
        session.put("status", "running").put("degraded", false).putNull("success");
        session.put("start_time", since).putNull("end_time");
        ObjectNode data = session.putObject("data");
        for (ControllerAgent controller : agents.all()) {
            ObjectNode agent = data.putObject(controller.address);
            agent.put("expired", false).putNull("time_expired").put("last_updated", Json.seconds(clock.instant()));
            agent.set("op_codes", controller.opCodes());
            agent.put("agent_class", ControllerAgent.AGENT_CLASS).put("agent_address", controller.address);
        }
        ArrayNode messages = session.putArray("messages");
        messages.addArray().add(since).add("Status is now \"starting\".");
        messages.addArray().add(since).add("Status is now \"running\".");
        return session;
    }

    @Override
    Object decide(OpsRequest request, Requester requester, CredLevel level) {
        if (!request.opName().equals(MAIN)) {
            return OcsReply.error("No task or process called \"" + request.opName() + "\"");
        }
        return request.action().equals("status")
                ? OcsReply.ok("Session active.", session())
                : OcsReply.error("No implementation for \"main\"");
    }
}
