package pysmurf.controller.ocs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import pysmurf.controller.access.Requester;
import pysmurf.controller.access.Role;
import pysmurf.controller.http.HttpRequest;

class CallTest {

    private static final String GET_API = "{\"procedure\": \"observatory.x\", \"args\": [\"get_api\"], \"kwargs\": {}}";

    private static Call read(String contentType, byte[] body) {
        return Call.of(new HttpRequest(
                Map.of(),
                "call",
                Map.of(),
                "",
                contentType,
                null,
                null,
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
}
