package pysmurf.controller.ocs;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.camel.Body;
import pysmurf.controller.operation.Operations;
import pysmurf.controller.operation.Parameters;
import pysmurf.controller.session.Json;
import pysmurf.controller.session.SessionEvent;

/** What scripts report for feeds, which the observatory's archive and dashboards take: ocs.ocs_feed.Feed. */
public final class OcsFeeds {

    /**
     * A block for one feed.
     *
     * @param event as OCS publishes it: the block by its name, and what the feed is
     */
    public record FeedBlock(String feed, ArrayNode event) {}

    private final ControllerAgent agent;
    private final Operations operations;
    private final Clock clock;

    OcsFeeds(ControllerAgent agent, Operations operations, Clock clock) {
        this.agent = agent;
        this.operations = operations;
        this.clock = clock;
    }

    /** For routes: whether a Publisher message may be for a feed. */
    public boolean isFed(@Body SessionEvent event) {
        return agent.isAtRouter() && !feeds(event).isEmpty();
    }

    private Map<String, String> feeds(SessionEvent event) {
        return operations
                .find(event.getOpName())
                .map(operation -> operation.parameters().feeds())
                .orElse(Map.of());
    }

    /** The blocks in Publisher messages. A feed has numbers, texts, and true and false; what else there is stays session data. */
    public List<FeedBlock> blocks(@Body SessionEvent event) throws JsonProcessingException {
        List<FeedBlock> blocks = new ArrayList<>();
        for (SessionEvent part : event.getParts()) {
            JsonNode message = Json.readLenient(part.getJson().getBytes(StandardCharsets.UTF_8));
            if (message.path("type").asText().equals("session_data")) {
                feeds(event).forEach((name, feed) -> {
                    ObjectNode fields = fields(message.path("payload").path(name));
                    if (!fields.isEmpty()) {
                        blocks.add(new FeedBlock(feed, block(name, fields, feed)));
                    }
                });
            }
        }
        return blocks;
    }

    private static ObjectNode fields(JsonNode data) {
        ObjectNode fields = Json.object();
        data.properties().stream()
                .filter(field -> Parameters.FEED_NAME.matcher(field.getKey()).matches())
                .filter(field ->
                        field.getValue().isValueNode() && !field.getValue().isNull())
                .forEach(field -> fields.putArray(field.getKey()).add(field.getValue()));
        return fields;
    }

    private ArrayNode block(String name, ObjectNode fields, String feed) {
        ObjectNode block = Json.object().put("block_name", name);
        block.putArray("timestamps").add(Json.seconds(clock.instant()));
        block.set("data", fields);
        return Json.mapper()
                .createArrayNode()
                .add(Json.object().set(name, block))
                .add(agent.feed(feed, true));
    }
}
