package pysmurf.controller.ocs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import pysmurf.controller.access.Role;
import pysmurf.controller.http.HttpReply;
import pysmurf.controller.session.Json;

class BridgeReplyTest {

    private static String body(HttpReply reply) {
        return new String(reply.body(), StandardCharsets.UTF_8);
    }

    @Test
    void carriesOneResult() {
        HttpReply reply =
                BridgeReply.result(OcsReply.error("No \"x\"", Json.object()).toJson());

        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.headers()).containsEntry("Content-Type", "application/json; charset=UTF-8");
        assertThat(body(reply)).isEqualTo("{\"args\":[[-1,\"No \\\"x\\\"\",{}]]}");
        assertThat(body(BridgeReply.result(NullNode.getInstance()))).isEqualTo("{\"args\":[null]}");
    }

    @Test
    void isAsciiSoThatEvenHalfASurrogatePairSurvives() {
        assertThat(body(BridgeReply.result(TextNode.valueOf("\u00fc\ud800"))))
                .isEqualTo("{\"args\":[\"\\u00FC\\uD800\"]}");
    }

    @Test
    void hasAllThreeKeysInEveryError() {
        HttpReply fault = BridgeReply.fault(CallFault.noSuchProcedure("observatory.x"));
        HttpReply refusal = BridgeReply.refusal(400, "no");

        assertThat(fault.status()).isEqualTo(200);
        assertThat(body(fault))
                .isEqualTo("{\"error\":\"wamp.error.no_such_procedure\","
                        + "\"args\":[\"no callee registered for procedure <observatory.x>\"],\"kwargs\":{}}");
        assertThat(refusal.status()).isEqualTo(400);
        assertThat(body(refusal)).isEqualTo("{\"error\":\"no\",\"args\":[],\"kwargs\":{}}");
        assertThat(BridgeReply.internalError().status()).isEqualTo(500);
    }

    @Test
    void knowsLevelsByTheirOcsNames() {
        assertThat(CredLevel.of(null)).isEqualTo(CredLevel.BASIC);
        assertThat(CredLevel.of(Role.VIEWER)).isEqualTo(CredLevel.BASIC);
        assertThat(CredLevel.of(Role.OPERATOR)).isEqualTo(CredLevel.ADVANCED);
        assertThat(CredLevel.of(Role.ADMIN)).isEqualTo(CredLevel.FULL);
        assertThat(CredLevel.BASIC.rejection(CredLevel.ADVANCED))
                .isEqualTo("The action requires credential level 2-ADVANCED but the client has only level 1-BASIC");
    }
}
