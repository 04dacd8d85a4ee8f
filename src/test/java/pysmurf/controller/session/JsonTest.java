package pysmurf.controller.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {

    private static byte[] bytes(String json) {
        return json.getBytes(StandardCharsets.UTF_8);
    }

    @Test
    void writesTimesPlainWithMicroseconds() {
        assertThat(Json.text(Json.object().put("t", Json.seconds(Instant.ofEpochSecond(1795392099L, 566663000)))))
                .isEqualTo("{\"t\":1795392099.566663}");
        assertThat(Json.seconds(Instant.ofEpochSecond(1795392100L)).toPlainString())
                .isEqualTo("1795392100.000000");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"a\": 1, \"a\": 2}", "{} {}", "{", "{'a': 1}", "{\"a\": NaN}", "{\"a\": 1,}"})
    void readsStrictly(String json) {
        assertThatThrownBy(() -> Json.read(bytes(json))).isInstanceOf(JsonProcessingException.class);
    }

    @Test
    void refusesANestedBomb() {
        assertThatThrownBy(() -> Json.read(bytes("[".repeat(100_000)))).isInstanceOf(JsonProcessingException.class);
        assertThatThrownBy(() -> Json.readLenient(bytes("[".repeat(100_000))))
                .isInstanceOf(JsonProcessingException.class);
    }

    @Test
    void readsWhatPythonWrites() throws Exception {
        assertThat(Json.readLenient(bytes("{\"a\": NaN, \"b\": [Infinity, -Infinity, 1.5], \"c\": {\"d\": NaN}}"))
                        .toString())
                .isEqualTo("{\"a\":null,\"b\":[null,null,1.5],\"c\":{\"d\":null}}");
    }

    @Test
    void namesFieldsInSnakeCase() {
        assertThat(Json.text(new RegisteredFile("/a", "tune", "npy", false, null, null)))
                .isEqualTo("{\"path\":\"/a\",\"type\":\"tune\",\"format\":\"npy\",\"plot\":false,\"size\":null,"
                        + "\"sha256\":null}");
    }
}
