package pysmurf.controller.ocs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.access.Requester;
import pysmurf.controller.access.Role;
import pysmurf.controller.http.HttpReply;
import pysmurf.controller.http.HttpRequest;
import pysmurf.controller.session.Json;
import pysmurf.controller.wamp.Call;
import pysmurf.controller.wamp.CallFault;

class OcsBridgeTest {

    private static final OcsBridge BRIDGE = new OcsBridge();
    private static final String GET_API = "{\"procedure\": \"observatory.x\", \"args\": [\"get_api\"], \"kwargs\": {}}";

    private static Call read(String contentType, byte[] body) {
        return BRIDGE.read(new HttpRequest(
                Map.of(),
                "call",
                Map.of(),
                "",
                contentType,
                null,
                null,
                "",
                new Requester("http", "127.0.0.1", Role.ADMIN, "127.0.0.1"),
                false,
                body));
    }

    private static Call read(String body) {
        return read(null, body.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void readsWhatTheClientSendsWithoutContentType() {
        Call call = read(GET_API);

        assertThat(call.procedure()).isEqualTo("observatory.x");
        assertThat(call.args()).extracting(node -> node.asText()).containsExactly("get_api");
        assertThat(call.kwargs()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"procedure\": \"p\"}", "{\"procedure\": \"p\", \"args\": null, \"kwargs\": null}"})
    void takesAbsentAndNullArguments(String body) {
        Call call = read(body);

        assertThat(call.args()).isEmpty();
        assertThat(call.kwargs()).isEmpty();
    }

    @Test
    void takesTheBareTokensOfPython() {
        Call call = read("{\"procedure\": \"p\", \"args\": [NaN, Infinity, -Infinity]}");

        assertThat(call.args())
                .extracting(node -> node.doubleValue())
                .containsExactly(Double.NaN, Double.POSITIVE_INFINITY, Double.NEGATIVE_INFINITY);
    }

    @Test
    void takesHalfASurrogatePair() {
        assertThat(read("{\"procedure\": \"\\ud800\"}").procedure()).isEqualTo("\ud800");
    }

    @Test
    void takesTheLastOfTwoEqualKeys() {
        assertThat(read("{\"procedure\": \"a\", \"procedure\": \"b\"}").procedure())
                .isEqualTo("b");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "application/json",
                "Application/JSON; charset=UTF-8",
                "application/json;charset=utf8",
                "application/json; charset"
            })
    void takesJsonInUtf8(String contentType) {
        assertThat(read(contentType, GET_API.getBytes(StandardCharsets.UTF_8)).procedure())
                .isEqualTo("observatory.x");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "text/plain|Non-accepted content type. (must be one of '[b'application/json']', not 'b'text/plain'')",
                "application/json; charset=latin-1|Non-accepted request encoding, must be UTF-8.",
                "application/json; charset=utf-8; charset=utf-8|Non-accepted request encoding, must be UTF-8.",
                "application/json; a=b=c|Non-accepted request encoding, must be UTF-8."
            })
    void refusesOtherContentTypesInTheWordsOfCrossbar(String contentType, String text) {
        assertThatThrownBy(() -> read(contentType, GET_API.getBytes(StandardCharsets.UTF_8)))
                .isInstanceOfSatisfying(BridgeRefusal.class, refusal -> assertThat(refusal.status())
                        .isEqualTo(400))
                .hasMessage(text);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "``|Request body was invalid JSON.",
                "{|Request body was invalid JSON.",
                "{}x|Request body was invalid JSON.",
                "[]|Request body was valid JSON, but not well formed (must be a dict).",
                "NaN|Request body was valid JSON, but not well formed (must be a dict).",
                "{}|Request body was valid JSON, but not well formed (missing key 'procedure').",
                "{\"procedure\": 5}|Malformed request to the REST bridge.",
                "{\"procedure\": \"p\", \"args\": \"x\"}|Malformed request to the REST bridge.",
                "{\"procedure\": \"p\", \"kwargs\": []}|Malformed request to the REST bridge."
            })
    void refusesOtherBodiesInTheWordsOfCrossbar(String body, String text) {
        assertThatThrownBy(() -> read(body)).isInstanceOf(BridgeRefusal.class).hasMessage(text);
    }

    @Test
    void refusesWhatIsNotUtf8() {
        assertThatThrownBy(() -> read(null, new byte[] {'"', (byte) 0xff, '"'}))
                .isInstanceOf(BridgeRefusal.class)
                .hasMessage("Non-decodable request body, was not UTF-8.");
    }

    @Test
    void refusesABombOfBrackets() {
        assertThatThrownBy(() -> read("[".repeat(100_000)))
                .isInstanceOf(BridgeRefusal.class)
                .hasMessage("Request body was invalid JSON.");
    }

    private static String body(HttpReply reply) {
        return new String(reply.body(), StandardCharsets.UTF_8);
    }

    @Test
    void carriesOneResult() {
        HttpReply reply = BRIDGE.reply(OcsReply.error("No \"x\"", Json.object()));

        assertThat(reply.status()).isEqualTo(200);
        assertThat(reply.headers()).containsEntry("Content-Type", "application/json; charset=UTF-8");
        assertThat(body(reply)).isEqualTo("{\"args\":[[-1,\"No \\\"x\\\"\",{}]]}");
        assertThat(body(BRIDGE.reply(NullNode.getInstance()))).isEqualTo("{\"args\":[null]}");
    }

    @Test
    void isAsciiSoThatEvenHalfASurrogatePairSurvives() {
        assertThat(body(BRIDGE.reply(TextNode.valueOf("\u00fc\ud800")))).isEqualTo("{\"args\":[\"\\u00FC\\uD800\"]}");
    }

    @Test
    void hasAllThreeKeysInEveryError() {
        HttpReply fault = BRIDGE.reply(CallFault.noSuchProcedure("observatory.x"));
        HttpReply refusal = BRIDGE.refuse(new BridgeRefusal(400, "no"));

        assertThat(fault.status()).isEqualTo(200);
        assertThat(body(fault))
                .isEqualTo("{\"error\":\"wamp.error.no_such_procedure\","
                        + "\"args\":[\"no callee registered for procedure <observatory.x>\"],\"kwargs\":{}}");
        assertThat(refusal.status()).isEqualTo(400);
        assertThat(body(refusal)).isEqualTo("{\"error\":\"no\",\"args\":[],\"kwargs\":{}}");
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
