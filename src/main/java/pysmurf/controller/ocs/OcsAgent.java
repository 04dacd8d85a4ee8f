package pysmurf.controller.ocs;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.math.BigDecimal;
import java.time.Clock;
import pysmurf.controller.access.Requester;
import pysmurf.controller.session.Json;

/** One agent, with what all agents tell of themselves. Thread-safe. */
abstract class OcsAgent {

    final String address;
    final BigDecimal since;
    private final String agentClass;
    private final String hostName;

    OcsAgent(String agentClass, String address, String hostName, Clock clock) {
        this.agentClass = agentClass;
        this.address = address;
        this.hostName = hostName;
        since = Json.seconds(clock.instant());
    }

    /** The answer to a word such as {@code get_api}; null for a word that is not known. */
    final JsonNode describe(String word) {
        return switch (word) {
            case "get_api" -> api();
            case "get_tasks" -> tasks();
            case "get_processes" -> processes();
            case "get_feeds" -> feeds();
            case "get_agent_class" -> TextNode.valueOf(agentClass);
            default -> NullNode.getInstance();
        };
    }

    private ObjectNode api() {
        ObjectNode api = Json.object();
        api.put("agent_class", agentClass);
        api.put("instance_hostname", hostName);
        api.put("instance_pid", ProcessHandle.current().pid());
        api.set("feeds", feeds());
        api.set("processes", processes());
        api.set("tasks", tasks());
        // clients send a password only if this is there
        api.putObject("access_control")
                .put("version", 1)
                .put("policy", policy())
                .put("update_timestamp", since)
                .put("update_count", 0)
                .put("step", 0);
        return api;
    }

    ArrayNode tasks() {
        return Json.mapper().createArrayNode();
    }

    ArrayNode processes() {
        return Json.mapper().createArrayNode();
    }

    ArrayNode feeds() {
        return Json.mapper().createArrayNode();
    }

    String policy() {
        return "none";
    }

    /**
     * Decides about a request for one of its operations.
     *
     * @return an {@link OcsReply}, a future of one, or the command that the request comes to
     */
    abstract Object decide(OpsRequest request, Requester requester, CredLevel level);
}
