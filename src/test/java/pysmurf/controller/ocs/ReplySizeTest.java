package pysmurf.controller.ocs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import pysmurf.controller.session.Json;
import pysmurf.controller.wamp.CallFault;

class ReplySizeTest {

    private static final int COUNT = 5000;

    private static ObjectNode session(int messages) {
        ObjectNode session = Json.object().put("session_id", 3).put("start_time", 1.5);
        ArrayNode texts = session.putArray("messages");
        for (int i = 0; i < messages; i++) {
            texts.addArray().add(i).add("x".repeat(300));
        }
        session.putObject("data");
        return session;
    }

    private static int bytes(JsonNode json) {
        return json.toString().getBytes(StandardCharsets.UTF_8).length;
    }

    @Test
    void leavesASmallReplyAsItIs() {
        JsonNode reply = Json.tree(OcsReply.ok("Session active.", session(100)));

        assertThat(ReplySize.fit(reply)).isSameAs(reply);
    }

    @Test
    void keepsTheNewestMessages() {
        JsonNode fitted = ReplySize.fit(Json.tree(OcsReply.ok("Session active.", session(COUNT))));
        JsonNode messages = fitted.path(2).path("messages");

        assertThat(bytes(fitted)).isBetween(ReplySize.MAX_BYTES - 1000, ReplySize.MAX_BYTES);
        assertThat(messages.path(messages.size() - 1).path(0).asInt()).isEqualTo(COUNT - 1);
    }

    @Test
    void leavesOutDataThatIsTooLargeAndSaysSo() {
        ObjectNode session = session(1);
        session.withObject("/data").put("curve", "y".repeat(2 * ReplySize.MAX_BYTES));
        JsonNode fitted = ReplySize.fit(Json.tree(OcsReply.ok("Session active.", session)));

        assertThat(fitted.path(2).path("data")).isEmpty();
        assertThat(fitted.path(2).path("messages").toString()).contains("data is too large");
        assertThat(bytes(fitted)).isLessThan(ReplySize.MAX_BYTES);
    }

    @Test
    void failsTheCallWhereNothingHelps() {
        JsonNode reply = Json.tree(OcsReply.error("z".repeat(2 * ReplySize.MAX_BYTES)));

        assertThatThrownBy(() -> ReplySize.fit(reply))
                .isInstanceOf(CallFault.class)
                .hasMessageContaining("too large");
    }
}
