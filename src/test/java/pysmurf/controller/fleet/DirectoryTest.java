package pysmurf.controller.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import pysmurf.controller.session.Json;

class DirectoryTest {

    private boolean listening;
    private long nanos;

    private final Directory directory =
            new Directory(() -> Map.of("own", () -> Json.object().put("online", true)), () -> listening, () -> nanos);

    private void heard(String topic, String payload) {
        directory.heard(topic, payload.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void listsThoseOfOtherHostsInOrder() {
        heard(
                "pysmurf/crate10/status",
                "{\"online\": true, \"busy\": false, \"since\": 3.5, \"host\": \"b\", \"other\": 1}");
        heard("pysmurf/crate2/status", "{\"online\": false, \"busy\": false}");
        heard("pysmurf/gone/status", "{\"online\": true}");
        heard("pysmurf/gone/status", "");
        heard("pysmurf/x y/status", "{\"online\": true}");
        heard("pysmurf/broken/status", "{");

        assertThat(directory.status("own").orElseThrow().path("online").asBoolean())
                .isTrue();
        assertThat(directory.status("gone")).isEmpty();
        assertThat(directory.known()).containsExactly("crate2", "crate10", "own");
        assertThat(directory.others().get(1))
                .hasToString("{\"id\":\"crate10\",\"online\":true,\"busy\":false,\"session_id\":null,\"op_name\":null,"
                        + "\"since\":3.5,\"slot\":null,\"host\":\"b\",\"url\":null,\"stage\":null,\"stage_number\":null,"
                        + "\"stages\":null,\"last_outcome\":null,"
                        + "\"health\":null}");
    }

    @Test
    void tellsRepliesAndSessionsToThoseWhoListen() {
        List<String> told = new ArrayList<>();
        Directory.Ear ear = (controller, kind, payload) -> told.add(controller + " " + kind + " " + payload);
        heard("pysmurf/a/reply", "{\"n\": 1}");
        directory.add(ear);
        heard("pysmurf/a/reply", "{\"n\": 2}");
        directory.remove(ear);
        heard("pysmurf/a/session", "{\"n\": 3}");
        assertThat(told).containsExactly("a REPLY {\"n\":2}");
    }

    @Test
    void aNameIsAGroupAPatternOrAController() {
        Members members = new Members(List.of("lat2", "lat10", "sat1"), Map.of("all_sat", List.of("sat*", "old")));
        assertThat(members.of(Json.tree("*"))).containsExactly("lat2", "lat10", "sat1");
        assertThat(members.of(Json.tree(List.of("all_sat", "la*0", "lat*"))))
                .containsExactly("sat1", "old", "lat10", "lat2");
    }

    private void after(Duration time) {
        directory.look();
        nanos += time.toNanos();
        directory.look();
    }

    private JsonNode of(String id) {
        return directory.status(id).orElseThrow();
    }

    /** Its will, if it has one, went down with the broker. */
    @Test
    void oneThatIsNotHeardAgainWhenTheBrokerIsBackIsOffline() {
        List<String> told = new ArrayList<>();
        listening = true;
        after(Duration.ofMinutes(1));
        heard("pysmurf/a/status", "{\"online\": true}");
        heard(
                "pysmurf/b/status",
                "{\"online\": true, \"busy\": true, \"session_id\": 4, \"last_outcome\": \"failed\"}");
        heard("pysmurf/own/status", "{\"online\": true}");
        directory.add((controller, kind, payload) -> told.add(controller + " " + payload.path("online")));
        after(Duration.ofMinutes(1));
        assertThat(told).isEmpty();

        listening = false;
        after(Duration.ofMinutes(1));
        assertThat(of("b").path("online").asBoolean()).isTrue();
        listening = true;
        heard("pysmurf/a/status", "{\"online\": true}");
        after(Duration.ofSeconds(14));
        assertThat(of("b").path("online").asBoolean()).isTrue();
        after(Duration.ofSeconds(2));

        assertThat(of("a").path("online").asBoolean()).isTrue();
        assertThat(of("b").path("online").asBoolean()).isFalse();
        assertThat(of("b").path("session_id").isNull()).isTrue();
        assertThat(told).containsExactly("a true", "b false");
        heard("pysmurf/b/status", "{\"online\": true}");
        assertThat(of("b").path("online").asBoolean()).isTrue();
    }

    @Test
    void oneThatIsGoneIsInNoSession() {
        String will = "{\"online\": false, \"busy\": true, \"session_id\": 1, \"op_name\": \"run\", \"since\": 3,"
                + " \"slot\": 2, \"stage\": \"setup\", \"last_outcome\": \"failed\"}";
        heard("pysmurf/a/status", will);
        assertThat(of("a"))
                .hasToString(
                        "{\"online\":false,\"busy\":false,\"session_id\":null,\"op_name\":null,\"since\":null,"
                                + "\"slot\":2,\"stage\":null,\"last_outcome\":\"failed\",\"stage_number\":null,\"stages\":null}");

        heard("pysmurf/a/status", "{\"online\": true, \"since\": 4, \"last_outcome\": \"succeeded\"}");
        heard("pysmurf/a/status", will);
        double since = of("a").path("since").asDouble();
        assertThat(since).isGreaterThan(4);
        assertThat(of("a").path("last_outcome").asText()).isEqualTo("succeeded");
        // told again, after the broker was away
        heard("pysmurf/a/status", will);
        assertThat(of("a").path("since").asDouble()).isEqualTo(since);
    }

    @Test
    void nothingButAStarIsSpecialInAPattern() {
        Members members = new Members(List.of("a.b", "axb"), Map.of("axb", List.of("a")));
        assertThat(members.of(Json.tree("a.*"))).containsExactly("a.b");
        assertThat(members.of(Json.tree("e(*"))).isEmpty();
        assertThat(members.ambiguous()).contains("axb");
    }
}
