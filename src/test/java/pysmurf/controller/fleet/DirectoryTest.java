package pysmurf.controller.fleet;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import pysmurf.controller.session.Json;

class DirectoryTest {

    private final Directory directory =
            new Directory(() -> Map.of("own", () -> Json.object().put("online", true)), () -> false);

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
}
